"""The first schema: every table, and the journal's rule that nothing in it is ever changed.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = {
    "sqlite": (
        (
            "CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        ),
        (
            "CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE OR REPLACE FUNCTION journal_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$"
        ),
        (
            "CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal "
            "EXECUTE FUNCTION journal_append_only()"
        ),
    ),
}


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("config_path", sa.Text(), nullable=False),
        sa.Column("config_hash", sa.String(length=64), nullable=False),
        sa.Column("market", sa.String(length=96), nullable=False),
        sa.Column("environment", sa.String(length=96), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=96), nullable=False),
        sa.Column("quarantine_reason", sa.Text(), nullable=True),
        sa.Column("repeat", sa.Boolean(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("approvals", sa.Text(), nullable=False),
        sa.Column("consecutive_failures", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("updated_at", sa.String(length=32), nullable=False),
        sa.Column("removed_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
    )
    op.create_table(
        "config_versions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=96), nullable=False),
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_config_versions")),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("fingerprint", sa.String(length=96), nullable=False),
        sa.Column("severity", sa.String(length=96), nullable=False),
        sa.Column("state", sa.String(length=96), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("detected_at", sa.String(length=32), nullable=False),
        sa.Column("last_seen_at", sa.String(length=32), nullable=False),
        sa.Column("acknowledged_at", sa.String(length=32), nullable=True),
        sa.Column("resolved_at", sa.String(length=32), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("prevention", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(op.f("ix_incidents_fingerprint"), "incidents", ["fingerprint"], unique=False)
    op.create_index(op.f("ix_incidents_state"), "incidents", ["state"], unique=False)
    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ts", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=96), nullable=False),
        sa.Column("operator", sa.String(length=96), nullable=False),
        sa.Column("subject", sa.String(length=96), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
        sa.UniqueConstraint("hash", name=op.f("uq_journal_hash")),
    )
    op.create_index(op.f("ix_journal_kind"), "journal", ["kind"], unique=False)
    op.create_index(op.f("ix_journal_subject"), "journal", ["subject"], unique=False)
    op.create_table(
        "lineages",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("environment", sa.String(length=96), nullable=False),
        sa.Column("venue", sa.String(length=96), nullable=False),
        sa.Column("instruments", sa.Text(), nullable=False),
        sa.Column("first", sa.String(length=32), nullable=False),
        sa.Column("last", sa.String(length=32), nullable=False),
        sa.Column("boundary", sa.String(length=32), nullable=False),
        sa.Column("joined_into", sa.String(length=96), nullable=True),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lineages")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=96), nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("delivered_at", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_delivered_at"), "outbox", ["delivered_at"], unique=False)
    op.create_table(
        "queue_changes",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("ts", sa.String(length=32), nullable=False),
        sa.Column("operator", sa.String(length=96), nullable=False),
        sa.Column("action", sa.String(length=96), nullable=False),
        sa.Column("campaign_id", sa.String(length=96), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("impact", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_changes")),
    )
    op.create_index(
        op.f("ix_queue_changes_campaign_id"), "queue_changes", ["campaign_id"], unique=False
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("run_id", sa.String(length=96), nullable=False),
        sa.Column("candidate_id", sa.String(length=96), nullable=False),
        sa.Column("role", sa.String(length=96), nullable=False),
        sa.Column("decision", sa.String(length=96), nullable=False),
        sa.Column("operator", sa.String(length=96), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_candidate_id"), "reviews", ["candidate_id"], unique=False)
    op.create_table(
        "seeds",
        sa.Column("config_hash", sa.String(length=64), nullable=False),
        sa.Column("lineage", sa.String(length=96), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=96), nullable=True),
        sa.Column("registered_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("config_hash", "lineage", "seed", name=op.f("pk_seeds")),
    )
    op.create_table(
        "snapshots",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("environment", sa.String(length=96), nullable=False),
        sa.Column("lineage", sa.String(length=96), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_snapshots")),
    )
    op.create_index(op.f("ix_snapshots_lineage"), "snapshots", ["lineage"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("campaign_id", sa.String(length=96), nullable=False),
        sa.Column("state", sa.String(length=96), nullable=False),
        sa.Column("stage", sa.String(length=96), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempts_without_progress", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("config_hash", sa.String(length=64), nullable=False),
        sa.Column("data_digest", sa.String(length=64), nullable=True),
        sa.Column("lineage", sa.String(length=96), nullable=True),
        sa.Column("environment", sa.String(length=96), nullable=False),
        sa.Column("queued_at", sa.String(length=32), nullable=False),
        sa.Column("not_before", sa.String(length=32), nullable=True),
        sa.Column("started_at", sa.String(length=32), nullable=True),
        sa.Column("progress_at", sa.String(length=32), nullable=True),
        sa.Column("finished_at", sa.String(length=32), nullable=True),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("boot_id", sa.String(length=96), nullable=True),
        sa.Column("start_ticks", sa.BigInteger(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=True),
        sa.Column("generations", sa.Integer(), nullable=True),
        sa.Column("best_sharpe", sa.Float(), nullable=True),
        sa.Column("candidates", sa.Integer(), nullable=True),
        sa.Column("trials", sa.Integer(), nullable=True),
        sa.Column("evals_per_s", sa.Float(), nullable=True),
        sa.Column("eta_s", sa.Float(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("manifest_digest", sa.String(length=64), nullable=True),
        sa.Column("evidence_digest", sa.String(length=64), nullable=True),
        sa.Column("engine_version", sa.String(length=96), nullable=True),
        sa.Column("git_sha", sa.String(length=96), nullable=True),
        sa.Column("lock_digest", sa.String(length=64), nullable=True),
        sa.Column("subject_id", sa.String(length=96), nullable=True),
        sa.Column("outcome", sa.String(length=96), nullable=True),
        sa.Column("first_failed_gate", sa.String(length=96), nullable=True),
        sa.Column("output_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_runs_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index(op.f("ix_runs_campaign_id"), "runs", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_runs_state"), "runs", ["state"], unique=False)
    op.create_index("ix_runs_state_queued", "runs", ["state", "queued_at"], unique=False)
    op.create_table(
        "canaries",
        sa.Column("run_id", sa.String(length=96), nullable=False),
        sa.Column("promoted", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("judged_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_canaries_run_id")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_canaries")),
    )
    op.create_table(
        "candidates",
        sa.Column("run_id", sa.String(length=96), nullable=False),
        sa.Column("candidate_id", sa.String(length=96), nullable=False),
        sa.Column("kind", sa.String(length=96), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("genome_hash", sa.String(length=64), nullable=False),
        sa.Column("behaviour_hash", sa.String(length=64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("n_trades", sa.Integer(), nullable=False),
        sa.Column("sharpe_annual", sa.Float(), nullable=True),
        sa.Column("sharpe_x_annual", sa.Float(), nullable=True),
        sa.Column("max_drawdown", sa.Float(), nullable=True),
        sa.Column("turnover_annual", sa.Float(), nullable=True),
        sa.Column("outcome", sa.String(length=96), nullable=True),
        sa.Column("first_failed_gate", sa.String(length=96), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_candidates_run_id")),
        sa.PrimaryKeyConstraint("run_id", "candidate_id", name=op.f("pk_candidates")),
    )
    op.create_index(
        op.f("ix_candidates_behaviour_hash"), "candidates", ["behaviour_hash"], unique=False
    )
    op.create_index(
        op.f("ix_candidates_candidate_id"), "candidates", ["candidate_id"], unique=False
    )
    op.create_index(op.f("ix_candidates_genome_hash"), "candidates", ["genome_hash"], unique=False)
    op.create_table(
        "hall_entries",
        sa.Column("candidate_id", sa.String(length=96), nullable=False),
        sa.Column("environment", sa.String(length=96), nullable=False),
        sa.Column("genome_hash", sa.String(length=64), nullable=False),
        sa.Column("behaviour_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=96), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=96), nullable=False),
        sa.Column("campaign_id", sa.String(length=96), nullable=False),
        sa.Column("promoted_at", sa.String(length=32), nullable=False),
        sa.Column("updated_at", sa.String(length=32), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("artifacts", sa.Text(), nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_hall_entries_run_id")),
        sa.PrimaryKeyConstraint("candidate_id", name=op.f("pk_hall_entries")),
        sa.UniqueConstraint(
            "environment", "genome_hash", name=op.f("uq_hall_entries_environment_genome_hash")
        ),
    )
    op.create_index(
        op.f("ix_hall_entries_environment"), "hall_entries", ["environment"], unique=False
    )
    op.create_table(
        "ledger",
        sa.Column("run_id", sa.String(length=96), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("lineage", sa.String(length=96), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("genomes", sa.Integer(), nullable=False),
        sa.Column("behaviours", sa.Integer(), nullable=True),
        sa.Column("charged_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_ledger_run_id")),
        sa.PrimaryKeyConstraint("run_id", "generation", name=op.f("pk_ledger")),
    )
    op.create_index(op.f("ix_ledger_lineage"), "ledger", ["lineage"], unique=False)
    op.create_table(
        "looks",
        sa.Column("look_id", sa.String(length=96), nullable=False),
        sa.Column("window", sa.String(length=96), nullable=False),
        sa.Column("lineage", sa.String(length=96), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("run_id", sa.String(length=96), nullable=False),
        sa.Column("candidate_id", sa.String(length=96), nullable=False),
        sa.Column("subject_digest", sa.String(length=64), nullable=False),
        sa.Column("behaviour_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=96), nullable=False),
        sa.Column("grant", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.String(length=32), nullable=False),
        sa.Column("taken_at", sa.String(length=32), nullable=True),
        sa.Column("p_value", sa.Float(), nullable=True),
        sa.Column("evidence_digest", sa.String(length=64), nullable=True),
        sa.Column("promoted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_looks_run_id")),
        sa.PrimaryKeyConstraint("look_id", name=op.f("pk_looks")),
        sa.UniqueConstraint(
            "window", "behaviour_hash", name=op.f("uq_looks_window_behaviour_hash")
        ),
        sa.UniqueConstraint("window", "ordinal", name=op.f("uq_looks_window_ordinal")),
    )
    op.create_index(op.f("ix_looks_window"), "looks", ["window"], unique=False)
    op.create_table(
        "subjects",
        sa.Column("subject_id", sa.String(length=96), nullable=False),
        sa.Column("run_id", sa.String(length=96), nullable=False),
        sa.Column("lineage", sa.String(length=96), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("behaviour_hash", sa.String(length=64), nullable=False),
        sa.Column("sharpe_x", sa.Float(), nullable=True),
        sa.Column("positions_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_subjects_run_id")),
        sa.PrimaryKeyConstraint("subject_id", "run_id", name=op.f("pk_subjects")),
    )
    op.create_index(op.f("ix_subjects_lineage"), "subjects", ["lineage"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("run_id", sa.String(length=96), nullable=False),
        sa.Column("candidate_id", sa.String(length=96), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("gate", sa.String(length=96), nullable=False),
        sa.Column("panel", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=96), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("bar", sa.Float(), nullable=True),
        sa.Column("better", sa.String(length=96), nullable=False),
        sa.Column("distance", sa.Float(), nullable=True),
        sa.Column("unit", sa.String(length=96), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("gate_set", sa.String(length=64), nullable=False),
        sa.Column("judged_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_verdicts_run_id")),
        sa.PrimaryKeyConstraint(
            "run_id", "candidate_id", "round", "gate", name=op.f("pk_verdicts")
        ),
    )
    op.create_table(
        "hall_episodes",
        sa.Column("candidate_id", sa.String(length=96), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=96), nullable=False),
        sa.Column("look_id", sa.String(length=96), nullable=False),
        sa.Column("promoted_at", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["hall_entries.candidate_id"],
            name=op.f("fk_hall_episodes_candidate_id"),
        ),
        sa.PrimaryKeyConstraint("candidate_id", "episode", name=op.f("pk_hall_episodes")),
    )
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """There is nothing before the first schema."""
    raise NotImplementedError("the first schema has no predecessor")

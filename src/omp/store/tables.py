"""The schema, the same on SQLite and PostgreSQL.

Instants are ISO 8601 text in UTC with microseconds, so that every outside checker reads them
alike; structured values are canonical JSON text, so that a row hash means the same everywhere.
The tables about market data are in `store/data_tables.py`, those of the Hall of Fame in
`store/hall_tables.py`.
The published views are in `store/views.py`, migrations in `store/migrations/`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from omp.store.columns import HASH as _HASH
from omp.store.columns import ID as _ID
from omp.store.columns import TS as _TS
from omp.store.columns import metadata
from omp.store.data_tables import (
    data_holds,
    data_incidents,
    data_sets,
    lineages,
    luck_lines,
    revalidations,
    snapshots,
)
from omp.store.hall_tables import hall_entries, hall_episodes, reviews
from omp.store.incident_tables import alerts, silences

__all__ = [
    "alerts",
    "campaigns",
    "canaries",
    "candidates",
    "config_versions",
    "data_holds",
    "data_incidents",
    "data_sets",
    "hall_entries",
    "hall_episodes",
    "idempotency",
    "incidents",
    "journal",
    "ledger",
    "lineages",
    "looks",
    "luck_lines",
    "meta",
    "metadata",
    "outbox",
    "queue_changes",
    "revalidations",
    "reviews",
    "runs",
    "seeds",
    "silences",
    "snapshots",
    "subjects",
    "verdicts",
]

meta = Table("meta", metadata, Column("key", _ID, primary_key=True), Column("value", Text))
"""Wanted and actual miner state, schema facts, workspace id, cursors."""

journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("ts", _TS, nullable=False),
    Column("kind", _ID, nullable=False, index=True),
    Column("operator", _ID, nullable=False),
    Column("subject", _ID, nullable=False, index=True),
    Column("payload", Text, nullable=False),
    Column("previous_hash", _HASH, nullable=False),
    Column("hash", _HASH, nullable=False, unique=True),
)

config_versions = Table(
    "config_versions",
    metadata,
    Column("hash", _HASH, primary_key=True),
    Column("kind", _ID, nullable=False),
    Column("name", _ID, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", _TS, nullable=False),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("config_path", Text, nullable=False),
    Column("config_hash", _HASH, nullable=False),
    Column("market", _ID, nullable=False),
    Column("environment", _ID, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", _ID, nullable=False),
    Column("quarantine_reason", Text),
    Column("repeat", Boolean, nullable=False),
    Column("tags", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("approvals", Text, nullable=False),
    Column("consecutive_failures", Integer, nullable=False, default=0),
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", _TS, nullable=False),
    Column("updated_at", _TS, nullable=False),
    Column("removed_at", _TS),
    Column("after", Text, nullable=False, server_default="[]"),
)
"""`after` holds the ids of the campaigns whose latest run must have completed first."""

runs = Table(
    "runs",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("campaign_id", _ID, ForeignKey("campaigns.id"), nullable=False, index=True),
    Column("state", _ID, nullable=False, index=True),
    Column("stage", _ID, nullable=False, default="queued"),
    Column("attempt", Integer, nullable=False, default=0),
    Column("attempts_without_progress", Integer, nullable=False, default=0),
    Column("seed", BigInteger, nullable=False),
    Column("config_hash", _HASH, nullable=False),
    Column("data_digest", _HASH),
    Column("lineage", _ID),
    Column("environment", _ID, nullable=False),
    Column("queued_at", _TS, nullable=False),
    Column("not_before", _TS),
    Column("started_at", _TS),
    Column("progress_at", _TS),
    Column("finished_at", _TS),
    Column("pid", Integer),
    Column("boot_id", _ID),
    Column("start_ticks", BigInteger),
    Column("generation", Integer),
    Column("generations", Integer),
    Column("best_sharpe", Float),
    Column("candidates", Integer),
    Column("trials", Integer),
    Column("bars", Integer),
    Column("evals_per_s", Float),
    Column("eta_s", Float),
    Column("exit_code", Integer),
    Column("cause", Text),
    Column("manifest_digest", _HASH),
    Column("evidence_digest", _HASH),
    Column("engine_version", _ID),
    Column("git_sha", _ID),
    Column("lock_digest", _HASH),
    Column("subject_id", _ID),
    Column("outcome", _ID),
    Column("first_failed_gate", _ID),
    Column("output_bytes", BigInteger),
    Column("place", _ID, nullable=False, server_default="here"),
    Column("placed_at", _TS),
    Column("packed_at", _TS),
    Column("archive", Text),
    Column("held", Text),
)
"""`attempt` is the fencing token; `outcome` is what promotion made of a completed run: pending,
refused, waiting, promoted; `output_bytes` is what a finished run's directory weighs, 0 once it is
gone; `place` is where it lies (`omp.domain.run_place`), `archive` the folder it was archived to,
`packed_at` when it was compressed, `held` why retention may not touch it."""

candidates = Table(
    "candidates",
    metadata,
    Column("run_id", _ID, ForeignKey("runs.id"), nullable=False),
    Column("candidate_id", _ID, nullable=False, index=True),
    Column("kind", _ID, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("genome_hash", _HASH, nullable=False, index=True),
    Column("behaviour_hash", _HASH, nullable=False, index=True),
    Column("generation", Integer, nullable=False),
    Column("n_trades", Integer, nullable=False),
    Column("sharpe_annual", Float),
    Column("sharpe_x_annual", Float),
    Column("max_drawdown", Float),
    Column("turnover_annual", Float),
    Column("outcome", _ID),
    Column("first_failed_gate", _ID),
    PrimaryKeyConstraint("run_id", "candidate_id"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("run_id", _ID, ForeignKey("runs.id"), nullable=False),
    Column("candidate_id", _ID, nullable=False),
    Column("round", Integer, nullable=False),
    Column("gate", _ID, nullable=False),
    Column("panel", Integer, nullable=False),
    Column("outcome", _ID, nullable=False),
    Column("value", Float),
    Column("bar", Float),
    Column("better", _ID, nullable=False),
    Column("distance", Float),
    Column("unit", _ID, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("gate_set", _HASH, nullable=False),
    Column("judged_at", _TS, nullable=False),
    Column("row_hash", _HASH),
    PrimaryKeyConstraint("run_id", "candidate_id", "round", "gate"),
)
"""`round` counts judgements of the same subject (a later one never overwrites an earlier)."""

ledger = Table(
    "ledger",
    metadata,
    Column("run_id", _ID, ForeignKey("runs.id"), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("lineage", _ID, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("genomes", Integer, nullable=False),
    Column("behaviours", Integer),
    Column("charged_at", _TS, nullable=False),
    Column("row_hash", _HASH),
    PrimaryKeyConstraint("run_id", "generation"),
    Index("ix_ledger_counts", "lineage", "run_id", "behaviours", "genomes"),
)
"""One line a generation; `behaviours` stays empty until the generation has a result, and then
counts the distinct behaviours that were new in the run. Its genomes count until then."""

seeds = Table(
    "seeds",
    metadata,
    Column("config_hash", _HASH, nullable=False),
    Column("lineage", _ID, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("run_id", _ID),
    Column("registered_at", _TS, nullable=False),
    PrimaryKeyConstraint("config_hash", "lineage", "seed"),
)
"""`config_hash` is the campaign file's search hash, so that a renamed copy is the same search;
`lineage` of a fresh synthetic market, whose lineage the seed makes, is `synthetic:<kind>`."""

subjects = Table(
    "subjects",
    metadata,
    Column("subject_id", _ID, nullable=False),
    Column("run_id", _ID, ForeignKey("runs.id"), nullable=False),
    Column("lineage", _ID, nullable=False, index=True),
    Column("digest", _HASH, nullable=False),
    Column("behaviour_hash", _HASH, nullable=False),
    Column("sharpe_x", Float),
    Column("positions_digest", _HASH, nullable=False),
    Column("created_at", _TS, nullable=False),
    PrimaryKeyConstraint("subject_id", "run_id"),
)
"""Subjects that were looked at; their in-sample positions are kept for ever in state/subjects."""

looks = Table(
    "looks",
    metadata,
    Column("look_id", _ID, primary_key=True),
    Column("window", _ID, nullable=False, index=True),
    Column("lineage", _ID, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("level", Float, nullable=False),
    Column("run_id", _ID, ForeignKey("runs.id"), nullable=False),
    Column("candidate_id", _ID, nullable=False),
    Column("subject_digest", _HASH, nullable=False),
    Column("behaviour_hash", _HASH, nullable=False),
    Column("state", _ID, nullable=False),
    Column("grant", Text, nullable=False),
    Column("granted_at", _TS, nullable=False),
    Column("taken_at", _TS),
    Column("p_value", Float),
    Column("evidence_digest", _HASH),
    Column("promoted", Boolean, nullable=False, default=False),
    Column("row_hash", _HASH),
    UniqueConstraint("window", "ordinal"),
    UniqueConstraint("window", "behaviour_hash"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("kind", _ID, nullable=False),
    Column("key", _ID, nullable=False),
    Column("payload", Text, nullable=False),
    Column("created_at", _TS, nullable=False),
    Column("delivered_at", _TS, index=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("last_error", Text),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("fingerprint", _ID, nullable=False, index=True),
    Column("severity", _ID, nullable=False),
    Column("state", _ID, nullable=False, index=True),
    Column("summary", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("occurrences", Integer, nullable=False, default=1),
    Column("detected_at", _TS, nullable=False),
    Column("last_seen_at", _TS, nullable=False),
    Column("acknowledged_at", _TS),
    Column("resolved_at", _TS),
    Column("cause", Text),
    Column("resolution", Text),
    Column("prevention", Text),
    Column("episode", Integer, nullable=False, default=1, server_default="1"),
    Column("recovered_at", _TS),
    Column("git_sha", _ID),
    Column("engine_version", _ID),
    Column("code_digest", _HASH),
)
"""`details` is JSON: symptoms, campaigns, runs, resources, last_lines, timeline, handoffs. The last
three columns say which code was at work when it was opened."""

queue_changes = Table(
    "queue_changes",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("ts", _TS, nullable=False),
    Column("operator", _ID, nullable=False),
    Column("action", _ID, nullable=False),
    Column("campaign_id", _ID, nullable=False, index=True),
    Column("previous", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("impact", Text, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", _ID, primary_key=True),
    Column("request_hash", _HASH, nullable=False),
    Column("response", Text, nullable=False),
    Column("created_at", _TS, nullable=False),
)

canaries = Table(
    "canaries",
    metadata,
    Column("run_id", _ID, ForeignKey("runs.id"), primary_key=True),
    Column("promoted", Boolean, nullable=False),
    Column("score", Float, nullable=False),
    Column("judged_at", _TS, nullable=False),
)

Index("ix_runs_state_queued", runs.c.state, runs.c.queued_at)
Index(
    "ix_runs_claim",
    *(runs.c.state, runs.c.campaign_id, runs.c.queued_at, runs.c.not_before, runs.c.id),
)
Index(
    "ix_campaigns_claim",
    *(campaigns.c.id, campaigns.c.state, campaigns.c.removed_at),
    *(campaigns.c.priority, campaigns.c.position),
)
Index(
    "ix_campaigns_line",
    *(campaigns.c.state, campaigns.c.removed_at),
    *(campaigns.c.priority, campaigns.c.position, campaigns.c.id),
)
"""These hold all that decides who goes next, so that a claim reads no wide row."""

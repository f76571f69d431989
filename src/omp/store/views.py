"""The published views: stable columns for checkers that import no product code.

`migrate` makes them anew whenever a definition here changes; their columns are documented in
`docs/reference/database.md`, and a view never loses or renames one.
"""

from omp.wire.canonical import digest_of

VIEWS: dict[str, str] = {
    # campaigns, runs, journal, incidents
    "v_campaigns": """
        SELECT c.id, c.name, c.config_path, c.config_hash, c.market, c.environment, c.priority,
               c.position, c.state, c.quarantine_reason, c.repeat, c.tags, c.owner,
               c.consecutive_failures, c.version, c.created_at, c.updated_at, c.removed_at,
               (SELECT r.state FROM runs r WHERE r.campaign_id = c.id
                ORDER BY r.queued_at DESC, r.id DESC LIMIT 1) AS status
        FROM campaigns c
    """,
    "v_runs": """
        SELECT id, campaign_id, state, stage, attempt, seed, config_hash, data_digest, lineage,
               environment, queued_at, not_before, started_at, progress_at, finished_at, pid,
               boot_id, start_ticks, generation, generations, best_sharpe, candidates, trials,
               exit_code, cause, manifest_digest, evidence_digest, engine_version, git_sha,
               lock_digest, subject_id, outcome, first_failed_gate, place, placed_at
        FROM runs
    """,
    "v_journal": """
        SELECT seq, ts, kind, operator, subject, payload, hash, previous_hash FROM journal
    """,
    "v_incidents": """
        SELECT id, fingerprint, severity, state, summary, details, occurrences, detected_at,
               last_seen_at, acknowledged_at, resolved_at, cause, resolution, prevention,
               episode, recovered_at, git_sha, engine_version, code_digest
        FROM incidents
    """,
    # candidates, verdicts, ledger, looks, hall, outbox
    "v_candidates": """
        SELECT run_id, candidate_id, kind, rank, genome_hash, behaviour_hash, generation, n_trades,
               sharpe_annual, sharpe_x_annual, max_drawdown, turnover_annual, outcome,
               first_failed_gate
        FROM candidates
    """,
    "v_verdicts": """
        SELECT run_id, candidate_id, round, gate, panel, outcome, value, bar, better, distance,
               unit, sentence, gate_set, judged_at
        FROM verdicts
    """,
    "v_ledger": """
        SELECT run_id, generation, lineage, attempt, genomes, behaviours,
               COALESCE(behaviours, genomes) AS trials, charged_at
        FROM ledger
    """,
    "v_looks": """
        SELECT look_id, "window", lineage, ordinal, level, run_id, candidate_id, subject_digest,
               behaviour_hash, state, granted_at, taken_at, p_value, evidence_digest, promoted
        FROM looks
    """,
    "v_hall": """
        SELECT candidate_id, environment, genome_hash, behaviour_hash, state, state_reason, episode,
               run_id, campaign_id, promoted_at, updated_at, provenance, metrics, artifacts,
               row_hash
        FROM hall_entries
    """,
    "v_outbox": """
        SELECT seq, kind, key, payload, created_at, delivered_at, attempts, last_error FROM outbox
    """,
}
"""View -> its SELECT, in SQL that SQLite and PostgreSQL both read."""


def views_digest() -> str:
    """Names the definitions above, so that `migrate` knows when they changed."""
    return digest_of(VIEWS)

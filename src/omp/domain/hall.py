"""An entry of the Hall of Fame, from promotion to tombstone."""

from omp.domain.machine import Machine

ENTRY = Machine(
    name="Hall of Fame entry",
    start="active",
    moves={
        ("active", "flag"): "flagged",
        ("flagged", "clear"): "active",
        ("active", "demote"): "demoted",
        ("flagged", "demote"): "demoted",
        ("active", "quarantine"): "quarantined",
        ("flagged", "quarantine"): "quarantined",
        ("quarantined", "release"): "active",
        ("demoted", "promote"): "active",
        ("active", "remove"): "removed",
        ("flagged", "remove"): "removed",
        ("demoted", "remove"): "removed",
        ("quarantined", "remove"): "removed",
    },
    notes={
        ("demoted", "promote"): "a new episode of the same entry, through the same gates",
        ("active", "remove"): "a tombstone: the record stays for ever",
    },
)

PROVENANCE_FIELDS: tuple[str, ...] = (
    "candidate_id",
    "genome_hash",
    "run_id",
    "campaign_id",
    "config_hash",
    "git_sha",
    "promoted_at",
    "behaviour_hash",
    "data_digest",
    "data_lineage",
    "seed",
    "engine_version",
    "lock_digest",
    "cost_model",
    "gate_set",
    "n_trials",
    "look_id",
    "environment",
)
"""Every field an entry must carry; one missing and nothing is promoted."""

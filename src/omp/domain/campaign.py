"""A campaign: a standing order to mine, with a place in the queue."""

from typing import Literal

from omp.domain.machine import Machine

Environment = Literal["real", "demo", "synthetic", "test"]
ENVIRONMENTS: tuple[Environment, ...] = ("real", "demo", "synthetic", "test")
"""Whose data it is; never mixed in one count, list or Hall."""

MARKETS: tuple[str, ...] = ("us", "br", "synthetic")

PRIORITY_FIRST, PRIORITY_DEFAULT, PRIORITY_LAST = 1, 5, 10

CAMPAIGN = Machine(
    name="campaign",
    start="enabled",
    moves={
        ("enabled", "disable"): "disabled",
        ("disabled", "enable"): "enabled",
        ("enabled", "quarantine"): "quarantined",
        ("disabled", "quarantine"): "quarantined",
        ("quarantined", "lift"): "disabled",
    },
    notes={
        ("quarantined", "lift"): "only a person lifts it, with a reason; then it may be enabled",
    },
)

NEEDS_REASON: frozenset[str] = frozenset({"reorder", "priority", "lift", "disapprove"})
"""Queue changes that are refused without a reason."""

REASON_NOT_GIVEN = "not given"

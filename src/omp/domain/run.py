"""A run: one execution of a campaign with one seed."""

from omp.domain.machine import Machine

RUN = Machine(
    name="run",
    start="queued",
    moves={
        ("queued", "claim"): "running",
        ("queued", "cancel"): "cancelled",
        ("running", "complete"): "completed",
        ("running", "fail"): "failed",
        ("running", "cancel"): "cancelled",
        ("running", "interrupt"): "queued",
    },
    notes={
        ("running", "interrupt"): "same run, next attempt, from its checkpoint",
        ("queued", "cancel"): "it never began; its charged trials, if any, still count",
    },
)

MAX_ATTEMPTS_WITHOUT_PROGRESS = 3
"""Attempts in a row that may end without a new generation before the run has failed."""

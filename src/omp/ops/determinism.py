"""A computation that gave two results: a SEV-0, which freezes promotions until it is explained."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from omp.ops import incidents
from omp.ops.desk import Desk
from omp.store import incidents as rows
from omp.store.incidents import OPEN, Incident
from omp.store.runs import Run

_TOLD = ("generation", "genome", "field", "first", "second", "workers_first", "workers_second")


def fingerprint(run_id: str) -> str:
    """Under which a run's divergence is one episode."""
    return f"determinism:{run_id}"


def report(desk: Desk, run: Run, sentence: str, facts: Mapping[str, Any]) -> Incident:
    """Open the SEV-0 of a run in which the same computation gave two results.

    Args:
        desk: In whose name.
        run: The run; its search, or the subject it offers.
        sentence: What was found, as the child said it.
        facts: Generation, genome, field, both digests and both numbers of workers, where known.
    """
    symptoms = [f"{name} {str(facts[name])[:200]}" for name in _TOLD if facts.get(name) is not None]
    return incidents.open_incident(
        desk,
        fingerprint(run.id),
        "SEV-0",
        f"Run {run.id} is not deterministic: {sentence} Promotions are frozen.",
        details={"runs": [run.id], "campaigns": [run.campaign_id], "symptoms": symptoms},
    )


def standing(tx: Connection, run_id: str) -> Incident | None:
    """The open incident about a run's divergence."""
    return next(iter(rows.find(tx, states=OPEN, fingerprint=fingerprint(run_id), limit=1)), None)

"""What promotion writes down: verdicts, a run's ending, what it must remember, its failures."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from omp.domain.errors import OmpError
from omp.domain.verdict import Verdict, worst
from omp.gates.panel import first_failed
from omp.ops import canaries, incidents
from omp.ops.desk import Desk
from omp.store import candidates, meta, verdicts
from omp.store import incidents as incident_rows
from omp.store import runs as run_rows
from omp.store.runs import Run

MAX_FAILURES = 3
"""Failures in a row of a run's promotion after which a person must look."""


def keep(
    tx: Connection,
    run: Run,
    candidate_id: str,
    given: Iterable[Verdict],
    *,
    gate_set: str,
    now: str,
) -> None:
    """Keep verdicts as the next round about a candidate."""
    verdicts.add(
        tx,
        run.id,
        candidate_id,
        given,
        gate_set=gate_set,
        now=now,
        round_=verdicts.next_round(tx, run.id, candidate_id),
    )


def answer(given: tuple[Verdict, ...]) -> tuple[str, str | None]:
    """A candidate's outcome, and the gate that stopped it."""
    failed = first_failed(given)
    return (worst(given).value, None if failed is None else failed.gate)


def answered(tx: Connection, run: Run, candidate_id: str, given: tuple[Verdict, ...]) -> None:
    """Keep with a candidate what the gates made of it."""
    candidates.judge(tx, run.id, {candidate_id: answer(given)})


def note_verdicts(
    desk: Desk, tx: Connection, run: Run, candidate_id: str, given: tuple[Verdict, ...]
) -> None:
    """Journal what the panels said about a subject."""
    desk.note(
        tx,
        "verdict.given",
        run.id,
        {
            "candidate": candidate_id,
            "outcome": worst(given).value,
            "gates": {one.gate: one.outcome.value for one in given},
        },
    )


def close(
    desk: Desk,
    tx: Connection,
    run: Run,
    outcome: str,
    *,
    gate: str,
    sentence: str,
    subject: str | None,
) -> None:
    """Refuse a run's subject, or let it wait for a signature."""
    values: dict[str, Any] = {"outcome": outcome, "first_failed_gate": gate}
    if outcome == "refused":
        values["stage"] = "done"
    if subject is not None:
        values["subject_id"] = subject
    run_rows.change(tx, run.id, **values)
    desk.note(
        tx,
        "verdict.given",
        run.id,
        {"candidate": subject, "outcome": outcome, "gate": gate, "why": sentence},
    )
    canaries.judge(desk, tx, run, promoted=outcome == "waiting")


def memory(tx: Connection, run_id: str) -> dict[str, object]:
    """What promotion remembers of a run between its steps."""
    found = meta.get_json(tx, f"promotion:{run_id}")
    return found if isinstance(found, dict) else {}


def remember(tx: Connection, run_id: str, facts: dict[str, object]) -> None:
    """Remember further facts of a run."""
    meta.put_json(tx, f"promotion:{run_id}", {**memory(tx, run_id), **facts})


def failures(tx: Connection, run_id: str) -> int:
    """Failures in a row; forgotten once the incident about them is resolved."""
    counted = memory(tx, run_id).get("failures", 0)
    number = counted if isinstance(counted, int) else 0
    if number < MAX_FAILURES:
        return number
    standing = incident_rows.find(
        tx, states=incident_rows.OPEN, fingerprint=_fingerprint(run_id), limit=1
    )
    return number if standing else 0


def forget_failures(desk: Desk, run_id: str) -> None:
    """A step succeeded: failures are counted anew."""
    with desk.db.write() as tx:
        remember(tx, run_id, {"failures": 0})


def count_failure(desk: Desk, run: Run, error: OmpError) -> None:
    """Count a failed step; the third in a row opens an incident."""
    with desk.write() as tx:
        number = failures(tx, run.id) + 1
        remember(tx, run.id, {"failures": number})
        if number >= MAX_FAILURES:
            incidents.open_incident(
                desk,
                _fingerprint(run.id),
                "SEV-1",
                f"The promotion of run {run.id} failed {number} times at the step "
                f"{run.stage}: {error.sentence}",
                details={"runs": [run.id], "campaigns": [run.campaign_id]},
                tx=tx,
            )


def _fingerprint(run_id: str) -> str:
    return f"promotion.failed:{run_id}"

"""From a finished run to the Hall of Fame, one durable step at a time.

    screen → ensemble → look → promote → done

Each step begins by reading what stands, does one durable thing, and moves the run's stage in the
transaction that records it; so a crash anywhere leaves a run whose next `advance` goes on. Children
compute; nothing here compares anything but numbers with bars.
"""

from omp.domain.errors import Conflict, Diverged, Frozen, OmpError, PromotionRefused, ResourceShort
from omp.ops import determinism, looks
from omp.ops import promotion_record as record
from omp.ops.children import Children
from omp.ops.desk import Desk
from omp.ops.docket import open_docket
from omp.ops.promotion_check import (
    Check,
    Refusal,
    promote_check,
    refusals,
    screen,
)
from omp.ops.promotion_shared import Step, step
from omp.ops.promotion_steps import STEPS
from omp.store import runs as run_rows
from omp.store.runs import Run

__all__ = [
    "Check",
    "Refusal",
    "Step",
    "advance",
    "pending",
    "promote",
    "promote_check",
    "refusals",
    "screen",
]

PASSING_FAULTS = (ResourceShort, Frozen, Conflict)
"""Errors that say nothing about the run: they are not counted against it."""


def pending(desk: Desk) -> tuple[str, ...]:
    """Completed runs that `advance` has something to do for, the oldest first."""
    with desk.read() as tx:
        found = run_rows.find(
            tx, states=("completed",), outcome="pending", newest_first=False, limit=1000
        )
    return tuple(one.id for one in found if _idle_because(desk, one) is None)


def advance(desk: Desk, run_id: str, children: Children) -> Step:
    """Take a completed run one durable step further.

    Raises:
        NotFound: There is no such run, or its files are gone.
        Damaged: Its files are not those that were ingested.
        OmpError: A child failed; the step is tried again at the next call, three times in all.
    """
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
    if why := _idle_because(desk, run):
        return step(run, why, more=False)
    try:
        done = STEPS[run.stage](desk, open_docket(desk, run_id), children)
    except PASSING_FAULTS:
        raise
    except Diverged as error:
        incident = determinism.report(desk, run, error.sentence, error.facts)
        raise Frozen(
            f"promotions are frozen by {incident.id} (SEV-0): {error.asked}",
            allowed="a subject that gives the same numbers when it is computed again",
            remedy=f"find the cause; then omp incidents resolve {incident.id}",
        ) from error
    except OmpError as error:
        record.count_failure(desk, run, error)
        raise
    with desk.read() as tx:
        failed_before = record.memory(tx, run_id).get("failures")
    if failed_before:
        record.forget_failures(desk, run_id)
    return done


def _idle_because(desk: Desk, run: Run) -> str | None:
    """Why there is nothing to do for a run now; None when there is."""
    if run.state != "completed":
        return f"the run is {run.state}"
    if run.outcome != "pending" or run.stage not in STEPS:
        return f"the run is {run.outcome}"
    with desk.read() as tx:
        if record.failures(tx, run.id) >= record.MAX_FAILURES:
            return "its promotion failed too often; see its incident"
        if incident := determinism.standing(tx, run.id):
            return f"promotions are frozen by {incident.id} ({incident.severity})"
        blocked = looks.frozen_because(desk, tx, run.data_digest, run)
        if blocked and run.stage in ("look", "promote"):
            return blocked
    return None


def promote(
    desk: Desk,
    run_id: str,
    candidate_id: str,
    *,
    children: Children | None = None,
    reason: str | None = None,
) -> Check:
    """Put a run's subject before the gates, by the one way there is.

    Args:
        children: Runs the children that its steps need; without, the daemon takes the steps.
        reason: Why; journalled.

    Raises:
        PromotionRefused: The candidate is not the run's subject, or a gate did not let it pass.
        Frozen: Promotions are frozen.
    """
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
        looks.require_thawed(desk, tx, run.data_digest, run)
    _require_subject(desk, run, candidate_id)
    with desk.write() as tx:
        if run_rows.get(tx, run_id).outcome == "waiting":
            run_rows.change(tx, run_id, outcome="pending")  # the panels are asked again
        desk.note(
            tx,
            "verdict.given",
            run_id,
            {"candidate": candidate_id, "asked": "promote", "reason": reason or "not given"},
        )
    desk.wake.set()
    while children is not None and advance(desk, run_id, children).more:
        pass
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
    if children is not None:
        _require_subject(desk, run, candidate_id)
    return promote_check(desk, run_id)


def _require_subject(desk: Desk, run: Run, candidate_id: str) -> None:
    if run.state != "completed":
        raise PromotionRefused(
            f"run {run.id} is {run.state}",
            allowed="a completed run",
            remedy="wait until it has finished",
        )
    if run.outcome == "refused":
        check = promote_check(desk, run.id)
        raise PromotionRefused(
            f"{run.subject_id or run.id} was refused by the gate {run.first_failed_gate}: "
            f"{check.sentence}",
            allowed="subjects that pass every gate",
            remedy="let the miner go on; a refused subject is not asked twice",
        )
    if run.subject_id is not None and run.subject_id != candidate_id:
        raise PromotionRefused(
            f"{candidate_id} is not what run {run.id} offers",
            allowed=f"its subject, {run.subject_id}",
            remedy=f"omp promote {run.id} {run.subject_id}",
        )

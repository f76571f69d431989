"""What the steps of promotion share: how one is told, kept, and how children are run."""

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from omp.domain.errors import NotFound, ResourceShort
from omp.domain.verdict import Verdict
from omp.gates.panel import judge
from omp.ops import promotion_record as record
from omp.ops.children import Children, ChildResult
from omp.ops.desk import Desk
from omp.ops.docket import Docket, read_subject
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.wire.evidence import CandidateEvidence, SubjectEvidence

INTERRUPTED = frozenset({130, 143, -15, -2})
"""Exit codes of a child that was told to leave; they say nothing about the run."""


@dataclass(frozen=True)
class Step:
    """What one call of `advance` did.

    Args:
        stage: Where the run stands now.
        outcome: pending, refused, waiting, promoted.
        note: What was done, in a sentence.
        more: Call again: there is more to do now.
    """

    run_id: str
    stage: str
    outcome: str
    note: str
    more: bool


def step(run: Run, note: str, *, more: bool) -> Step:
    """A step as the run stands."""
    return Step(run.id, run.stage, run.outcome or "pending", note, more)


def moved(desk: Desk, run_id: str, note: str) -> Step:
    """A step that changed the run."""
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
    desk.wake.set()
    return step(run, note, more=run.outcome == "pending")


def taken_by_another(run: Run) -> Step:
    """A step that another process took meanwhile."""
    return step(run, "another process took this step", more=True)


def keep_round(
    tx: Connection, docket: Docket, candidate_id: str, given: tuple[Verdict, ...], now: str
) -> None:
    record.keep(tx, docket.run, candidate_id, given, gate_set=docket.gate_set, now=now)


def subject_of(desk: Desk, docket: Docket) -> SubjectEvidence:
    """The subject's evidence, bound to the digest that was recorded when it was judged."""
    subject_id = docket.run.subject_id
    with desk.read() as tx:
        known = record.memory(tx, docket.run.id).get("subject_evidence")
    if subject_id is None or not isinstance(known, str):
        raise NotFound(
            f"run {docket.run.id} has no subject",
            remedy=f"omp promote-check {docket.run.id} shows where it stands",
        )
    return read_subject(docket, subject_id, known)


def run_child(desk: Desk, children: Children, args: list[str], docket: Docket) -> ChildResult:
    whole = ["factory", *args, "--workspace", str(desk.workspace.root)]
    ended = children.run(whole, log=log_of(docket))
    if ended.exit_code in INTERRUPTED:
        raise ResourceShort(
            f"the child of {docket.run.id} was told to leave before it had finished",
            remedy="nothing: the step is taken again",
        )
    return ended


def log_of(docket: Docket) -> Path:
    return docket.directory.root / "looks" / "children.log"


def look_verdict(docket: Docket, subject: CandidateEvidence, why: str) -> tuple[Verdict, ...]:
    """The answer of the gate `look` where no look was granted."""
    case = replace(docket.case(subject), look_refusal=why)
    return tuple(one for one in judge(case, 2) if one.gate == "look")

"""Who may look: in-sample data and earlier looks decide, and what is not known counts against."""

from dataclasses import dataclass

from sqlalchemy import Connection

from omp.config.settings import Holdout
from omp.domain.errors import Frozen
from omp.domain.holdout import MIN_COMMON
from omp.ops import data_holds, freeze
from omp.ops.data import instant
from omp.ops.desk import Desk
from omp.ops.docket import Docket
from omp.store import journal, snapshots
from omp.store import looks as rows
from omp.store.looks import Look, Subject
from omp.store.runs import Run
from omp.wire.evidence import Against, CandidateEvidence


@dataclass(frozen=True)
class Likeness:
    """The earlier subjects beside which a new one is put."""

    subjects: tuple[Subject, ...]
    looks: tuple[Look, ...]


def earlier(tx: Connection, lineage: str) -> Likeness:
    """Every subject and look of a lineage and of those that are one with it."""
    one_with = snapshots.members(tx, lineage)
    return Likeness(rows.subjects_of(tx, one_with), rows.of_lineages(tx, one_with))


def unmeasured(tx: Connection, docket: Docket, subject: CandidateEvidence) -> tuple[str, ...]:
    """Earlier subjects that were looked at since this one was measured beside them."""
    if docket.run.lineage is None:
        return ()
    beside = {one.subject_id for one in subject.against} | {subject.candidate_id}
    found = earlier(tx, docket.run.lineage).subjects
    return tuple(one.subject_id for one in found if one.subject_id not in beside)


def frozen_because(
    desk: Desk, tx: Connection, data: str | None = None, run: Run | None = None
) -> str | None:
    """Why no look and no promotion is possible now; None while they are.

    Args:
        data: Digest of the snapshot that is concluded from; None where none is.
        run: The run that is to be promoted; None where none is.
    """
    if why := data_holds.question_about(tx, data):
        return why
    if blocking := freeze.freezing(tx, run):
        return blocking.sentence
    with desk.read() as fresh:  # the caller's snapshot may be older than the anchor
        behind = journal.behind(fresh, desk.workspace)
    return None if behind is None else f"looks are frozen: {behind}"


def require_thawed(
    desk: Desk, tx: Connection, data: str | None = None, run: Run | None = None
) -> None:
    """Refuse while promotions are frozen, or the data that are concluded from are in question.

    Raises:
        Frozen: By an open incident, or because the journal lies behind its anchor.
    """
    if why := frozen_because(desk, tx, data, run):
        raise Frozen(
            why,
            allowed="looks and promotions once cause and prevention are written",
            remedy="omp incidents list; then omp incidents resolve ID",
        )


def refusal(desk: Desk, tx: Connection, docket: Docket, subject: CandidateEvidence) -> str | None:
    """Why this subject gets no look; None when it may be granted one.

    It depends on in-sample data and earlier looks alone. What is not known counts against it.
    """
    lineage = docket.run.lineage
    if lineage is None:
        return "the run is not bound to a data lineage"
    before = earlier(tx, lineage)
    why = unfit(desk.settings.holdout, subject, docket.selection(subject), before)
    return why or _boundary_moved(tx, docket, lineage)


def unfit(
    rules: Holdout,
    subject: CandidateEvidence,
    selection: CandidateEvidence | None,
    before: Likeness,
) -> str | None:
    """What in a subject's own evidence and the earlier looks denies it one; None when nothing.

    Args:
        rules: `[holdout]`.
        subject: Its evidence, with its likeness to every earlier subject.
        selection: Whose DSR counts for it.
        before: Every earlier subject and look of the lineage.
    """
    dsr = None if selection is None else selection.dsr
    if dsr is None or not dsr >= rules.min_dsr:
        shown = "unknown" if dsr is None else f"{dsr:.2f}"
        return f"its deflated Sharpe probability is {shown}, a look asks for {rules.min_dsr:.2f}"
    strategy = subject.artifacts.get("strategy.toml")
    for look in before.looks:
        if look.candidate_id == subject.candidate_id or look.subject_digest == strategy:
            return (
                f"the same strategy was looked at before, in {look.look_id}: it gets no second "
                "look, on whatever span it is mined again"
            )
        if look.behaviour_hash == subject.behaviour_hash:
            return f"the same trades were looked at before, in {look.look_id}"
    likeness = {one.subject_id: one for one in subject.against}
    for other in before.subjects:
        why = _too_like(subject, other, likeness.get(other.subject_id), rules)
        if why:
            return why
    return None


def _boundary_moved(tx: Connection, docket: Docket, lineage: str) -> str | None:
    sealed_from = snapshots.root(tx, lineage).boundary
    mined_to = docket.evidence.window.boundary
    if instant(sealed_from) < instant(mined_to):
        return f"it was mined on data up to {mined_to}, its lineage is sealed from {sealed_from} on"
    if instant(sealed_from) > instant(mined_to):
        return (
            f"the window after {mined_to} is closed: its lineage has one from {sealed_from} on, "
            "which the next run is mined for"
        )
    return None


def _too_like(
    subject: CandidateEvidence, other: Subject, against: Against | None, rules: Holdout
) -> str | None:
    if against is None:
        return f"its likeness to the earlier subject {other.subject_id} was not measured"
    days = against.common_days
    shared, what = (against.common_bars, "bars") if days is None else (days, "days")
    if shared < MIN_COMMON:
        return (
            f"its likeness to the earlier subject {other.subject_id} cannot be measured: the part "
            f"of its snapshot before the boundary shares {shared} {what} with those that subject "
            f"was mined on, {MIN_COMMON} are needed; mine a snapshot that reaches over them"
        )
    twin, kind = against.position_correlation, against.x_correlation
    if twin is None or kind is None:
        return (
            f"its likeness to the earlier subject {other.subject_id} is undefined: on the {shared} "
            f"{what} they share the position of one of them never changes"
        )
    if twin >= rules.twin_correlation:
        return (
            f"it is a twin of the earlier subject {other.subject_id}: their positions correlate at "
            f"{twin:.2f}, from {rules.twin_correlation:.2f} on they count as one"
        )
    if kind < rules.record_correlation:
        return None
    mine, theirs = subject.sharpe_x_annual, other.sharpe_x
    if mine is None or theirs is None or not mine > theirs:
        shown = ["unknown" if one is None else f"{one:.2f}" for one in (mine, theirs)]
        return (
            f"it is no record of its kind: its in-sample Sharpe ratio of {shown[0]} a year does "
            f"not beat the {shown[1]} of the earlier subject {other.subject_id}"
        )
    return None

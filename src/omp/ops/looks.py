"""A look at the sealed window: who may, at which level, granted in writing before it is taken."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from omp.config.settings import Holdout
from omp.domain.errors import Damaged, Frozen, LookRefused
from omp.domain.failpoints import hit
from omp.domain.ids import new_id
from omp.ops import incidents, ledger
from omp.ops.data import instant
from omp.ops.desk import Desk
from omp.ops.docket import Docket
from omp.store import journal, snapshots
from omp.store import looks as rows
from omp.store import runs as run_rows
from omp.store.looks import Look, Subject
from omp.wire.canonical import digest
from omp.wire.durable import sync_folder, write_durable
from omp.wire.evidence import Against, CandidateEvidence, LookEvidence, read_document
from omp.wire.grant import Grant, sign_grant


@dataclass(frozen=True)
class Likeness:
    """The earlier subjects beside which a new one is put."""

    subjects: tuple[Subject, ...]
    looks: tuple[Look, ...]


def earlier(tx: Connection, lineage: str) -> Likeness:
    """Every subject and look of a lineage and of those that are one with it."""
    one_with = snapshots.members(tx, lineage)
    return Likeness(rows.subjects_of(tx, one_with), rows.of_lineages(tx, one_with))


def earlier_folder(desk: Desk, lineage: str) -> Path:
    """The folder in which the evidence child finds every earlier subject of the lineage.

    Subjects of lineages that were joined are brought into it, so that none is overlooked.
    """
    folder = desk.workspace.subjects / lineage
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with desk.read() as tx:
        found = earlier(tx, lineage).subjects
    for one in found:
        kept = folder / one.subject_id / "returns.parquet"
        if not kept.is_file():
            data = (desk.workspace.subjects / one.lineage / one.subject_id / kept.name).read_bytes()
            _keep(kept, data)
    return folder


def unmeasured(tx: Connection, docket: Docket, subject: CandidateEvidence) -> tuple[str, ...]:
    """Earlier subjects that were looked at since this one was measured beside them."""
    if docket.run.lineage is None:
        return ()
    beside = {one.subject_id for one in subject.against} | {subject.candidate_id}
    found = earlier(tx, docket.run.lineage).subjects
    return tuple(one.subject_id for one in found if one.subject_id not in beside)


def frozen_because(desk: Desk, tx: Connection) -> str | None:
    """Why no look and no promotion is possible now; None while they are."""
    blocking = incidents.freezing(tx)
    if blocking:
        named = ", ".join(f"{one.id} ({one.severity})" for one in blocking)
        return f"promotions are frozen by {named}"
    behind = journal.behind(tx, desk.workspace)
    return None if behind is None else f"looks are frozen: {behind}"


def require_thawed(desk: Desk, tx: Connection) -> None:
    """Refuse while promotions are frozen.

    Raises:
        Frozen: By an open incident, or because the journal lies behind its anchor.
    """
    if why := frozen_because(desk, tx):
        raise Frozen(
            why,
            allowed="looks and promotions once cause and prevention are written",
            remedy="omp incidents list --open; then omp incidents resolve ID",
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
    for look in before.looks:
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
    return None


def _too_like(
    subject: CandidateEvidence, other: Subject, against: Against | None, rules: Holdout
) -> str | None:
    if against is None:
        return f"its likeness to the earlier subject {other.subject_id} was not measured"
    twin = against.position_correlation
    if against.common_bars > 0 and twin is None:
        return f"its likeness to the earlier subject {other.subject_id} is undefined"
    if twin is not None and twin >= rules.twin_correlation:
        return (
            f"it is a twin of the earlier subject {other.subject_id}: their positions correlate at "
            f"{twin:.2f}, from {rules.twin_correlation:.2f} on they count as one"
        )
    kind = against.x_correlation
    if kind is not None and kind < rules.record_correlation:
        return None
    mine, theirs = subject.sharpe_x_annual, other.sharpe_x
    if mine is None or theirs is None or not mine > theirs:
        shown = ["unknown" if one is None else f"{one:.2f}" for one in (mine, theirs)]
        return (
            f"it is no record of its kind: its in-sample Sharpe ratio of {shown[0]} a year does "
            f"not beat the {shown[1]} of the earlier subject {other.subject_id}"
        )
    return None


def grant(desk: Desk, docket: Docket, subject: CandidateEvidence) -> Look:
    """Grant one look, in writing: the subject's positions kept, then the row, then the file.

    Raises:
        LookRefused: The subject is not eligible; says why.
        Frozen: Promotions are frozen.
    """
    run = docket.run
    with desk.read() as tx:
        _require_eligible(desk, tx, docket, subject)
    lineage = str(run.lineage)
    positions = _keep_subject(desk, docket, subject, lineage)
    hit("promotion.after_subject")
    with desk.write() as tx:
        standing = rows.of_run(tx, run.id)
        if standing is not None:
            return standing
        _require_eligible(desk, tx, docket, subject)
        budget = ledger.budget_of(tx, desk, lineage)
        now = desk.clock.iso()
        strategy = subject.artifacts["strategy.toml"]
        permission = Grant(
            schema_version=1,
            look_id=new_id("look", now_s=desk.clock.now().timestamp()),
            run_id=run.id,
            candidate_id=subject.candidate_id,
            subject_digest=strategy,
            data_digest=docket.evidence.data_digest,
            lineage=docket.evidence.lineage,
            window=budget.window,
            ordinal=budget.next_ordinal,
            level=budget.next_level,
            granted_at=now,
        )
        look = Look(
            look_id=permission.look_id,
            window=budget.window,
            lineage=lineage,
            ordinal=budget.next_ordinal,
            level=budget.next_level,
            run_id=run.id,
            candidate_id=subject.candidate_id,
            subject_digest=strategy,
            behaviour_hash=subject.behaviour_hash,
            state="granted",
            grant=sign_grant(permission, desk.workspace.keys).decode(),
            granted_at=now,
        )
        kept = Subject(
            subject_id=subject.candidate_id,
            run_id=run.id,
            lineage=lineage,
            digest=strategy,
            behaviour_hash=subject.behaviour_hash,
            sharpe_x=subject.sharpe_x_annual,
            positions_digest=positions,
            created_at=now,
        )
        rows.grant(tx, look, kept)
        desk.note(
            tx,
            "look.granted",
            look.look_id,
            {
                "run": run.id,
                "candidate": subject.candidate_id,
                "window": look.window,
                "ordinal": look.ordinal,
                "level": look.level,
                "subject_digest": strategy,
            },
        )
    hit("promotion.after_grant")
    return look


def _require_eligible(
    desk: Desk, tx: Connection, docket: Docket, subject: CandidateEvidence
) -> None:
    require_thawed(desk, tx)
    if why := refusal(desk, tx, docket, subject):
        raise LookRefused(
            why,
            allowed="a subject that passes the screen, is no twin of an earlier one and is a "
            "record of its kind",
            remedy="nothing was spent; let the miner go on, or mine other data",
        )


def _keep_subject(desk: Desk, docket: Docket, subject: CandidateEvidence, lineage: str) -> str:
    """Keep the subject's in-sample positions for ever; gives their digest."""
    source = docket.directory.candidate(subject.candidate_id) / "returns.parquet"
    data = source.read_bytes()
    if digest(data) != subject.artifacts["returns.parquet"]:
        raise Damaged(
            f"{source} was changed after it was measured",
            remedy=f"write it again: combiner factory evidence --run {docket.run.id}",
        )
    _keep(desk.workspace.subjects / lineage / subject.candidate_id / source.name, data)
    return digest(data)


def _keep(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durable(path, data)
    sync_folder(path.parent.parent)


def grant_file(docket: Docket, look: Look) -> Path:
    """The grant as a file for the look child, written anew if it is not there."""
    path = docket.directory.root / "looks" / f"{look.look_id}.grant.json"
    data = look.grant.encode()
    if not path.is_file() or path.read_bytes() != data:
        path.parent.mkdir(exist_ok=True)
        write_durable(path, data)
    return path


def permission_of(look: Look) -> Grant:
    """The grant that a look's row holds."""
    return Grant(**json.loads(look.grant)["grant"])


def result_path(docket: Docket, look: Look) -> Path:
    """Where the look child leaves its evidence."""
    return docket.directory.look(look.look_id) / "look.json"


def read_result(docket: Docket, look: Look) -> LookEvidence:
    """The look's evidence, which must be that of this grant and this subject.

    Raises:
        NotFound: The look has no result yet.
        Damaged: It is the result of another grant, subject, run or data.
    """
    path = result_path(docket, look)
    found = read_document(LookEvidence, path, expected_digest=look.evidence_digest)
    permission = permission_of(look)
    told = {
        "look": (found.look_id, look.look_id),
        "grant": (found.grant_digest, permission.digest),
        "subject": (found.subject_digest, look.subject_digest),
        "candidate": (found.candidate_id, look.candidate_id),
        "run": (found.run_id, look.run_id),
        "data": (found.data_digest, permission.data_digest),
    }
    if other := [name for name, (one, wanted) in told.items() if one != wanted]:
        raise Damaged(
            f"{path} is of another {', another '.join(other)} than the look that was granted",
            remedy="move the file away; the look is taken again under the same grant",
        )
    return found


def record(desk: Desk, docket: Docket, look: Look) -> Look:
    """Record the result of a granted look; the run goes on to the second panel."""
    found = read_result(docket, look)
    result_digest = digest(result_path(docket, look).read_bytes())
    now = desk.clock.iso()
    with desk.write() as tx:
        taken = rows.change(
            tx,
            look.look_id,
            state="granted",
            to_state="taken",
            taken_at=now,
            p_value=found.p_value,
            evidence_digest=result_digest,
        )
        if taken:
            desk.note(
                tx,
                "look.taken",
                look.look_id,
                {"p_value": found.p_value, "evidence_digest": result_digest, "level": look.level},
            )
        run_rows.change(tx, look.run_id, stage="promote")
    hit("promotion.after_taken")
    return replace(
        look,
        state="taken",
        taken_at=now,
        p_value=found.p_value,
        evidence_digest=result_digest,
    )

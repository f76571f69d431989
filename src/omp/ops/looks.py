"""A look at the sealed window: granted in writing, with its level, before it is taken."""

import json
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from omp.domain.durable import sync_folder, write_durable
from omp.domain.errors import Damaged, LookRefused
from omp.domain.failpoints import hit
from omp.domain.ids import new_id
from omp.ops import ledger
from omp.ops.desk import Desk
from omp.ops.docket import Docket
from omp.ops.eligibility import (
    Likeness,
    earlier,
    frozen_because,
    refusal,
    require_thawed,
    unfit,
    unmeasured,
)
from omp.store import looks as rows
from omp.store import runs as run_rows
from omp.store.looks import Look, Subject
from omp.wire.canonical import digest
from omp.wire.evidence import CandidateEvidence, LookEvidence, read_document
from omp.wire.filed import digest_filed, read_filed
from omp.wire.grant import Grant, sign_grant

__all__ = [
    "Likeness",
    "earlier",
    "earlier_folder",
    "frozen_because",
    "grant",
    "grant_file",
    "has_result",
    "permission_of",
    "read_result",
    "record",
    "refusal",
    "require_thawed",
    "result_path",
    "unfit",
    "unmeasured",
]


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
        _write(tx, look, kept)
        desk.note(
            tx,
            "look.granted",
            look.look_id,
            {
                "run_id": run.id,
                "candidate": subject.candidate_id,
                "window": look.window,
                "ordinal": look.ordinal,
                "level": look.level,
                "subject_digest": strategy,
            },
        )
    hit("promotion.after_grant")
    return look


def _write(tx: Connection, look: Look, subject: Subject) -> None:
    try:
        rows.grant(tx, look, subject)
    except IntegrityError as error:
        raise LookRefused(
            f"look {look.ordinal} at {look.window} cannot be granted: the ledger has a look of "
            "that number, trades or subject already",
            allowed="one look of each number and of each set of trades at a sealed window",
            remedy="nothing was spent; ask again, and if it is refused again run omp doctor",
        ) from error


def _require_eligible(
    desk: Desk, tx: Connection, docket: Docket, subject: CandidateEvidence
) -> None:
    require_thawed(desk, tx, docket.run.data_digest, docket.run)
    if why := refusal(desk, tx, docket, subject):
        raise LookRefused(
            why,
            allowed="a subject that passes the screen, was not looked at before, is no twin of an "
            "earlier one and is a record of its kind",
            remedy="nothing was spent; let the miner go on, or mine other data",
        )


def _keep_subject(desk: Desk, docket: Docket, subject: CandidateEvidence, lineage: str) -> str:
    """Keep the subject's in-sample positions for ever; gives their digest."""
    source = docket.directory.candidate(subject.candidate_id) / "returns.parquet"
    data = read_filed(source)
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


def has_result(desk: Desk, docket: Docket, look: Look) -> bool:
    """Whether the look child left a whole document.

    Half of one, as a child that was killed in the middle leaves it, is none: the look is executed
    again under the same grant. What was torn is noted.
    """
    path = result_path(docket, look)
    if not path.is_file():
        return False
    try:
        read_document(LookEvidence, path)
    except Damaged as error:
        with desk.write() as tx:
            desk.note(tx, "look.torn", look.look_id, {"run_id": look.run_id, "why": str(error)})
        return False
    return True


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
    result_digest = digest_filed(result_path(docket, look))
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
                {
                    "run_id": look.run_id,
                    "p_value": found.p_value,
                    "evidence_digest": result_digest,
                    "level": look.level,
                },
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

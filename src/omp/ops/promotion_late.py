"""The last two steps of promotion: the one look, and the second panel with the door to the Hall."""

from dataclasses import replace

from omp.domain.errors import PromotionRefused
from omp.domain.failpoints import hit
from omp.domain.verdict import Outcome
from omp.gates.panel import first_failed, judge
from omp.ops import entries, looks
from omp.ops import promotion_record as record
from omp.ops.children import Children, required
from omp.ops.desk import Desk
from omp.ops.docket import Docket, hall_facts, signatures, subject_case
from omp.ops.promotion_record import close, note_verdicts, remember
from omp.ops.promotion_shared import (
    Step,
    keep_round,
    log_of,
    look_verdict,
    moved,
    run_child,
    subject_of,
    taken_by_another,
)
from omp.store import looks as look_rows
from omp.store import runs as run_rows
from omp.store import verdicts
from omp.wire.evidence import CandidateEvidence


def take_look(desk: Desk, docket: Docket, children: Children) -> Step:
    """Grant the one look, have it taken, record what it found; or refuse it."""
    run = docket.run
    subject = subject_of(desk, docket).subject
    with desk.read() as tx:
        look = look_rows.of_run(tx, run.id)
        why = None if look else looks.refusal(desk, tx, docket, subject)
        missing = () if look else looks.unmeasured(tx, docket, subject)
        measured = record.memory(tx, run.id).get("measured_beside")
    if missing and measured != list(missing):
        with desk.write() as tx:
            remember(tx, run.id, {"measured_beside": list(missing)})
            run_rows.change(tx, run.id, stage="ensemble")
        return moved(desk, run.id, f"it is measured again beside {', '.join(missing)}")
    if why is not None:
        return _refuse_look(desk, docket, subject, why)
    if look is None:
        look = looks.grant(desk, docket, subject)
    if look.state == "granted":
        grant = looks.grant_file(docket, look)
        hit("promotion.before_look")
        if not looks.has_result(desk, docket, look):
            args = ["look", "--run", run.id, "--candidate", look.candidate_id]
            required(
                run_child(desk, children, [*args, "--grant", str(grant)], docket),
                f"the look {look.look_id}",
                log=log_of(docket),
            )
        hit("promotion.after_look")
        looks.record(desk, docket, look)
    else:
        with desk.write() as tx:
            run_rows.change(tx, run.id, stage="promote")
    return moved(desk, run.id, f"look {look.look_id} at {look.window} is taken")


def _refuse_look(desk: Desk, docket: Docket, subject: CandidateEvidence, why: str) -> Step:
    run = docket.run
    given = look_verdict(docket, subject, why)
    now = desk.clock.iso()
    with desk.write() as tx:
        if run_rows.get(tx, run.id).stage != "look":
            return taken_by_another(run)
        keep_round(tx, docket, subject.candidate_id, given, now)
        record.answered(tx, run, subject.candidate_id, given)
        desk.note(tx, "look.refused", run.id, {"candidate": subject.candidate_id, "why": why})
        close(
            desk,
            tx,
            run,
            "refused",
            gate="look",
            sentence=given[0].sentence,
            subject=subject.candidate_id,
        )
    return moved(desk, run.id, f"no look was granted: {why}")


def admit(desk: Desk, docket: Docket, _children: Children) -> Step:
    """The second panel; then the vault, then the row."""
    run = docket.run
    document = subject_of(desk, docket)
    subject = document.subject
    with desk.read() as tx:
        look = look_rows.of_run(tx, run.id)
        if look is None or look.state != "taken":
            raise PromotionRefused(
                f"run {run.id} was never looked at",
                allowed="a subject whose granted look was taken",
                remedy="let the daemon go on with the run",
            )
        case = replace(
            subject_case(docket, subject),
            grant=looks.permission_of(look),
            look=looks.read_result(docket, look),
            hall=hall_facts(tx, run, subject),
            signatures=signatures(tx, run, subject.candidate_id),
        )
        kept = {one.verdict.gate: one for one in verdicts.latest(tx, run.id, subject.candidate_id)}
    first, second = judge(case, 1), judge(case, 2)
    given = first + second
    failed = first_failed(given)
    changed = [
        one
        for one in given
        if one.gate not in kept
        or (one.outcome, one.sentence)
        != (kept[one.gate].verdict.outcome, kept[one.gate].verdict.sentence)
    ]
    if changed or failed is not None:
        now = desk.clock.iso()
        with desk.write() as tx:
            if run_rows.get(tx, run.id).stage != "promote":
                return taken_by_another(run)
            keep_round(tx, docket, subject.candidate_id, tuple(changed), now)
            record.answered(tx, run, subject.candidate_id, given)
            note_verdicts(desk, tx, run, subject.candidate_id, given)
            if failed is not None:
                waits = failed.outcome is Outcome.WAIT
                close(
                    desk,
                    tx,
                    run,
                    "waiting" if waits else "refused",
                    gate=failed.gate,
                    sentence=failed.sentence,
                    subject=subject.candidate_id,
                )
        hit("promotion.after_panel_2")
    if failed is not None:
        return replace(moved(desk, run.id, failed.sentence), more=False)
    entry = entries.enter(desk, docket, document, case, look, given)
    hit("promotion.after_row")
    return moved(desk, run.id, f"{entry.candidate_id} entered the Hall of Fame")

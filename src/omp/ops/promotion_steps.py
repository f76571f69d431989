"""The four steps of promotion; each does one durable thing and moves the run's stage with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from omp.domain.errors import NotFound, PromotionRefused, ResourceShort
from omp.domain.failpoints import hit
from omp.domain.verdict import Outcome, Verdict
from omp.gates.panel import first_failed, gates, judge
from omp.ops import entries, looks
from omp.ops import promotion_record as record
from omp.ops.children import Children, ChildResult, required
from omp.ops.desk import Desk
from omp.ops.docket import Docket, hall_facts, read_subject, signatures, subject_case
from omp.ops.ensemble import Offer, choose, may_be_offered
from omp.ops.promotion_record import answer, close, note_verdicts, remember
from omp.store import candidates as candidate_rows
from omp.store import looks as look_rows
from omp.store import runs as run_rows
from omp.store import verdicts
from omp.store.candidates import Candidate
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


def _keep(
    tx: Connection, docket: Docket, candidate_id: str, given: tuple[Verdict, ...], now: str
) -> None:
    record.keep(tx, docket.run, candidate_id, given, gate_set=docket.gate_set, now=now)


def _subject(desk: Desk, docket: Docket) -> SubjectEvidence:
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


def _run(desk: Desk, children: Children, args: list[str], docket: Docket) -> ChildResult:
    whole = ["factory", *args, "--workspace", str(desk.workspace.root)]
    ended = children.run(whole, log=_log(docket))
    if ended.exit_code in INTERRUPTED:
        raise ResourceShort(
            f"the child of {docket.run.id} was told to leave before it had finished",
            remedy="nothing: the step is taken again",
        )
    return ended


def _log(docket: Docket) -> Path:
    return docket.directory.root / "looks" / "children.log"


# screen


def screen_run(desk: Desk, docket: Docket, _children: Children) -> Step:
    """The first panel on every candidate; what may be offered, or a refusal."""
    run = docket.run
    judged = screen_all(docket)
    offer = _offer(desk, docket, judged)
    champion = docket.evidence.champion
    now = desk.clock.iso()
    with desk.write() as tx:
        if run_rows.get(tx, run.id).stage != "screen":
            return taken_by_another(run)
        candidate_rows.judge(tx, run.id, {name: answer(v) for name, v in judged.items()})
        for name, given in judged.items():
            failed = first_failed(given)
            if name != champion and failed is not None:
                _keep(tx, docket, name, (failed,), now)
        if offer.members:
            run_rows.change(tx, run.id, stage="ensemble")
        else:
            _refuse_screened(desk, tx, docket, judged, now)
    hit("promotion.screened")
    note = f"{len(offer.members)} of {len(judged)} candidates may be offered"
    return moved(desk, run.id, note)


def screen_all(docket: Docket) -> dict[str, tuple[Verdict, ...]]:
    """The first panel's verdicts on every candidate of a run, best first."""
    return {one.candidate_id: judge(docket.case(one), 1) for one in docket.evidence.candidates}


def _offer(desk: Desk, docket: Docket, judged: Mapping[str, tuple[Verdict, ...]]) -> Offer:
    rules = desk.settings.holdout
    passing = {
        one.candidate_id
        for one in docket.evidence.candidates
        if may_be_offered(judged[one.candidate_id], one, rules)
    }
    return choose(docket.evidence, passing, rules)


def _refuse_screened(
    desk: Desk,
    tx: Connection,
    docket: Docket,
    judged: Mapping[str, tuple[Verdict, ...]],
    now: str,
) -> None:
    """Refuse a run none of whose candidates may be offered; its champion says why."""
    champion = docket.evidence.champion
    given = judged.get(champion or "", ())
    if champion is None or not given:
        gate = gates(desk.settings.gates, 1)[0].name
        sentence = "The run found no candidate that could be judged"
        close(desk, tx, docket.run, "refused", gate=gate, sentence=sentence, subject=None)
        return
    if first_failed(given) is None:  # it passes the screen, but a look asks for more
        subject = docket.evidence.candidate(champion)
        why = looks.refusal(desk, tx, docket, subject) or "it is not offered"
        given += _look_verdict(docket, subject, why)
        record.answered(tx, docket.run, champion, given)
    failed = first_failed(given)
    _keep(tx, docket, champion, given, now)
    if failed is not None:
        close(
            desk,
            tx,
            docket.run,
            "refused",
            gate=failed.gate,
            sentence=failed.sentence,
            subject=champion,
        )


def _look_verdict(docket: Docket, subject: CandidateEvidence, why: str) -> tuple[Verdict, ...]:
    """The answer of the gate `look` where no look was granted."""
    case = replace(docket.case(subject), look_refusal=why)
    return tuple(one for one in judge(case, 2) if one.gate == "look")


# ensemble


def measure_subject(desk: Desk, docket: Docket, children: Children) -> Step:
    """Have the subject measured, and the first panel judge it."""
    run = docket.run
    offer = _offer(desk, docket, screen_all(docket))
    if not offer.members:  # the bars were changed meanwhile
        with desk.write() as tx:
            run_rows.change(tx, run.id, stage="screen")
        return moved(desk, run.id, "the bars were changed: the screen is done again")
    hit("promotion.before_ensemble")
    folder = looks.earlier_folder(desk, str(run.lineage))
    result = required(
        _run(
            desk,
            children,
            [
                "evidence",
                "--run",
                run.id,
                "--members",
                ",".join(offer.members),
                "--earlier",
                str(folder),
            ],
            docket,
        ),
        f"the evidence of the subject of {run.id}",
        log=_log(docket),
    )
    hit("promotion.after_ensemble")
    subject_id, evidence_digest = str(result["candidate_id"]), str(result["evidence"])
    document = read_subject(docket, subject_id, evidence_digest)
    subject = document.subject
    given = judge(subject_case(docket, subject), 1)
    now = desk.clock.iso()
    with desk.write() as tx:
        if run_rows.get(tx, run.id).stage != "ensemble":
            return taken_by_another(run)
        if subject.kind == "ensemble":
            candidate_rows.put(tx, _ensemble_row(run, subject))
        remember(tx, run.id, {"subject_evidence": evidence_digest})
        _keep(tx, docket, subject_id, given, now)
        record.answered(tx, run, subject_id, given)
        run_rows.change(tx, run.id, subject_id=subject_id)
        note_verdicts(desk, tx, run, subject_id, given)
        failed = first_failed(given)
        if failed is None:
            run_rows.change(tx, run.id, stage="look")
        else:
            close(
                desk,
                tx,
                run,
                "refused",
                gate=failed.gate,
                sentence=failed.sentence,
                subject=subject_id,
            )
    hit("promotion.after_panel_1")
    return moved(desk, run.id, f"the subject {subject_id} was measured and judged")


def _ensemble_row(run: Run, subject: CandidateEvidence) -> Candidate:
    return Candidate(
        run_id=run.id,
        candidate_id=subject.candidate_id,
        kind=subject.kind,
        rank=0,
        genome_hash=subject.genome_hash,
        behaviour_hash=subject.behaviour_hash,
        generation=subject.generation,
        n_trades=subject.n_trades,
        sharpe_annual=subject.sharpe_annual,
        sharpe_x_annual=subject.sharpe_x_annual,
        max_drawdown=subject.max_drawdown,
        turnover_annual=subject.turnover_annual,
    )


# look


def take_look(desk: Desk, docket: Docket, children: Children) -> Step:
    """Grant the one look, have it taken, record what it found; or refuse it."""
    run = docket.run
    subject = _subject(desk, docket).subject
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
        if not looks.result_path(docket, look).is_file():
            args = ["look", "--run", run.id, "--candidate", look.candidate_id]
            required(
                _run(desk, children, [*args, "--grant", str(grant)], docket),
                f"the look {look.look_id}",
                log=_log(docket),
            )
        hit("promotion.after_look")
        looks.record(desk, docket, look)
    else:
        with desk.write() as tx:
            run_rows.change(tx, run.id, stage="promote")
    return moved(desk, run.id, f"look {look.look_id} at {look.window} is taken")


def _refuse_look(desk: Desk, docket: Docket, subject: CandidateEvidence, why: str) -> Step:
    run = docket.run
    given = _look_verdict(docket, subject, why)
    now = desk.clock.iso()
    with desk.write() as tx:
        if run_rows.get(tx, run.id).stage != "look":
            return taken_by_another(run)
        _keep(tx, docket, subject.candidate_id, given, now)
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


# promote


def admit(desk: Desk, docket: Docket, _children: Children) -> Step:
    """The second panel; then the vault, then the row."""
    run = docket.run
    document = _subject(desk, docket)
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
            _keep(tx, docket, subject.candidate_id, tuple(changed), now)
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


STEPS: dict[str, Callable[[Desk, Docket, Children], Step]] = {
    "screen": screen_run,
    "ensemble": measure_subject,
    "look": take_look,
    "promote": admit,
}
"""Stage of a completed run -> the step that comes next."""

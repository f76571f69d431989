"""The first two steps of promotion: the screen of every candidate, and the subject measured."""

from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Connection

from omp.domain.failpoints import hit
from omp.domain.verdict import Verdict
from omp.gates.panel import first_failed, gates, judge
from omp.ops import looks
from omp.ops import promotion_record as record
from omp.ops.children import Children, required
from omp.ops.desk import Desk
from omp.ops.docket import Docket, read_subject, subject_case
from omp.ops.ensemble import Offer, choose, may_be_offered, selection_of
from omp.ops.promotion_late import admit, take_look
from omp.ops.promotion_record import answer, close, note_verdicts, remember
from omp.ops.promotion_shared import (
    Step,
    keep_round,
    log_of,
    look_verdict,
    moved,
    run_child,
    taken_by_another,
)
from omp.store import candidates as candidate_rows
from omp.store import runs as run_rows
from omp.store.candidates import Candidate
from omp.store.runs import Run
from omp.wire.evidence import CandidateEvidence


def screen_run(desk: Desk, docket: Docket, _children: Children) -> Step:
    """The first panel on every candidate; what may be offered, or a refusal."""
    run = docket.run
    judged = screen_all(desk, docket)
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
                keep_round(tx, docket, name, (failed,), now)
        if offer.members:
            run_rows.change(tx, run.id, stage="ensemble")
        else:
            _refuse_screened(desk, tx, docket, judged, now)
    hit("promotion.screened")
    note = f"{len(offer.members)} of {len(judged)} candidates may be offered"
    return moved(desk, run.id, note)


def screen_all(desk: Desk, docket: Docket) -> dict[str, tuple[Verdict, ...]]:
    """The first panel's verdicts on every candidate of a run, best first."""
    rules = desk.settings.holdout
    return {
        one.candidate_id: judge(docket.member_case(one, rules), 1)
        for one in docket.evidence.candidates
    }


def _offer(desk: Desk, docket: Docket, judged: Mapping[str, tuple[Verdict, ...]]) -> Offer:
    rules = desk.settings.holdout
    passing = {
        one.candidate_id
        for one in docket.evidence.candidates
        if may_be_offered(
            judged[one.candidate_id], selection_of(docket.evidence, one, rules), rules
        )
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
        given += look_verdict(docket, subject, why)
        record.answered(tx, docket.run, champion, given)
    failed = first_failed(given)
    keep_round(tx, docket, champion, given, now)
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


def measure_subject(desk: Desk, docket: Docket, children: Children) -> Step:
    """Have the subject measured, and the first panel judge it."""
    run = docket.run
    offer = _offer(desk, docket, screen_all(desk, docket))
    if not offer.members:  # the bars were changed meanwhile
        with desk.write() as tx:
            run_rows.change(tx, run.id, stage="screen")
        return moved(desk, run.id, "the bars were changed: the screen is done again")
    hit("promotion.before_ensemble")
    folder = looks.earlier_folder(desk, str(run.lineage))
    result = required(
        run_child(
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
        log=log_of(docket),
    )
    hit("promotion.after_ensemble")
    subject_id, evidence_digest = str(result["candidate_id"]), str(result["evidence"])
    compute_again(desk, docket, children, subject_id, offer, folder)
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
        keep_round(tx, docket, subject_id, given, now)
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


def compute_again(
    desk: Desk,
    docket: Docket,
    children: Children,
    subject_id: str,
    offer: Offer,
    earlier: Path,
) -> None:
    """Have a subject computed a second time, by another process with other workers.

    Raises:
        Diverged: It did not give the same bits.
    """
    arguments = ["recheck", "--run", docket.run.id, "--candidate", subject_id]
    arguments += ["--members", ",".join(offer.members), "--earlier", str(earlier)]
    required(
        run_child(desk, children, arguments, docket),
        f"the second computation of {subject_id}, the subject of {docket.run.id}",
        log=log_of(docket),
    )


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


STEPS: dict[str, Callable[[Desk, Docket, Children], Step]] = {
    "screen": screen_run,
    "ensemble": measure_subject,
    "look": take_look,
    "promote": admit,
}
"""Stage of a completed run -> the step that comes next."""

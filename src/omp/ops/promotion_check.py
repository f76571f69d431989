"""Where a run stands before the gates, for people: read-only, spends nothing."""

from dataclasses import dataclass

from omp.domain.verdict import Outcome, Verdict
from omp.gates.panel import first_failed, judge
from omp.ops import ledger, looks
from omp.ops.desk import Desk
from omp.ops.docket import open_docket
from omp.ops.ledger import Budget
from omp.store import candidates as candidate_rows
from omp.store import looks as look_rows
from omp.store import runs as run_rows
from omp.store import verdicts
from omp.store.candidates import Candidate
from omp.store.looks import Look
from omp.store.runs import Run


@dataclass(frozen=True)
class Check:
    """What stands between a run and the Hall of Fame.

    Args:
        subject_id: What it offers; its champion before it was screened.
        outcome: pending, refused, waiting, promoted; None of a run that is not completed.
        ready: Every gate asked so far lets it pass.
        sentence: What comes next, or what stopped it.
        verdicts: The last verdict of each gate about the subject.
        variance_sane: The SEV-0 gate alone, as a promote-check asks first.
        look: The look it was granted.
        budget: What is left of the sealed window.
        frozen: Why promotions are frozen, if they are.
    """

    run_id: str
    environment: str
    state: str
    stage: str
    outcome: str | None
    subject_id: str | None
    ready: bool
    sentence: str
    first_failed_gate: str | None
    variance_sane: bool | None
    verdicts: tuple[Verdict, ...]
    look: Look | None
    budget: Budget | None
    frozen: str | None


@dataclass(frozen=True)
class Refusal:
    """A candidate of a run, and the verdict that stopped it."""

    candidate: Candidate
    verdict: Verdict | None


def promote_check(desk: Desk, run_id: str) -> Check:
    """What stands between a run and the Hall of Fame; changes nothing, spends no look.

    Raises:
        NotFound: There is no such run.
        Damaged: Its files are not those that were ingested.
    """
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
        look = look_rows.of_run(tx, run_id)
        frozen = looks.frozen_because(desk, tx, run.data_digest, run)
        budget = None
        if run.lineage is not None and run.data_digest is not None:
            budget = ledger.budget_of(tx, desk, run.lineage)
    subject_id, given = _verdicts(desk, run)
    failed = first_failed(given)
    sane = next((one.outcome for one in given if one.gate == "variance_sanity"), None)
    return Check(
        run_id=run_id,
        environment=run.environment,
        state=run.state,
        stage=run.stage,
        outcome=run.outcome,
        subject_id=subject_id,
        ready=bool(given) and failed is None,
        sentence=_sentence(run, failed, frozen),
        first_failed_gate=run.first_failed_gate or (failed.gate if failed else None),
        variance_sane=None if sane is None else sane is Outcome.PASS,
        verdicts=given,
        look=look,
        budget=budget,
        frozen=frozen,
    )


def _verdicts(desk: Desk, run: Run) -> tuple[str | None, tuple[Verdict, ...]]:
    """The subject's kept verdicts; before it was screened, the champion's, judged now."""
    if run.state != "completed":
        return None, ()
    if run.subject_id is not None:
        with desk.read() as tx:
            kept = verdicts.latest(tx, run.id, run.subject_id)
        if kept:
            order = {name: place for place, name in enumerate(desk.settings.gates)}
            given = sorted(
                (one.verdict for one in kept),
                key=lambda one: (one.panel, order.get(one.gate, len(order))),
            )
            return run.subject_id, tuple(given)
    docket = open_docket(desk, run.id)
    champion = docket.evidence.champion
    if champion is None:
        return None, ()
    return champion, judge(docket.case(docket.evidence.candidate(champion)), 1)


_NEXT = {
    "screen": "the first panel judges its candidates next",
    "ensemble": "its subject is measured next",
    "look": "a look at the sealed window is asked for next",
    "promote": "the second panel judges it next",
}


def _sentence(run: Run, failed: Verdict | None, frozen: str | None) -> str:
    if run.state != "completed":
        return f"the run is {run.state}; it is judged once it is completed"
    if run.outcome == "promoted":
        return f"{run.subject_id} is in the Hall of Fame"
    if failed is not None:
        return failed.sentence
    if run.outcome == "refused":
        return "none of its candidates may be offered"
    return frozen or _NEXT.get(run.stage, "nothing is left to do")


def screen(desk: Desk, run_id: str, candidate_id: str) -> tuple[Verdict, ...]:
    """The first panel on one candidate of a run, judged now; keeps nothing.

    Raises:
        NotFound: The run has no such candidate, or its files are gone.
    """
    docket = open_docket(desk, run_id)
    return judge(docket.case(docket.evidence.candidate(candidate_id)), 1)


def refusals(desk: Desk, run_id: str) -> tuple[Refusal, ...]:
    """Every candidate of a run with the verdict that stopped it, the best first."""
    with desk.read() as tx:
        run_rows.get(tx, run_id)
        rows = candidate_rows.of_run(tx, run_id)
        kept = verdicts.of_run(tx, run_id)
    return tuple(
        Refusal(
            one,
            first_failed(tuple(each.verdict for each in kept.get(one.candidate_id, ()))),
        )
        for one in rows
    )

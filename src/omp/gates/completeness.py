"""Is every artifact and every number of evidence there, and is it what it says it is?"""

from omp.config.gate_bars import GateBars
from omp.domain.campaign import ENVIRONMENTS
from omp.domain.verdict import Outcome
from omp.gates.base import Answer, Gate, count, finite, unknown
from omp.gates.case import Case
from omp.wire.evidence import CandidateEvidence, RunEvidence
from omp.wire.rundir import CANDIDATE_FILES

REPLAY_TOLERANCE = 1e-9
"""Largest difference of a bar's return between the evidence and the oracle's replay."""

NEEDED: tuple[str, ...] = (
    "exposure",
    "turnover_annual",
    "sharpe",
    "sharpe_annual",
    "sharpe_x",
    "sharpe_x_annual",
    "max_drawdown",
    "psr",
)
"""Numbers that every subject's evidence must hold."""

OF_CANDIDATES: tuple[str, ...] = ("dsr", "luck_sharpe_x_annual")
"""Numbers that a candidate's evidence must hold; an ensemble has those of the run's champion."""

MOMENTS: tuple[str, ...] = ("mean", "var", "skew", "kurt")

RUN_WORDS: tuple[str, ...] = (
    "run_id",
    "config_hash",
    "data_digest",
    "lineage",
    "engine_version",
    "git_sha",
    "lock_digest",
    "venue",
    "timeframe",
)


def ask(case: Case, _bars: GateBars) -> Answer:
    if case.run is None or case.subject is None:
        return unknown("There is no evidence to judge: evidence.json is missing")
    if case.files is None:
        return unknown("The files were not compared with their digests")
    faults = [
        *case.files.faults,
        *([] if case.files.checked else ["no file was compared with its digest"]),
        *_of_run(case.run),
        *_of_subject(case.run, case.subject),
        *_of_ledger(case),
    ]
    if not faults:
        sentence = (
            f"All {case.files.checked} files match their digests, every number of evidence is "
            "there, and the plain replay agrees bar by bar"
        )
        return Answer(sentence, value=0.0, bar=0.0)
    more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
    sentence = f"{count(len(faults), 'thing')} missing or wrong: {'; '.join(faults[:3])}{more}"
    return Answer(sentence, value=float(len(faults)), bar=0.0, outcome=Outcome.REJECT)


def _of_run(run: RunEvidence) -> list[str]:
    faults = [f"the run's {name} is not recorded" for name in RUN_WORDS if not getattr(run, name)]
    if run.environment not in ENVIRONMENTS:
        faults.append(f"the environment {run.environment!r} is unknown")
    if not run.symbols:
        faults.append("the symbols are not recorded")
    if not run.cost_model:
        faults.append("the cost model is not recorded")
    if run.champion is None:
        faults.append("the run has no champion")
    return faults


def _of_subject(run: RunEvidence, subject: CandidateEvidence) -> list[str]:
    needed = NEEDED if subject.kind == "ensemble" else NEEDED + OF_CANDIDATES
    faults = [f"{name} is undefined" for name in needed if finite(getattr(subject, name)) is None]
    faults += [
        f"the {name} of x is undefined"
        for name in MOMENTS
        if finite(getattr(subject.moments_x, name)) is None
    ]
    faults += [f"{name} is missing" for name in CANDIDATE_FILES if not subject.artifacts.get(name)]
    if not subject.genome_hash or not subject.behaviour_hash:
        faults.append("genome or behaviour has no hash")
    if subject.kind == "ensemble" and len(subject.members) != len(subject.weights):
        faults.append("members and weights of the ensemble differ in number")
    if subject.n_trials != run.n_trials:
        faults.append(
            f"its evidence deflates by {subject.n_trials:,} trials, the run made {run.n_trials:,}"
        )
    return faults + _of_replay(subject)


def _of_replay(subject: CandidateEvidence) -> list[str]:
    replay = subject.replay
    if replay is None:
        return ["it was not replayed by the oracle"]
    difference = finite(replay.max_return_difference)
    if not replay.trades_equal:
        return ["the oracle's replay makes other trades"]
    if difference is None or abs(difference) > REPLAY_TOLERANCE:
        return [f"the oracle's replay differs by {difference} in a bar's return"]
    return []


def _of_ledger(case: Case) -> list[str]:
    if case.run is None or case.ledger is None:
        return ["the run was not ingested into the trial ledger"]
    faults = []
    if case.ledger.open_generations:
        faults.append(
            f"{count(case.ledger.open_generations, 'charged generation')} without a result"
        )
    if case.ledger.run_trials != case.run.n_trials:
        faults.append(
            f"the ledger holds {case.ledger.run_trials:,} trials of this run, "
            f"its evidence {case.run.n_trials:,}"
        )
    return faults


GATE = Gate(
    name="completeness",
    panel=1,
    better="lower",
    unit="faults",
    question="Is every artifact and every number of evidence there, unchanged and replayable?",
    ask=ask,
)

"""Could it only have traded so by knowing the future?"""

from omp.config.gate_bars import GateBars
from omp.domain.verdict import Outcome
from omp.gates.base import Answer, Gate, count, finite, unknown
from omp.gates.case import Case


def ask(case: Case, _bars: GateBars) -> Answer:
    proof = None if case.subject is None else case.subject.lookahead
    if proof is None:
        return unknown("It was not tested for knowledge of the future")
    shifted = finite(proof.shift_sharpe_x_annual)
    if proof.leaks > 0:
        return Answer(
            f"{count(proof.leaks, 'leak')} of the future proven by replay: {proof.detail}",
            float(proof.leaks),
            Outcome.REJECT,
            0.0,
        )
    if proof.prefix_replays < 1 or proof.leaks < 0:
        return unknown("It was never replayed on data cut short, so no leak could be found")
    if shifted is None:
        return unknown("The test with all signals one bar late has no result")
    sentence = (
        f"{count(proof.prefix_replays, 'replay')} on data cut short made the same trades up to the "
        f"cut; one bar late it still has a Sharpe ratio of {shifted:.2f} a year beyond its market"
    )
    return Answer(sentence, 0.0, bar=0.0)


GATE = Gate(
    name="lookahead",
    panel=1,
    better="lower",
    unit="leaks",
    question="Does a replay on data cut short prove that it used the future?",
    ask=ask,
)

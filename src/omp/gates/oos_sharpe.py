"""Did it earn enough on the sealed window?"""

from omp.config.gate_bars import GateBars
from omp.gates.base import MIN_OBSERVATIONS, Answer, Gate, finite, unknown
from omp.gates.case import Case


def ask(case: Case, bars: GateBars) -> Answer:
    value = None if case.look is None else finite(case.look.sharpe_annual)
    if case.look is None or value is None:
        return unknown("It has no Sharpe ratio on the sealed window")
    if case.look.n_bars < MIN_OBSERVATIONS:
        return unknown(f"The sealed window has {case.look.n_bars} bars: too few")
    error = finite(case.look.standard_error_annual)
    spread = "" if error is None else f" (standard error {error:.2f})"
    bar = "" if bars.promote is None else f"; the bar is {bars.promote:.2f}"
    sentence = f"On the sealed window its net Sharpe ratio is {value:.2f} a year{spread}{bar}"
    return Answer(sentence, value)


GATE = Gate(
    name="oos_sharpe",
    panel=2,
    better="higher",
    unit="annual Sharpe ratio",
    question="Is the net Sharpe ratio on the sealed window high enough?",
    ask=ask,
)

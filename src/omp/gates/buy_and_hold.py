"""Is it more than holding what it trades?"""

from omp.config.gate_bars import GateBars
from omp.gates.base import Answer, Gate, finite, unknown
from omp.gates.case import Case


def ask(case: Case, _bars: GateBars) -> Answer:
    look = case.look
    if look is None:
        return unknown("It was not compared with holding its market")
    alpha, beta = finite(look.alpha_annual), finite(look.beta)
    held, own = finite(look.buy_and_hold_sharpe_annual), finite(look.sharpe_annual)
    if alpha is None or beta is None or held is None or own is None:
        return unknown("The comparison with holding its market is undefined")
    sentence = (
        f"Holding the pool had a Sharpe ratio of {held:.2f} a year on the sealed window, the "
        f"strategy {own:.2f}; beyond its share in the market (beta {beta:.2f}) it earned "
        f"{alpha:+.1%} a year"
    )
    return Answer(sentence, alpha)


GATE = Gate(
    name="buy_and_hold",
    panel=2,
    better="higher",
    strict=True,
    unit="annual return",
    question="Does it earn anything beyond holding its market?",
    ask=ask,
)

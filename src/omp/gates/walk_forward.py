"""Did it earn in most stretches of time, or in one only?"""

from statistics import median

from omp.config.gate_bars import GateBars
from omp.domain.verdict import Outcome
from omp.gates.base import Answer, Gate, finite, unknown
from omp.gates.case import Case

MIN_FOLDS = 2


def ask(case: Case, bars: GateBars) -> Answer:
    if case.subject is None:
        return unknown("There are no walk-forward folds")
    raw = [finite(one) for one in case.subject.folds_sharpe_x]
    folds = [one for one in raw if one is not None]
    if len(folds) < MIN_FOLDS or len(folds) != len(raw):
        return unknown(
            f"{len(raw) - len(folds)} of {len(raw)} walk-forward folds have no Sharpe ratio"
        )
    share = bars.options.get("min_positive_share")
    if isinstance(share, bool) or not isinstance(share, int | float):
        return unknown("The configuration does not say how many folds must be positive")
    middle = median(folds)
    positive = sum(1 for one in folds if one > 0)
    sentence = (
        f"{positive} of {len(folds)} walk-forward folds earned more than their market, the middle "
        f"one at a Sharpe ratio of {middle:+.4f} a bar; at least {share:.0%} must, and the middle "
        "one must be above the bar"
    )
    if positive < share * len(folds) and (bars.promote is None or middle > bars.promote):
        return Answer(
            sentence, positive / len(folds), Outcome.RESEARCH, float(share), "share of folds"
        )
    return Answer(sentence, middle)


GATE = Gate(
    name="walk_forward",
    panel=1,
    better="higher",
    strict=True,
    unit="Sharpe per bar",
    question="Is the middle fold's excess Sharpe ratio positive, and are half the folds?",
    ask=ask,
)

"""How much could it have lost from a peak?"""

from omp.config.gate_bars import GateBars
from omp.gates.base import Answer, Gate, finite, unknown
from omp.gates.case import Case


def ask(case: Case, bars: GateBars) -> Answer:
    inside = None if case.subject is None else finite(case.subject.max_drawdown)
    sealed = None if case.look is None else finite(case.look.max_drawdown)
    if inside is None or sealed is None or inside < 0 or sealed < 0:
        return unknown("Its largest loss is not known both in-sample and on the sealed window")
    bar = "" if bars.promote is None else f"; at most {bars.promote:.0%} is allowed in each"
    sentence = (
        f"Its largest loss from a peak was {inside:.1%} in-sample and {sealed:.1%} on the sealed "
        f"window{bar}"
    )
    return Answer(sentence, max(inside, sealed))


GATE = Gate(
    name="max_drawdown",
    panel=2,
    better="lower",
    unit="fraction of the peak",
    question="How large is the largest loss from a peak, in-sample and sealed?",
    ask=ask,
)

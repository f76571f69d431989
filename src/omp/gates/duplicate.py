"""Is it in the Hall already, under this name or another?"""

from omp.config.gate_bars import GateBars
from omp.domain.verdict import Outcome
from omp.gates.base import Answer, Gate, unknown
from omp.gates.case import Case


def ask(case: Case, _bars: GateBars) -> Answer:
    if case.hall is None:
        return unknown("The Hall of Fame was not asked for duplicates")
    same = case.hall.same_genome + case.hall.same_behaviour
    if not same:
        return Answer("Neither its rules nor its trades are in the Hall of Fame", 0.0, bar=0.0)
    what = "rules are" if case.hall.same_genome else "trades, bar by bar, are"
    return Answer(
        f"The same {what} in the Hall of Fame already: {', '.join(same)}",
        float(len(same)),
        Outcome.REJECT,
        0.0,
    )


GATE = Gate(
    name="duplicate",
    panel=2,
    better="lower",
    unit="entries",
    question="Is its genome or its behaviour in the Hall already?",
    ask=ask,
)

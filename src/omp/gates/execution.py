"""Can it be traded as it was simulated? Beyond a turnover, the trader signs for it by hand."""

from omp.config.gate_bars import GateBars
from omp.domain.verdict import Outcome
from omp.gates.base import Answer, Gate, finite, unknown
from omp.gates.case import SIGNED, TRADER_EXPERT, Case


def ask(case: Case, bars: GateBars) -> Answer:
    limit = bars.options.get("max_turnover_annual")
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        return unknown("The configuration names no turnover beyond which the trader signs")
    inside = None if case.subject is None else finite(case.subject.turnover_annual)
    sealed = None if case.look is None else finite(case.look.turnover_annual)
    if inside is None or sealed is None or inside < 0 or sealed < 0:
        return unknown("Its turnover is not known both in-sample and on the sealed window")
    value, bar = max(inside, sealed), float(limit)
    turned = f"It turns its capital over {value:.1f} times a year"
    if value <= bar:
        return Answer(f"{turned}; up to {bar:g} needs no signature", value, bar=bar)
    signed = case.signed(TRADER_EXPERT)
    if signed is None:
        sentence = f"{turned}, more than {bar:g}: it waits for the trader's signature"
        return Answer(sentence, value, Outcome.WAIT, bar)
    if signed.decision != SIGNED:
        sentence = f"{turned}, and {signed.operator} declined its execution: {signed.reason}"
        return Answer(sentence, value, Outcome.REJECT, bar)
    sentence = f"{turned}, and {signed.operator} signed its execution: {signed.reason}"
    return Answer(sentence, value, Outcome.PASS, bar)


GATE = Gate(
    name="execution",
    panel=2,
    better="lower",
    unit="times the capital a year",
    question="Is its turnover low enough, or has the trader signed for it?",
    ask=ask,
)

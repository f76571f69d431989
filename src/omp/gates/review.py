"""Has the risk analyst signed: the panel itself by policy, or a person by hand?"""

from omp.config.gate_bars import GateBars
from omp.domain.verdict import Outcome
from omp.gates.base import Answer, Gate, unknown
from omp.gates.case import RISK_ANALYST, SIGNED, Case


def ask(case: Case, _bars: GateBars) -> Answer:
    if case.subject is None:
        return unknown("There is no subject to review")
    signed = case.signed(RISK_ANALYST)
    if signed is not None and signed.decision != SIGNED:
        return Answer(
            f"{signed.operator} declined as risk analyst: {signed.reason}", outcome=Outcome.REJECT
        )
    if case.review_policy == "auto":
        return Answer(
            "By the policy in force (auto) the two panels are the risk analyst's gate",
            outcome=Outcome.PASS,
        )
    if case.review_policy != "manual":
        return unknown("The configuration does not say who signs as risk analyst")
    if signed is None:
        return Answer("It waits for the risk analyst's signature", outcome=Outcome.WAIT)
    return Answer(
        f"{signed.operator} signed as risk analyst: {signed.reason}", outcome=Outcome.PASS
    )


GATE = Gate(
    name="review",
    panel=2,
    better="higher",
    unit="",
    question="Has the risk analyst signed, by policy or by hand?",
    ask=ask,
)

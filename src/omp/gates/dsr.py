"""Is the best rule better than the best of so many rules on noise would be?"""

from omp.config.gate_bars import GateBars
from omp.gates.base import MIN_OBSERVATIONS, Answer, Gate, finite, unknown
from omp.gates.case import Case


def ask(case: Case, bars: GateBars) -> Answer:
    best = case.selection
    if case.run is None or best is None or case.subject is None:
        return unknown("There is no evidence of how the best rule compares with luck")
    value = finite(best.dsr)
    earned, luck = finite(best.sharpe_x_annual), finite(best.luck_sharpe_x_annual)
    if value is None or not 0 <= value <= 1 or earned is None or luck is None:
        return unknown("The deflated Sharpe ratio of the best rule is undefined")
    if best.moments_x.n < MIN_OBSERVATIONS:
        return unknown(f"Only {best.moments_x.n} bars: too few for a deflated Sharpe ratio")
    if best.n_trials != case.run.n_trials or best.n_trials < 1:
        return unknown(
            f"The Sharpe ratio was deflated by {best.n_trials:,} trials, "
            f"but the run made {case.run.n_trials:,}"
        )
    own = best.candidate_id == case.subject.candidate_id
    whose = "this rule" if own else "the run's best rule"
    link = "but" if earned < luck else "and"
    bar = "" if bars.promote is None else f", the bar is {bars.promote:.2f}"
    sentence = (
        f"In-sample {whose} earned a Sharpe ratio of {earned:.2f} a year beyond its market, {link} "
        f"a search of {best.n_trials:,} distinct rules on noise alone would be expected to reach "
        f"{luck:.2f}; deflated Sharpe probability {value:.2f}{bar}"
    )
    return Answer(sentence, value)


GATE = Gate(
    name="dsr",
    panel=1,
    better="higher",
    unit="probability",
    question="How probable is a true Sharpe ratio above zero, given how many rules were tried?",
    ask=ask,
)

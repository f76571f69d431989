"""Is the run's population alive, or has it collapsed into one strategy or none?"""

from omp.config.gate_bars import GateBars
from omp.domain.verdict import Outcome
from omp.gates.base import Answer, Gate, count, finite, unknown
from omp.gates.case import Case
from omp.wire.evidence import Variance

DUPLICATE_SHARE = 0.5
"""More than this share of identical return streams among the exported is a collapse."""


def ask(case: Case, _bars: GateBars) -> Answer:
    if case.run is None:
        return unknown("The variance of the run's Sharpe ratios is not known")
    health = case.run.variance
    candidates, trials = finite(health.of_candidates), finite(health.of_trials)
    if candidates is None or trials is None:
        return unknown(
            "The variance of the run's Sharpe ratios is undefined "
            f"({count(health.n_candidates, 'candidate')}, {count(health.n_trials, 'trial')})"
        )
    value = min(candidates, trials)
    if illness := _illness(health, len(case.run.candidates)):
        return Answer(f"The run's population is not sane: {illness}", outcome=Outcome.REJECT)
    sentence = (
        f"Annual in-sample Sharpe ratios vary by {candidates:.3g} over the run's candidates and by "
        f"{trials:.3g} over its trials; below the bar the population would have collapsed"
    )
    return Answer(sentence, value)


def _illness(health: Variance, exported: int) -> str | None:
    """What is wrong with the population beyond its variance; None when nothing is."""
    if health.undefined:
        return f"{count(health.undefined, 'Sharpe ratio')} of candidates undefined"
    if health.without_trades >= health.n_trials:
        return "none of its trials ever traded"
    if health.duplicate_streams > DUPLICATE_SHARE * exported:
        return (
            f"{health.duplicate_streams:,} of {count(exported, 'exported candidate')} repeat "
            "the return stream of another"
        )
    return None


GATE = Gate(
    name="variance_sanity",
    panel=1,
    better="higher",
    unit="variance of annual Sharpe ratios",
    question="Do the run's Sharpe ratios vary, as those of a living population do?",
    ask=ask,
)

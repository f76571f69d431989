"""How often would the run's choice have been wrong? A property of the search, not of one rule."""

from omp.config.gate_bars import GateBars
from omp.domain.verdict import Outcome
from omp.gates.base import MIN_OBSERVATIONS, Answer, Gate, finite, unknown
from omp.gates.case import Case

BLOCKS = (12, 16)
"""Fewest and most blocks; their number is even."""

MIN_RULES = 500
"""Rules of generation 0 below which the share says too little."""


def ask(case: Case, bars: GateBars) -> Answer:
    if case.run is None:
        return unknown("The probability of backtest overfitting of the run is not known")
    pbo = case.run.pbo
    value = finite(pbo.value)
    if value is None or not 0 <= value <= 1:
        return unknown("The probability of backtest overfitting of the run is undefined")
    if not BLOCKS[0] <= pbo.n_blocks <= BLOCKS[1] or pbo.n_blocks % 2:
        return unknown(
            f"PBO was taken over {pbo.n_blocks} blocks; an even number from 12 to 16 is needed"
        )
    if pbo.n_rules < MIN_RULES or pbo.n_obs_used < MIN_OBSERVATIONS:
        return unknown(
            f"PBO was taken over {pbo.n_rules:,} rules and {pbo.n_obs_used:,} bars; "
            f"{MIN_RULES} rules and {MIN_OBSERVATIONS} bars are the least"
        )
    loss, most = finite(pbo.loss), bars.options.get("max_loss")
    if loss is None or not 0 <= loss <= 1:
        return unknown("How often the run's choice would have earned nothing is not known")
    if isinstance(most, bool) or not isinstance(most, int | float):
        return unknown("The configuration does not say how often a choice may earn nothing")
    sentence = (
        f"Of the {pbo.n_rules:,} random rules of generation 0, the one that was best on one half "
        f"of the in-sample bars fell below the middle on the other half in {value:.0%} of all "
        f"halvings{_allowed(bars.promote)} and earned nothing there in {loss:.0%}"
        f"{_allowed(most)}; this belongs to the run's selection, not to one strategy"
    )
    if loss > most and not _fails(value, bars):
        return Answer(sentence, loss, Outcome.RESEARCH, float(most), "probability of loss")
    return Answer(sentence, value)


def _allowed(most: float | None) -> str:
    return "" if most is None else f" ({most:.0%} allowed)"


def _fails(value: float, bars: GateBars) -> bool:
    """Whether the share below the middle is too high already: then the bars answer."""
    return bars.promote is None or value > bars.promote


GATE = Gate(
    name="pbo",
    panel=1,
    better="lower",
    unit="probability",
    question="How probable is it that the run's selection is overfitted?",
    ask=ask,
)

"""How each indicator of the table is computed, from closed bars only.

Every function here uses bar t and the bars before it, never a later one: a test compares each
indicator on a prefix of the bars with the same prefix of the whole. Values that do not exist yet
are NaN, and a comparison with NaN is false.
"""

import math

import numpy as np

from omp.domain.errors import InvalidInput
from omp.domain.indicators import FEATURE, INDICATORS, is_feature
from omp.engine.indicators.basics import Arguments, Compute, Float, floats
from omp.engine.indicators.further import FURTHER
from omp.engine.indicators.pattern import PATTERN
from omp.engine.indicators.standard import STANDARD
from omp.market.bars import Bars

__all__ = ["Arguments", "Float", "compute", "lookback_bars", "registered"]

_COMPUTE: dict[str, Compute] = {**STANDARD, **FURTHER, **PATTERN}

_SMOOTHINGS: dict[str, float] = {
    "dema": 2,
    "tema": 3,
    "adx": 2,
    "trix": 3,
    "hma": 1.5,
    "t3": 6,
    "zlema": 1.5,
    "ultosc": 4,
    "adxr": 3,
    "chaikin_volatility": 2,
}
"""Windows of the longest length that lie behind one another."""

_SUMMED: dict[str, float] = {"stoch_k": 1, "stoch_d": 2, "stoch_rsi": 1}
"""Windows of different lengths behind one another: the sum, so many times."""

_INNER_BARS: dict[str, int] = {
    "rvi": 10,
    "macd_signal": 10,
    "macd_histogram": 10,
    "kdj_j": 5,
    "smi": 40,
    "tsi": 39,
    "coppock": 25,
    "awesome": 34,
    "accelerator": 38,
    "mass_index": 41,
    "ht_trendline": 64,
    "mama": 33,
    "fama": 33,
    "ht_period": 33,
    "ht_inphase": 33,
    "ht_quadrature": 33,
    "ht_phase": 64,
    "ht_sine": 64,
    "ht_leadsine": 64,
    "ht_trendmode": 64,
    **dict.fromkeys(PATTERN, 15),
}
"""Bars of windows that have no parameter; 1 for the rest."""


def compute(name: str, arguments: Arguments, bars: Bars) -> Float:
    """The values of an indicator at the close of each bar.

    Args:
        name: a name of the table.
        arguments: its parameters by name.
        bars: closed bars of one symbol, [T].

    Returns:
        float64[T]; NaN where the indicator has no value yet.

    Raises:
        InvalidInput: when the bars lack a feature.
    """
    if is_feature(name):
        return _feature(name.removeprefix(FEATURE), bars)
    return floats(_COMPUTE[name](bars, arguments))


def lookback_bars(name: str, arguments: Arguments) -> int:
    """Bars that an indicator looks back, as the embargo counts them (upper bound of its start).

    Smoothed indicators keep a fading memory beyond it; the bound is their longest named window
    times the number of smoothings.
    """
    lengths = [arguments[one.name] for one in INDICATORS[name].parameters if one.whole]
    if name in _SUMMED:
        longest = _SUMMED[name] * sum(lengths)
    else:
        longest = max(lengths, default=0) * _SMOOTHINGS.get(name, 1)
    return math.ceil(longest) + _INNER_BARS.get(name, 1)


def _feature(name: str, bars: Bars) -> Float:
    """A column of the user's own; what is not finite is unknown and fires nothing."""
    known = bars.features.get(name)
    if known is None:
        raise InvalidInput(
            f"feature {name} of {bars.symbol}",
            allowed=", ".join(sorted(bars.features)) or "none: its data hold no features",
            remedy=f"import the data with --feature {name}=COLUMN",
        )
    return np.where(np.isfinite(known), known, np.nan)


def registered() -> tuple[str, ...]:
    """The names this room can compute; a test holds them equal to the table."""
    return tuple(_COMPUTE)

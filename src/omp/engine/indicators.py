"""How each indicator of the table is computed, from closed bars only.

Every function here uses bar t and the bars before it, never a later one: a test compares each
indicator on a prefix of the bars with the same prefix of the whole. Values that do not exist yet
are NaN, and a comparison with NaN is false.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omp.domain.indicators import INDICATORS
from omp.engine.talib_door import talib
from omp.market.bars import Bars

Float = NDArray[np.float64]
Arguments = Mapping[str, float]
Compute = Callable[[Bars, Arguments], Float]


def _n(arguments: Arguments, name: str = "length") -> int:
    return int(arguments[name])


def _divide(top: Float, bottom: Float) -> Float:
    """top / bottom, NaN where bottom is zero."""
    quotient = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=quotient, where=bottom != 0.0)
    return quotient


def _floats(values: Any) -> Float:
    return np.ascontiguousarray(values, dtype=np.float64)


def _previous(values: Float) -> Float:
    """The values one bar later, so that a bar sees only the ones before it."""
    moved = np.full(values.shape, np.nan)
    moved[1:] = values[:-1]
    return moved


def _bollinger(bars: Bars, a: Arguments, side: float) -> Float:
    middle = talib.SMA(bars.close, _n(a))
    return _floats(middle + side * a["width"] * talib.STDDEV(bars.close, _n(a)))


def _keltner(bars: Bars, a: Arguments, side: float) -> Float:
    middle = talib.EMA(bars.close, _n(a))
    return _floats(middle + side * a["width"] * talib.ATR(bars.high, bars.low, bars.close, _n(a)))


def _zscore(bars: Bars, a: Arguments) -> Float:
    away = bars.close - talib.SMA(bars.close, _n(a))
    return _divide(away, talib.STDDEV(bars.close, _n(a)))


def _true_range(bars: Bars, length: int) -> Float:
    span = talib.TRANGE(bars.high, bars.low, bars.close)
    return _floats(span if length == 1 else talib.SMA(span, length))


def _deviation_ratio(bars: Bars, a: Arguments) -> Float:
    change = talib.ROC(bars.close, 1)
    return _divide(talib.STDDEV(change, _n(a, "fast")), talib.STDDEV(change, _n(a, "slow")))


def _bar_strength(bars: Bars, _: Arguments) -> Float:
    return _divide(bars.close - bars.low, bars.high - bars.low)


def _stoch(bars: Bars, a: Arguments) -> Float:
    low = talib.MIN(bars.low, _n(a))
    return _divide(100.0 * (bars.close - low), talib.MAX(bars.high, _n(a)) - low)


def _spread(values: Float, a: Arguments) -> Float:
    fast, slow = talib.EMA(values, _n(a, "fast")), talib.EMA(values, _n(a, "slow"))
    return 100.0 * _divide(fast - slow, slow)


_COMPUTE: dict[str, Compute] = {
    "open": lambda b, _: b.open,
    "high": lambda b, _: b.high,
    "low": lambda b, _: b.low,
    "close": lambda b, _: b.close,
    "typical": lambda b, _: talib.TYPPRICE(b.high, b.low, b.close),
    "sma": lambda b, a: talib.SMA(b.close, _n(a)),
    "ema": lambda b, a: talib.EMA(b.close, _n(a)),
    "wma": lambda b, a: talib.WMA(b.close, _n(a)),
    "dema": lambda b, a: talib.DEMA(b.close, _n(a)),
    "tema": lambda b, a: talib.TEMA(b.close, _n(a)),
    "hma": lambda b, a: talib.HMA(b.close, _n(a)),
    "kama": lambda b, a: talib.KAMA(b.close, _n(a)),
    "linreg": lambda b, a: talib.LINEARREG(b.close, _n(a)),
    "midprice": lambda b, a: talib.MIDPRICE(b.high, b.low, _n(a)),
    "highest": lambda b, a: _previous(talib.MAX(b.high, _n(a))),
    "lowest": lambda b, a: _previous(talib.MIN(b.low, _n(a))),
    "bollinger_upper": lambda b, a: _bollinger(b, a, 1.0),
    "bollinger_lower": lambda b, a: _bollinger(b, a, -1.0),
    "keltner_upper": lambda b, a: _keltner(b, a, 1.0),
    "keltner_lower": lambda b, a: _keltner(b, a, -1.0),
    "sar": lambda b, a: talib.SAR(b.high, b.low, a["acceleration"], 10.0 * a["acceleration"]),
    "rsi": lambda b, a: talib.RSI(b.close, _n(a)),
    "stoch": _stoch,
    "percent_rank": lambda b, a: talib.PERCENTRANK(b.close, _n(a)),
    "imi": lambda b, a: talib.IMI(b.open, b.close, _n(a)),
    "bar_strength": _bar_strength,
    "cci": lambda b, a: talib.CCI(b.high, b.low, b.close, _n(a)),
    "cmo": lambda b, a: talib.CMO(b.close, _n(a)),
    "roc": lambda b, a: talib.ROC(b.close, _n(a)),
    "distance": lambda b, a: 100.0 * (b.close / talib.SMA(b.close, _n(a)) - 1.0),
    "zscore": _zscore,
    "ppo": lambda b, a: _spread(b.close, a),
    "trix": lambda b, a: talib.TRIX(b.close, _n(a)),
    "adx": lambda b, a: talib.ADX(b.high, b.low, b.close, _n(a)),
    "plus_di": lambda b, a: talib.PLUS_DI(b.high, b.low, b.close, _n(a)),
    "minus_di": lambda b, a: talib.MINUS_DI(b.high, b.low, b.close, _n(a)),
    "aroon": lambda b, a: talib.AROONOSC(b.high, b.low, _n(a)),
    "efficiency": lambda b, a: talib.ER(b.close, _n(a)),
    "balance_of_power": lambda b, _: talib.BOP(b.open, b.high, b.low, b.close),
    "natr": lambda b, a: talib.NATR(b.high, b.low, b.close, _n(a)),
    "range_ratio": lambda b, a: _divide(
        _true_range(b, _n(a, "fast")), _true_range(b, _n(a, "slow"))
    ),
    "deviation_ratio": _deviation_ratio,
    "bandwidth": lambda b, a: (
        400.0 * _divide(talib.STDDEV(b.close, _n(a)), talib.SMA(b.close, _n(a)))
    ),
    "rvi": lambda b, a: talib.RVI(b.close, _n(a)),
    "mfi": lambda b, a: talib.MFI(b.high, b.low, b.close, b.volume, _n(a)),
    "cmf": lambda b, a: talib.CMF(b.high, b.low, b.close, b.volume, _n(a)),
    "relative_volume": lambda b, a: _divide(b.volume, talib.SMA(b.volume, _n(a))),
    "pvo": lambda b, a: _spread(b.volume, a),
    "adosc": lambda b, a: talib.ADOSC(
        b.high, b.low, b.close, b.volume, _n(a, "fast"), _n(a, "slow")
    ),
    "force": lambda b, a: talib.EFI(b.close, b.volume, _n(a)),
}

_SMOOTHINGS: dict[str, float] = {"dema": 2, "tema": 3, "adx": 2, "trix": 3, "hma": 1.5}
_INNER_BARS = {"rvi": 10}


def compute(name: str, arguments: Arguments, bars: Bars) -> Float:
    """The values of an indicator at the close of each bar.

    Args:
        name: a name of the table.
        arguments: its parameters by name.
        bars: closed bars of one symbol, [T].

    Returns:
        float64[T]; NaN where the indicator has no value yet.
    """
    return _floats(_COMPUTE[name](bars, arguments))


def lookback_bars(name: str, arguments: Arguments) -> int:
    """Bars that an indicator looks back, as the embargo counts them (upper bound of its start).

    Smoothed indicators keep a fading memory beyond it; the bound is their longest named window
    times the number of smoothings.
    """
    lengths = [arguments[one.name] for one in INDICATORS[name].parameters if one.whole]
    return math.ceil(max(lengths, default=0) * _SMOOTHINGS.get(name, 1)) + _INNER_BARS.get(name, 1)


def registered() -> tuple[str, ...]:
    """The names this room can compute; a test holds them equal to the table."""
    return tuple(_COMPUTE)

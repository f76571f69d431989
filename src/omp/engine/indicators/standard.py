"""How the standard indicators are computed."""

from omp.engine.indicators.basics import Arguments, Compute, Float, divide, floats, n, previous
from omp.engine.talib_door import talib
from omp.market.bars import Bars


def _bollinger(bars: Bars, a: Arguments, side: float) -> Float:
    middle = talib.SMA(bars.close, n(a))
    return floats(middle + side * a["width"] * talib.STDDEV(bars.close, n(a)))


def _keltner(bars: Bars, a: Arguments, side: float) -> Float:
    middle = talib.EMA(bars.close, n(a))
    return floats(middle + side * a["width"] * talib.ATR(bars.high, bars.low, bars.close, n(a)))


def _zscore(bars: Bars, a: Arguments) -> Float:
    away = bars.close - talib.SMA(bars.close, n(a))
    return divide(away, talib.STDDEV(bars.close, n(a)))


def _true_range(bars: Bars, length: int) -> Float:
    span = talib.TRANGE(bars.high, bars.low, bars.close)
    return floats(span if length == 1 else talib.SMA(span, length))


def _deviation_ratio(bars: Bars, a: Arguments) -> Float:
    change = talib.ROC(bars.close, 1)
    return divide(talib.STDDEV(change, n(a, "fast")), talib.STDDEV(change, n(a, "slow")))


def _bar_strength(bars: Bars, _: Arguments) -> Float:
    return divide(bars.close - bars.low, bars.high - bars.low)


def _stoch(bars: Bars, a: Arguments) -> Float:
    low = talib.MIN(bars.low, n(a))
    return divide(100.0 * (bars.close - low), talib.MAX(bars.high, n(a)) - low)


def _spread(values: Float, a: Arguments) -> Float:
    fast, slow = talib.EMA(values, n(a, "fast")), talib.EMA(values, n(a, "slow"))
    return 100.0 * divide(fast - slow, slow)


STANDARD: dict[str, Compute] = {
    "open": lambda b, _: b.open,
    "high": lambda b, _: b.high,
    "low": lambda b, _: b.low,
    "close": lambda b, _: b.close,
    "typical": lambda b, _: talib.TYPPRICE(b.high, b.low, b.close),
    "sma": lambda b, a: talib.SMA(b.close, n(a)),
    "ema": lambda b, a: talib.EMA(b.close, n(a)),
    "wma": lambda b, a: talib.WMA(b.close, n(a)),
    "dema": lambda b, a: talib.DEMA(b.close, n(a)),
    "tema": lambda b, a: talib.TEMA(b.close, n(a)),
    "hma": lambda b, a: talib.HMA(b.close, n(a)),
    "kama": lambda b, a: talib.KAMA(b.close, n(a)),
    "linreg": lambda b, a: talib.LINEARREG(b.close, n(a)),
    "midprice": lambda b, a: talib.MIDPRICE(b.high, b.low, n(a)),
    "highest": lambda b, a: previous(talib.MAX(b.high, n(a))),
    "lowest": lambda b, a: previous(talib.MIN(b.low, n(a))),
    "bollinger_upper": lambda b, a: _bollinger(b, a, 1.0),
    "bollinger_lower": lambda b, a: _bollinger(b, a, -1.0),
    "keltner_upper": lambda b, a: _keltner(b, a, 1.0),
    "keltner_lower": lambda b, a: _keltner(b, a, -1.0),
    "sar": lambda b, a: talib.SAR(b.high, b.low, a["acceleration"], 10.0 * a["acceleration"]),
    "rsi": lambda b, a: talib.RSI(b.close, n(a)),
    "stoch": _stoch,
    "percent_rank": lambda b, a: talib.PERCENTRANK(b.close, n(a)),
    "imi": lambda b, a: talib.IMI(b.open, b.close, n(a)),
    "bar_strength": _bar_strength,
    "cci": lambda b, a: talib.CCI(b.high, b.low, b.close, n(a)),
    "cmo": lambda b, a: talib.CMO(b.close, n(a)),
    "roc": lambda b, a: talib.ROC(b.close, n(a)),
    "distance": lambda b, a: 100.0 * (b.close / talib.SMA(b.close, n(a)) - 1.0),
    "zscore": _zscore,
    "ppo": lambda b, a: _spread(b.close, a),
    "trix": lambda b, a: talib.TRIX(b.close, n(a)),
    "adx": lambda b, a: talib.ADX(b.high, b.low, b.close, n(a)),
    "plus_di": lambda b, a: talib.PLUS_DI(b.high, b.low, b.close, n(a)),
    "minus_di": lambda b, a: talib.MINUS_DI(b.high, b.low, b.close, n(a)),
    "aroon": lambda b, a: talib.AROONOSC(b.high, b.low, n(a)),
    "efficiency": lambda b, a: talib.ER(b.close, n(a)),
    "balance_of_power": lambda b, _: talib.BOP(b.open, b.high, b.low, b.close),
    "natr": lambda b, a: talib.NATR(b.high, b.low, b.close, n(a)),
    "range_ratio": lambda b, a: divide(_true_range(b, n(a, "fast")), _true_range(b, n(a, "slow"))),
    "deviation_ratio": _deviation_ratio,
    "bandwidth": lambda b, a: 400.0 * divide(talib.STDDEV(b.close, n(a)), talib.SMA(b.close, n(a))),
    "rvi": lambda b, a: talib.RVI(b.close, n(a)),
    "mfi": lambda b, a: talib.MFI(b.high, b.low, b.close, b.volume, n(a)),
    "cmf": lambda b, a: talib.CMF(b.high, b.low, b.close, b.volume, n(a)),
    "relative_volume": lambda b, a: divide(b.volume, talib.SMA(b.volume, n(a))),
    "pvo": lambda b, a: _spread(b.volume, a),
    "adosc": lambda b, a: talib.ADOSC(b.high, b.low, b.close, b.volume, n(a, "fast"), n(a, "slow")),
    "force": lambda b, a: talib.EFI(b.close, b.volume, n(a)),
}

"""How the indicators that a campaign must ask for are computed."""

from omp.engine.indicators.basics import Arguments, Compute, Float, floats, less_average, n, percent
from omp.engine.talib_door import talib
from omp.market.bars import Bars


def _hlc(b: Bars) -> tuple[Float, Float, Float]:
    return b.high, b.low, b.close


def _macd(b: Bars, a: Arguments) -> tuple[Float, Float, Float]:
    line = talib.EMA(b.close, n(a, "fast")) - talib.EMA(b.close, n(a, "slow"))
    signal = talib.EMA(line, 9)
    return line, signal, line - signal


def _slow_k(b: Bars, a: Arguments) -> Float:
    return floats(talib.STOCHF(*_hlc(b), fastk_period=n(a), fastd_period=n(a, "smooth"))[1])


def _slow_d(b: Bars, a: Arguments) -> Float:
    return floats(talib.SMA(_slow_k(b, a), n(a, "smooth")))


def _stoch_rsi(b: Bars, a: Arguments) -> Float:
    return floats(talib.STOCHRSI(b.close, n(a), fastk_period=n(a, "window"), fastd_period=1)[0])


def _ultosc(b: Bars, a: Arguments) -> Float:
    return floats(talib.ULTOSC(*_hlc(b), n(a), 2 * n(a), 4 * n(a)))


PRICE: dict[str, Compute] = {
    "average_price": lambda b, _: talib.AVGPRICE(b.open, b.high, b.low, b.close),
    "median_price": lambda b, _: talib.MEDPRICE(b.high, b.low),
    "weighted_close": lambda b, _: talib.WCLPRICE(*_hlc(b)),
    "heikin_close": lambda b, _: talib.HA(b.open, b.high, b.low, b.close)[3],
    "heikin_open": lambda b, _: talib.HA(b.open, b.high, b.low, b.close)[0],
    "trima": lambda b, a: talib.TRIMA(b.close, n(a)),
    "t3": lambda b, a: talib.T3(b.close, n(a), 0.7),
    "zlema": lambda b, a: talib.ZLEMA(b.close, n(a)),
    "rma": lambda b, a: talib.RMA(b.close, n(a)),
    "vwma": lambda b, a: talib.VWMA(b.close, b.volume, n(a)),
    "midpoint": lambda b, a: talib.MIDPOINT(b.close, n(a)),
    "tsf": lambda b, a: talib.TSF(b.close, n(a)),
    "ht_trendline": lambda b, _: talib.HT_TRENDLINE(b.close),
    "mama": lambda b, _: talib.MAMA(b.close, 0.5, 0.05)[0],
    "fama": lambda b, _: talib.MAMA(b.close, 0.5, 0.05)[1],
    "accbands_upper": lambda b, a: talib.ACCBANDS(*_hlc(b), n(a))[0],
    "accbands_lower": lambda b, a: talib.ACCBANDS(*_hlc(b), n(a))[2],
    "supertrend": lambda b, a: talib.SUPERTREND(*_hlc(b), n(a), a["width"])[0],
}

MOMENTUM: dict[str, Compute] = {
    "apo": lambda b, a: talib.EMA(b.close, n(a, "fast")) - talib.EMA(b.close, n(a, "slow")),
    "mom": lambda b, a: talib.MOM(b.close, n(a)),
    "macd": lambda b, a: _macd(b, a)[0],
    "macd_signal": lambda b, a: _macd(b, a)[1],
    "macd_histogram": lambda b, a: _macd(b, a)[2],
    "stoch_k": _slow_k,
    "stoch_d": _slow_d,
    "stoch_rsi": _stoch_rsi,
    "kdj_j": lambda b, a: talib.KDJ(*_hlc(b), fastk_period=n(a))[2],
    "willr": lambda b, a: talib.WILLR(*_hlc(b), n(a)),
    "ultosc": _ultosc,
    "adxr": lambda b, a: talib.ADXR(*_hlc(b), n(a)),
    "dx": lambda b, a: talib.DX(*_hlc(b), n(a)),
    "plus_dm": lambda b, a: talib.PLUS_DM(b.high, b.low, n(a)),
    "minus_dm": lambda b, a: talib.MINUS_DM(b.high, b.low, n(a)),
    "aroon_up": lambda b, a: talib.AROON(b.high, b.low, n(a))[1],
    "aroon_down": lambda b, a: talib.AROON(b.high, b.low, n(a))[0],
    "vortex_plus": lambda b, a: talib.VORTEX(*_hlc(b), n(a))[0],
    "vortex_minus": lambda b, a: talib.VORTEX(*_hlc(b), n(a))[1],
    "bull_power": lambda b, a: talib.ERI(*_hlc(b), n(a))[0],
    "bear_power": lambda b, a: talib.ERI(*_hlc(b), n(a))[1],
    "forecast": lambda b, a: talib.FOSC(b.close, n(a)),
    "slope": lambda b, a: percent(talib.LINEARREG_SLOPE(b.close, n(a)), b.close),
    "dpo": lambda b, a: talib.DPO(b.close, n(a)),
    "qstick": lambda b, a: talib.QSTICK(b.open, b.close, n(a)),
    "smi": lambda b, a: talib.SMI(*_hlc(b), n(a))[0],
    "tsi": lambda b, _: talib.TSI(b.close, 25, 13),
    "vhf": lambda b, a: talib.VHF(b.close, n(a)),
    "coppock": lambda b, _: talib.COPPOCK(b.close, 10, 11, 14),
    "awesome": lambda b, _: talib.AO(b.high, b.low, 5, 34),
    "accelerator": lambda b, _: talib.AC(b.high, b.low, 5, 34, 5),
}

VOLATILITY: dict[str, Compute] = {
    "true_range": lambda b, _: percent(talib.TRANGE(*_hlc(b)), b.close),
    "atr": lambda b, a: talib.ATR(*_hlc(b), n(a)),
    "adr": lambda b, a: talib.ADR(b.high, b.low, n(a)),
    "average_deviation": lambda b, a: percent(talib.AVGDEV(b.close, n(a)), b.close),
    "chaikin_volatility": lambda b, a: talib.CVI(b.high, b.low, n(a), n(a)),
    "mass_index": lambda b, _: talib.MASSI(b.high, b.low, 9, 25),
}

VOLUME: dict[str, Compute] = {
    "obv": lambda b, a: less_average(talib.OBV(b.close, b.volume), n(a)),
    "ad": lambda b, a: less_average(talib.AD(*_hlc(b), b.volume), n(a)),
    "pvt": lambda b, a: less_average(talib.PVT(b.close, b.volume), n(a)),
    "nvi": lambda b, a: less_average(talib.NVI(b.close, b.volume), n(a)),
    "pvi": lambda b, a: less_average(talib.PVI(b.close, b.volume), n(a)),
}

CYCLE: dict[str, Compute] = {
    "ht_period": lambda b, _: talib.HT_DCPERIOD(b.close),
    "ht_phase": lambda b, _: talib.HT_DCPHASE(b.close),
    "ht_inphase": lambda b, _: talib.HT_PHASOR(b.close)[0],
    "ht_quadrature": lambda b, _: talib.HT_PHASOR(b.close)[1],
    "ht_sine": lambda b, _: talib.HT_SINE(b.close)[0],
    "ht_leadsine": lambda b, _: talib.HT_SINE(b.close)[1],
    "ht_trendmode": lambda b, _: talib.HT_TRENDMODE(b.close),
}

FURTHER: dict[str, Compute] = {**PRICE, **MOMENTUM, **VOLATILITY, **VOLUME, **CYCLE}

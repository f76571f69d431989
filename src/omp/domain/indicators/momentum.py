"""Indicators of momentum: direction, speed and place."""

from omp.domain.indicators.parts import (
    AVERAGE,
    HUNDRED,
    OSCILLATOR,
    PERCENT,
    SHORT,
    SIGN,
    TREND,
    TREND_LEVELS,
    Indicator,
    further,
    length,
)

_STOCH = length(5, 9, 14, 21, 50)
_SMOOTH = length(3, 5, 10, low=1, high=100, name="smooth")
_FAST = length(5, 12, 20, name="fast", high=200)
_SLOW = length(26, 50, 100, name="slow", low=3)
_VORTEX = (0.8, 0.9, 1.0, 1.1, 1.2)
_SLOPES = (-0.5, -0.2, -0.1, 0.0, 0.1, 0.2, 0.5)
_SMI = (-50.0, -40.0, -25.0, -10.0, 0.0, 10.0, 25.0, 40.0, 50.0)

STANDARD: tuple[Indicator, ...] = (
    Indicator("rsi", "momentum", "hundred", HUNDRED, (OSCILLATOR,), "relative strength index"),
    Indicator(
        "stoch",
        "momentum",
        "hundred",
        HUNDRED,
        (length(5, 9, 14, 21, 50),),
        "place of the close in the high-low channel, 0 to 100",
    ),
    Indicator(
        "percent_rank",
        "momentum",
        "hundred",
        HUNDRED,
        (length(20, 50, 100, 200),),
        "share of the last length closes below this one, in per cent",
    ),
    Indicator("imi", "momentum", "hundred", HUNDRED, (OSCILLATOR,), "intraday momentum index"),
    Indicator(
        "bar_strength",
        "momentum",
        "unit",
        (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9),
        (),
        "place of the close between the low (0) and the high (1) of its bar",
    ),
    Indicator(
        "cci",
        "momentum",
        "cci",
        (-200.0, -100.0, -50.0, 0.0, 50.0, 100.0, 200.0),
        (length(5, 10, 20, 40),),
        "commodity channel index",
    ),
    Indicator(
        "cmo",
        "momentum",
        "cmo",
        (-50.0, -30.0, -15.0, 0.0, 15.0, 30.0, 50.0),
        (OSCILLATOR,),
        "Chande's momentum oscillator",
    ),
    Indicator(
        "roc",
        "momentum",
        "percent",
        PERCENT,
        (length(1, 2, 3, 5, 10, 20, 60, 120, low=1),),
        "change of the close over length bars, in per cent",
    ),
    Indicator(
        "distance",
        "momentum",
        "percent",
        PERCENT,
        (AVERAGE,),
        "close above (+) or below (-) its simple average, in per cent",
    ),
    Indicator(
        "zscore",
        "momentum",
        "zscore",
        (-2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5),
        (length(5, 10, 20, 50, 100),),
        "close less its average, in standard deviations",
    ),
    Indicator(
        "ppo",
        "momentum",
        "ppo",
        (-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0),
        (length(5, 12, 20, name="fast", high=200), length(26, 50, 100, name="slow", low=3)),
        "fast above (+) or below (-) slow exponential average, in per cent",
    ),
    Indicator(
        "trix",
        "momentum",
        "trix",
        (-0.2, -0.1, 0.0, 0.1, 0.2),
        (length(5, 10, 15, 30, high=100),),
        "one-bar change of a triple smoothed average, in per cent",
    ),
    Indicator("adx", "momentum", "trend", TREND_LEVELS, (TREND,), "strength of trend, 0 to 100"),
    Indicator("plus_di", "momentum", "trend", TREND_LEVELS, (TREND,), "upward directional index"),
    Indicator(
        "minus_di", "momentum", "trend", TREND_LEVELS, (TREND,), "downward directional index"
    ),
    Indicator(
        "aroon",
        "momentum",
        "aroon",
        (-80.0, -50.0, -25.0, 0.0, 25.0, 50.0, 80.0),
        (length(10, 14, 25, 50),),
        "Aroon up less Aroon down, -100 to 100",
    ),
    Indicator(
        "efficiency",
        "momentum",
        "unit",
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
        (length(5, 10, 20, 40),),
        "net move over the sum of moves (Kaufman), 0 to 1",
    ),
    Indicator(
        "balance_of_power",
        "momentum",
        "balance",
        (-0.5, -0.25, 0.0, 0.25, 0.5),
        (),
        "(close - open) / (high - low)",
    ),
)

FURTHER: tuple[Indicator, ...] = (
    further("apo", "momentum", "", SIGN, (_FAST, _SLOW), "fast less slow exponential average"),
    further(
        "mom", "momentum", "", SIGN, (length(1, 3, 5, 10, 20, 60, low=1),), "change of the close"
    ),
    further(
        "macd", "momentum", "macd", SIGN, (_FAST, _SLOW), "fast less slow average, as MACD's line"
    ),
    further(
        "macd_signal", "momentum", "macd", SIGN, (_FAST, _SLOW), "nine-bar average of MACD's line"
    ),
    further("macd_histogram", "momentum", "", SIGN, (_FAST, _SLOW), "MACD's line less its signal"),
    further(
        "stoch_k", "momentum", "hundred", HUNDRED, (_STOCH, _SMOOTH), "slow %K: averaged stoch"
    ),
    further(
        "stoch_d", "momentum", "hundred", HUNDRED, (_STOCH, _SMOOTH), "slow %D: averaged slow %K"
    ),
    further(
        "stoch_rsi",
        "momentum",
        "hundred",
        HUNDRED,
        (length(9, 14, 21), length(5, 14, name="window")),
        "place of rsi in its own channel over window bars, 0 to 100",
    ),
    further(
        "kdj_j",
        "momentum",
        "",
        (0.0, 10.0, 20.0, 50.0, 80.0, 90.0, 100.0),
        (_STOCH,),
        "J of KDJ: 3K - 2D",
    ),
    further(
        "willr",
        "momentum",
        "willr",
        (-90.0, -80.0, -70.0, -50.0, -30.0, -20.0, -10.0),
        (_STOCH,),
        "Williams' %R, -100 to 0",
    ),
    further(
        "ultosc",
        "momentum",
        "hundred",
        HUNDRED,
        (length(4, 7, 10, low=1, high=100),),
        "ultimate oscillator of length, twice and four times as many bars",
    ),
    further(
        "adxr", "momentum", "trend", TREND_LEVELS, (TREND,), "adx averaged with the one before"
    ),
    further("dx", "momentum", "trend", TREND_LEVELS, (TREND,), "directional index, not smoothed"),
    further("plus_dm", "momentum", "movement", (), (TREND,), "upward directional movement"),
    further("minus_dm", "momentum", "movement", (), (TREND,), "downward directional movement"),
    further("aroon_up", "momentum", "hundred", HUNDRED, (length(10, 14, 25, 50),), "Aroon up"),
    further("aroon_down", "momentum", "hundred", HUNDRED, (length(10, 14, 25, 50),), "Aroon down"),
    further("vortex_plus", "momentum", "vortex", _VORTEX, (TREND,), "upward vortex movement"),
    further("vortex_minus", "momentum", "vortex", _VORTEX, (TREND,), "downward vortex movement"),
    further(
        "bull_power", "momentum", "", SIGN, (length(5, 13, 26),), "Elder ray: high less average"
    ),
    further(
        "bear_power", "momentum", "", SIGN, (length(5, 13, 26),), "Elder ray: low less average"
    ),
    further(
        "forecast",
        "momentum",
        "percent",
        PERCENT,
        (SHORT,),
        "close above its forecast, in per cent",
    ),
    further(
        "slope",
        "momentum",
        "slope",
        _SLOPES,
        (SHORT,),
        "slope of a linear regression, per cent a bar",
    ),
    further("dpo", "momentum", "", SIGN, (length(10, 20, 40),), "detrended price oscillator"),
    further("qstick", "momentum", "", SIGN, (length(5, 10, 20),), "average of close less open"),
    further(
        "smi",
        "momentum",
        "smi",
        _SMI,
        (length(5, 13, 20),),
        "stochastic momentum index, -100 to 100",
    ),
    further("tsi", "momentum", "smi", _SMI, (), "true strength index of 25 and 13 bars"),
    further(
        "vhf", "momentum", "unit", (0.2, 0.3, 0.4, 0.5, 0.6), (TREND,), "vertical horizontal filter"
    ),
    further(
        "coppock",
        "momentum",
        "coppock",
        (-10.0, -5.0, -2.0, 0.0, 2.0, 5.0, 10.0),
        (),
        "Coppock curve of 10, 11 and 14 bars",
    ),
    further("awesome", "momentum", "", SIGN, (), "awesome oscillator of 5 and 34 bars"),
    further("accelerator", "momentum", "", SIGN, (), "awesome oscillator less its average"),
)

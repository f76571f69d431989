"""Indicators of volume: how much is traded, and on which side."""

from omp.domain.indicators.parts import (
    BALANCE,
    CHANNEL,
    HUNDRED,
    OSCILLATOR,
    SIGN,
    Indicator,
    further,
    length,
)

STANDARD: tuple[Indicator, ...] = (
    Indicator("mfi", "volume", "hundred", HUNDRED, (OSCILLATOR,), "money flow index, 0 to 100"),
    Indicator(
        "cmf", "volume", "flow", BALANCE, (length(10, 20, 40),), "Chaikin's money flow, -1 to 1"
    ),
    Indicator(
        "relative_volume",
        "volume",
        "ratio",
        (0.5, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 3.0),
        (length(5, 10, 20, 50),),
        "volume over its average",
    ),
    Indicator(
        "pvo",
        "volume",
        "pvo",
        (-20.0, -10.0, -5.0, 0.0, 5.0, 10.0, 20.0),
        (length(5, 12, name="fast", high=200), length(26, 50, name="slow", low=3)),
        "fast above (+) or below (-) slow average of volume, in per cent",
    ),
    Indicator(
        "adosc",
        "volume",
        "",
        (0.0,),
        (length(3, 5, name="fast", high=200), length(10, 20, name="slow", low=3)),
        "Chaikin's oscillator of accumulation and distribution",
    ),
    Indicator("force", "volume", "", (0.0,), (length(2, 5, 13, 30),), "Elder's force index"),
)

FURTHER: tuple[Indicator, ...] = (
    further("obv", "volume", "", SIGN, (CHANNEL,), "on-balance volume less its average"),
    further("ad", "volume", "", SIGN, (CHANNEL,), "accumulation line less its average"),
    further("pvt", "volume", "", SIGN, (CHANNEL,), "price-volume trend less its average"),
    further("nvi", "volume", "", SIGN, (CHANNEL,), "negative volume index less its average"),
    further("pvi", "volume", "", SIGN, (CHANNEL,), "positive volume index less its average"),
)

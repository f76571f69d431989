"""Indicators of volatility: how far prices move."""

from omp.domain.indicators.parts import (
    HUNDRED,
    Indicator,
    further,
    length,
)

_NATR = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0)

STANDARD: tuple[Indicator, ...] = (
    Indicator(
        "natr",
        "volatility",
        "natr",
        (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0),
        (length(5, 14, 28, 50),),
        "average true range in per cent of the close",
    ),
    Indicator(
        "range_ratio",
        "volatility",
        "ratio",
        (0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 2.0),
        (length(1, 3, 5, 10, low=1, name="fast", high=100), length(20, 50, 100, name="slow")),
        "average true range of fast bars over that of slow bars",
    ),
    Indicator(
        "deviation_ratio",
        "volatility",
        "ratio",
        (0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 2.0),
        (length(5, 10, 20, name="fast", high=200), length(50, 100, 200, name="slow", low=3)),
        "standard deviation of one-bar changes, fast over slow",
    ),
    Indicator(
        "bandwidth",
        "volatility",
        "bandwidth",
        (2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0),
        (length(10, 20, 50),),
        "four standard deviations of the close in per cent of its average",
    ),
    Indicator(
        "rvi",
        "volatility",
        "hundred",
        HUNDRED,
        (length(7, 14, 28),),
        "relative volatility index: share of deviation on rising bars, 0 to 100",
    ),
)

FURTHER: tuple[Indicator, ...] = (
    further("true_range", "volatility", "natr", _NATR, (), "true range in per cent of the close"),
    further("atr", "volatility", "range", (), (length(5, 14, 28, 50),), "average true range"),
    further("adr", "volatility", "range", (), (length(5, 14, 28, 50),), "average of high less low"),
    further(
        "average_deviation",
        "volatility",
        "natr",
        _NATR,
        (length(5, 14, 28, 50),),
        "mean absolute deviation of the close, in per cent of it",
    ),
    further(
        "chaikin_volatility",
        "volatility",
        "",
        (-20.0, -10.0, 0.0, 10.0, 20.0, 40.0),
        (length(5, 10, 20),),
        "change of the averaged range, in per cent",
    ),
    further(
        "mass_index",
        "volatility",
        "",
        (24.0, 24.5, 25.0, 25.5, 26.0, 26.5, 27.0),
        (),
        "mass index of 9 and 25 bars",
    ),
)

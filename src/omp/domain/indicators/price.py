"""Indicators of price: everything that is quoted in the currency of the bar."""

from omp.domain.indicators.parts import (
    AVERAGE,
    CHANNEL,
    SHORT,
    WIDTH,
    Indicator,
    further,
    length,
    share,
)

_MIDDLE = length(5, 10, 20, 50)

STANDARD: tuple[Indicator, ...] = (
    Indicator("open", "price", "price", (), (), "open of the bar"),
    Indicator("high", "price", "price", (), (), "high of the bar"),
    Indicator("low", "price", "price", (), (), "low of the bar"),
    Indicator("close", "price", "price", (), (), "close of the bar"),
    Indicator("typical", "price", "price", (), (), "mean of high, low and close"),
    Indicator("sma", "price", "price", (), (AVERAGE,), "simple moving average of the close"),
    Indicator("ema", "price", "price", (), (AVERAGE,), "exponential moving average of the close"),
    Indicator("wma", "price", "price", (), (AVERAGE,), "linearly weighted moving average"),
    Indicator("dema", "price", "price", (), (SHORT,), "double exponential moving average"),
    Indicator("tema", "price", "price", (), (SHORT,), "triple exponential moving average"),
    Indicator("hma", "price", "price", (), (length(5, 10, 20, 50, low=4),), "Hull average"),
    Indicator("kama", "price", "price", (), (SHORT,), "Kaufman's adaptive moving average"),
    Indicator("linreg", "price", "price", (), (SHORT,), "end point of a linear regression"),
    Indicator("midprice", "price", "price", (), (CHANNEL,), "middle of the high-low channel"),
    Indicator(
        "highest", "price", "price", (), (CHANNEL,), "highest high of the previous length bars"
    ),
    Indicator("lowest", "price", "price", (), (CHANNEL,), "lowest low of the previous length bars"),
    Indicator(
        "bollinger_upper",
        "price",
        "price",
        (),
        (length(10, 20, 50), WIDTH),
        "average of the close plus width standard deviations",
    ),
    Indicator(
        "bollinger_lower",
        "price",
        "price",
        (),
        (length(10, 20, 50), WIDTH),
        "average of the close minus width standard deviations",
    ),
    Indicator(
        "keltner_upper",
        "price",
        "price",
        (),
        (length(10, 20, 50), WIDTH),
        "average of the close plus width average true ranges",
    ),
    Indicator(
        "keltner_lower",
        "price",
        "price",
        (),
        (length(10, 20, 50), WIDTH),
        "average of the close minus width average true ranges",
    ),
    Indicator(
        "sar",
        "price",
        "price",
        (),
        (share("acceleration", 0.01, 0.02, 0.04, low=0.001, high=0.2),),
        "parabolic stop and reverse (its maximum is ten times the acceleration)",
    ),
)

FURTHER: tuple[Indicator, ...] = (
    further("average_price", "price", "price", (), (), "mean of open, high, low and close"),
    further("median_price", "price", "price", (), (), "mean of high and low"),
    further("weighted_close", "price", "price", (), (), "mean of high, low and twice the close"),
    further("heikin_close", "price", "price", (), (), "close of the Heikin-Ashi bar"),
    further("heikin_open", "price", "price", (), (), "open of the Heikin-Ashi bar"),
    further("trima", "price", "price", (), (_MIDDLE,), "triangular moving average"),
    further(
        "t3", "price", "price", (), (length(3, 5, 10, 20),), "Tillson's average, volume factor 0.7"
    ),
    further("zlema", "price", "price", (), (_MIDDLE,), "zero-lag exponential moving average"),
    further("rma", "price", "price", (), (_MIDDLE,), "Wilder's moving average"),
    further("vwma", "price", "price", (), (_MIDDLE,), "moving average weighted by volume"),
    further("midpoint", "price", "price", (), (CHANNEL,), "middle of the closes' channel"),
    further("tsf", "price", "price", (), (SHORT,), "linear regression one bar on"),
    further("ht_trendline", "price", "price", (), (), "Hilbert transform: instantaneous trend"),
    further("mama", "price", "price", (), (), "MESA adaptive average, limits 0.5 and 0.05"),
    further("fama", "price", "price", (), (), "follower of the MESA adaptive average"),
    further(
        "accbands_upper", "price", "price", (), (length(10, 20, 50),), "upper acceleration band"
    ),
    further(
        "accbands_lower", "price", "price", (), (length(10, 20, 50),), "lower acceleration band"
    ),
    further(
        "supertrend",
        "price",
        "price",
        (),
        (length(7, 10, 14, 20), share("width", 2.0, 3.0, 4.0, low=0.25, high=10.0)),
        "trailing line of width average true ranges",
    ),
)

"""The indicators a rule may use: names, parameters with their ranges, and sane levels.

This is a table, not code: the engine computes what stands here, configurations and strategy files
are checked against it, and `docs/reference/indicators.md` is compared with it by a test. Two
indicators may be compared with each other when they share a `scale`; an indicator with `levels`
may be compared with a number.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from omp.domain.errors import InvalidInput

GROUPS = ("price", "momentum", "volatility", "volume")


@dataclass(frozen=True)
class Parameter:
    """One parameter of an indicator.

    Args:
        name: as written in strategy.toml.
        low, high: the smallest and largest value that is accepted, both included.
        grid: the values that a search draws from, ascending.
        whole: True where only whole numbers (bars) make sense.
    """

    name: str
    low: float
    high: float
    grid: tuple[float, ...]
    whole: bool = True


@dataclass(frozen=True)
class Indicator:
    """One indicator.

    Args:
        name: as written in strategy.toml.
        group: one of GROUPS.
        scale: indicators of equal scale may be compared with each other; "" for none.
        levels: the numbers that a search compares it with, ascending; empty for price levels.
        parameters: in the order of strategy.toml.
        meaning: one line for the documentation.
    """

    name: str
    group: str
    scale: str
    levels: tuple[float, ...]
    parameters: tuple[Parameter, ...]
    meaning: str


def _length(*grid: float, low: float = 2, high: float = 400, name: str = "length") -> Parameter:
    return Parameter(name, low, high, grid)


def _share(name: str, *grid: float, low: float, high: float) -> Parameter:
    return Parameter(name, low, high, grid, whole=False)


_AVERAGE = _length(5, 10, 20, 50, 100, 200)
_SHORT = _length(3, 5, 10, 20, 50)
_CHANNEL = _length(5, 10, 20, 50, 100, high=400)
_WIDTH = _share("width", 1.0, 1.5, 2.0, 2.5, 3.0, low=0.25, high=6.0)
_OSCILLATOR = _length(2, 5, 9, 14, 21, 28)
_TREND = _length(7, 14, 28, 50)
_HUNDRED = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)
_TREND_LEVELS = (10.0, 15.0, 20.0, 25.0, 30.0, 40.0)
_PERCENT = (-10.0, -5.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0, 10.0)
_BALANCE = (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2)

_TABLE: tuple[Indicator, ...] = (
    # price: everything that is quoted in the currency of the bar
    Indicator("open", "price", "price", (), (), "open of the bar"),
    Indicator("high", "price", "price", (), (), "high of the bar"),
    Indicator("low", "price", "price", (), (), "low of the bar"),
    Indicator("close", "price", "price", (), (), "close of the bar"),
    Indicator("typical", "price", "price", (), (), "mean of high, low and close"),
    Indicator("sma", "price", "price", (), (_AVERAGE,), "simple moving average of the close"),
    Indicator("ema", "price", "price", (), (_AVERAGE,), "exponential moving average of the close"),
    Indicator("wma", "price", "price", (), (_AVERAGE,), "linearly weighted moving average"),
    Indicator("dema", "price", "price", (), (_SHORT,), "double exponential moving average"),
    Indicator("tema", "price", "price", (), (_SHORT,), "triple exponential moving average"),
    Indicator("hma", "price", "price", (), (_length(5, 10, 20, 50, low=4),), "Hull average"),
    Indicator("kama", "price", "price", (), (_SHORT,), "Kaufman's adaptive moving average"),
    Indicator("linreg", "price", "price", (), (_SHORT,), "end point of a linear regression"),
    Indicator("midprice", "price", "price", (), (_CHANNEL,), "middle of the high-low channel"),
    Indicator(
        "highest", "price", "price", (), (_CHANNEL,), "highest high of the previous length bars"
    ),
    Indicator(
        "lowest", "price", "price", (), (_CHANNEL,), "lowest low of the previous length bars"
    ),
    Indicator(
        "bollinger_upper",
        "price",
        "price",
        (),
        (_length(10, 20, 50), _WIDTH),
        "average of the close plus width standard deviations",
    ),
    Indicator(
        "bollinger_lower",
        "price",
        "price",
        (),
        (_length(10, 20, 50), _WIDTH),
        "average of the close minus width standard deviations",
    ),
    Indicator(
        "keltner_upper",
        "price",
        "price",
        (),
        (_length(10, 20, 50), _WIDTH),
        "average of the close plus width average true ranges",
    ),
    Indicator(
        "keltner_lower",
        "price",
        "price",
        (),
        (_length(10, 20, 50), _WIDTH),
        "average of the close minus width average true ranges",
    ),
    Indicator(
        "sar",
        "price",
        "price",
        (),
        (_share("acceleration", 0.01, 0.02, 0.04, low=0.001, high=0.2),),
        "parabolic stop and reverse (its maximum is ten times the acceleration)",
    ),
    # momentum
    Indicator("rsi", "momentum", "hundred", _HUNDRED, (_OSCILLATOR,), "relative strength index"),
    Indicator(
        "stoch",
        "momentum",
        "hundred",
        _HUNDRED,
        (_length(5, 9, 14, 21, 50),),
        "place of the close in the high-low channel, 0 to 100",
    ),
    Indicator(
        "percent_rank",
        "momentum",
        "hundred",
        _HUNDRED,
        (_length(20, 50, 100, 200),),
        "share of the last length closes below this one, in per cent",
    ),
    Indicator("imi", "momentum", "hundred", _HUNDRED, (_OSCILLATOR,), "intraday momentum index"),
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
        (_length(5, 10, 20, 40),),
        "commodity channel index",
    ),
    Indicator(
        "cmo",
        "momentum",
        "cmo",
        (-50.0, -30.0, -15.0, 0.0, 15.0, 30.0, 50.0),
        (_OSCILLATOR,),
        "Chande's momentum oscillator",
    ),
    Indicator(
        "roc",
        "momentum",
        "percent",
        _PERCENT,
        (_length(1, 2, 3, 5, 10, 20, 60, 120, low=1),),
        "change of the close over length bars, in per cent",
    ),
    Indicator(
        "distance",
        "momentum",
        "percent",
        _PERCENT,
        (_AVERAGE,),
        "close above (+) or below (-) its simple average, in per cent",
    ),
    Indicator(
        "zscore",
        "momentum",
        "zscore",
        (-2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5),
        (_length(5, 10, 20, 50, 100),),
        "close less its average, in standard deviations",
    ),
    Indicator(
        "ppo",
        "momentum",
        "ppo",
        (-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0),
        (_length(5, 12, 20, name="fast", high=200), _length(26, 50, 100, name="slow", low=3)),
        "fast above (+) or below (-) slow exponential average, in per cent",
    ),
    Indicator(
        "trix",
        "momentum",
        "trix",
        (-0.2, -0.1, 0.0, 0.1, 0.2),
        (_length(5, 10, 15, 30, high=100),),
        "one-bar change of a triple smoothed average, in per cent",
    ),
    Indicator("adx", "momentum", "trend", _TREND_LEVELS, (_TREND,), "strength of trend, 0 to 100"),
    Indicator("plus_di", "momentum", "trend", _TREND_LEVELS, (_TREND,), "upward directional index"),
    Indicator(
        "minus_di", "momentum", "trend", _TREND_LEVELS, (_TREND,), "downward directional index"
    ),
    Indicator(
        "aroon",
        "momentum",
        "aroon",
        (-80.0, -50.0, -25.0, 0.0, 25.0, 50.0, 80.0),
        (_length(10, 14, 25, 50),),
        "Aroon up less Aroon down, -100 to 100",
    ),
    Indicator(
        "efficiency",
        "momentum",
        "unit",
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
        (_length(5, 10, 20, 40),),
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
    # volatility
    Indicator(
        "natr",
        "volatility",
        "natr",
        (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0),
        (_length(5, 14, 28, 50),),
        "average true range in per cent of the close",
    ),
    Indicator(
        "range_ratio",
        "volatility",
        "ratio",
        (0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 2.0),
        (_length(1, 3, 5, 10, low=1, name="fast", high=100), _length(20, 50, 100, name="slow")),
        "average true range of fast bars over that of slow bars",
    ),
    Indicator(
        "deviation_ratio",
        "volatility",
        "ratio",
        (0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 2.0),
        (_length(5, 10, 20, name="fast", high=200), _length(50, 100, 200, name="slow", low=3)),
        "standard deviation of one-bar changes, fast over slow",
    ),
    Indicator(
        "bandwidth",
        "volatility",
        "bandwidth",
        (2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0),
        (_length(10, 20, 50),),
        "four standard deviations of the close in per cent of its average",
    ),
    Indicator(
        "rvi",
        "volatility",
        "hundred",
        _HUNDRED,
        (_length(7, 14, 28),),
        "relative volatility index: share of deviation on rising bars, 0 to 100",
    ),
    # volume
    Indicator("mfi", "volume", "hundred", _HUNDRED, (_OSCILLATOR,), "money flow index, 0 to 100"),
    Indicator(
        "cmf", "volume", "flow", _BALANCE, (_length(10, 20, 40),), "Chaikin's money flow, -1 to 1"
    ),
    Indicator(
        "relative_volume",
        "volume",
        "ratio",
        (0.5, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 3.0),
        (_length(5, 10, 20, 50),),
        "volume over its average",
    ),
    Indicator(
        "pvo",
        "volume",
        "pvo",
        (-20.0, -10.0, -5.0, 0.0, 5.0, 10.0, 20.0),
        (_length(5, 12, name="fast", high=200), _length(26, 50, name="slow", low=3)),
        "fast above (+) or below (-) slow average of volume, in per cent",
    ),
    Indicator(
        "adosc",
        "volume",
        "",
        (0.0,),
        (_length(3, 5, name="fast", high=200), _length(10, 20, name="slow", low=3)),
        "Chaikin's oscillator of accumulation and distribution",
    ),
    Indicator("force", "volume", "", (0.0,), (_length(2, 5, 13, 30),), "Elder's force index"),
)

INDICATORS: dict[str, Indicator] = {one.name: one for one in _TABLE}


def select_indicators(wanted: Iterable[str] = ()) -> tuple[str, ...]:
    """The names of the indicators that groups and names ask for; nothing asked for is all.

    Args:
        wanted: names of indicators and of groups, in any order.

    Raises:
        InvalidInput: when a name is neither an indicator nor a group.
    """
    asked = tuple(wanted)
    unknown = [name for name in asked if name not in INDICATORS and name not in GROUPS]
    if unknown:
        raise InvalidInput(
            f"unknown indicator or group: {', '.join(unknown)}",
            allowed=f"the groups {', '.join(GROUPS)}, or one of {', '.join(INDICATORS)}",
            remedy="write names of docs/reference/indicators.md",
        )
    return tuple(one.name for one in _TABLE if not asked or one.name in asked or one.group in asked)


def check_parameters(name: str, given: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """The parameters of an indicator in the table's order, whole numbers as int.

    Raises:
        InvalidInput: when the indicator is unknown, a parameter is missing, unknown, not a whole
            number where one is needed, or outside its range.
    """
    known = INDICATORS.get(name)
    if known is None:
        raise InvalidInput(
            f"unknown indicator {name!r}",
            allowed=", ".join(INDICATORS),
            remedy="write a name of docs/reference/indicators.md",
        )
    names = tuple(parameter.name for parameter in known.parameters)
    if set(given) != set(names):
        raise InvalidInput(
            f"indicator {name} was given the parameters {sorted(given)}",
            allowed=f"exactly {list(names)}",
            remedy="give each parameter once",
        )
    return tuple((one.name, _checked(name, one, given[one.name])) for one in known.parameters)


def _checked(name: str, parameter: Parameter, value: float) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    inside = number and parameter.low <= value <= parameter.high
    if not inside or (parameter.whole and value != int(value)):
        kind = "a whole number" if parameter.whole else "a number"
        raise InvalidInput(
            f"{name}.{parameter.name} = {value!r}",
            allowed=f"{kind} from {parameter.low:g} to {parameter.high:g}",
            remedy="change the parameter",
        )
    return int(value) if parameter.whole else float(value)

"""The indicators a rule may use: names, parameters with their ranges, and sane levels.

This is a table, not code: the engine computes what stands here, configurations and strategy files
are checked against it, and `docs/reference/indicators.md` is compared with it by a test. Two
indicators may be compared with each other when they share a `scale`; an indicator with `levels`
may be compared with a number. One file holds one group.
"""

import re
from collections.abc import Iterable

from omp.domain.errors import InvalidInput
from omp.domain.indicators import cycle, momentum, pattern, price, volatility, volume
from omp.domain.indicators.parts import Indicator, Parameter

__all__ = [
    "FEATURE",
    "GROUPS",
    "INDICATORS",
    "WORDS",
    "Indicator",
    "Parameter",
    "check_parameters",
    "is_feature",
    "select_indicators",
]

_FILES = {
    "price": price,
    "momentum": momentum,
    "volatility": volatility,
    "volume": volume,
    "cycle": cycle,
    "pattern": pattern,
}
GROUPS = tuple(_FILES)
_TABLE: tuple[Indicator, ...] = (
    *(one for file in _FILES.values() for one in file.STANDARD),
    *(one for file in _FILES.values() for one in file.FURTHER),
)
FEATURE = "feature:"
"""Before the name of a column of the user's own data."""

_FEATURE_NAME = re.compile(r"feature:[A-Za-z][A-Za-z0-9_]{0,39}")


def is_feature(name: str) -> bool:
    """Whether a name stands for a column of the user's own data."""
    return _FEATURE_NAME.fullmatch(name) is not None


class _Rows(dict[str, Indicator]):
    """The rows by name; a feature has a row without being listed."""

    def __missing__(self, name: str) -> Indicator:
        if not is_feature(name):
            raise KeyError(name)
        return Indicator(name, "feature", "", (), (), "a column of the user's data", False)


INDICATORS: dict[str, Indicator] = _Rows((one.name, one) for one in _TABLE)

FULL = "_full"
"""Behind a group's name: its further indicators, too."""

_SETS: dict[str, frozenset[str]] = {
    "all": frozenset(one.name for one in _TABLE if one.is_standard),
    "everything": frozenset(INDICATORS),
    **{
        group: frozenset(one.name for one in file.STANDARD or file.FURTHER)
        for group, file in _FILES.items()
    },
    **{
        group + FULL: frozenset(one.name for one in (*file.STANDARD, *file.FURTHER))
        for group, file in _FILES.items()
        if file.STANDARD
    },
}
WORDS = tuple(_SETS)
"""What stands for several indicators: all (the standard set), everything, groups, full groups."""


def select_indicators(wanted: Iterable[str] = ()) -> tuple[str, ...]:
    """The names of the indicators that words and names ask for; nothing asked for is `all`.

    Args:
        wanted: names of indicators, of features and of groups, and the other WORDS, in any order.

    Raises:
        InvalidInput: when a name is neither an indicator nor a word.
    """
    asked = tuple(wanted) or ("all",)
    features = sorted({name for name in asked if is_feature(name)})
    asked = tuple(name for name in asked if not is_feature(name))
    unknown = [name for name in asked if name not in INDICATORS and name not in _SETS]
    if unknown:
        raise InvalidInput(
            f"unknown indicator or group: {', '.join(unknown)}",
            allowed=f"{', '.join(WORDS)}, feature:NAME, or one of {', '.join(INDICATORS)}",
            remedy="write names of docs/reference/indicators.md",
        )
    chosen = frozenset[str]().union(*(_SETS.get(name, frozenset((name,))) for name in asked))
    return (*(one.name for one in _TABLE if one.name in chosen), *features)


def check_parameters(name: str, given: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """The parameters of an indicator in the table's order, whole numbers as int.

    Raises:
        InvalidInput: when the indicator is unknown, a parameter is missing, unknown, not a whole
            number where one is needed, or outside its range.
    """
    known = INDICATORS[name] if name in INDICATORS or is_feature(name) else None
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

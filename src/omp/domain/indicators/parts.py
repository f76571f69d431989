"""What a row of the indicator table is made of, and the grids that several rows share."""

from dataclasses import dataclass


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
        is_standard: whether a campaign that names no indicators, or its group, searches it.
    """

    name: str
    group: str
    scale: str
    levels: tuple[float, ...]
    parameters: tuple[Parameter, ...]
    meaning: str
    is_standard: bool = True


def further(
    name: str,
    group: str,
    scale: str,
    levels: tuple[float, ...],
    parameters: tuple[Parameter, ...],
    meaning: str,
) -> Indicator:
    """A row that a campaign must ask for."""
    return Indicator(name, group, scale, levels, parameters, meaning, is_standard=False)


def length(*grid: float, low: float = 2, high: float = 400, name: str = "length") -> Parameter:
    """A number of bars."""
    return Parameter(name, low, high, grid)


def share(name: str, *grid: float, low: float, high: float) -> Parameter:
    """A number that need not be whole."""
    return Parameter(name, low, high, grid, whole=False)


AVERAGE = length(5, 10, 20, 50, 100, 200)
SHORT = length(3, 5, 10, 20, 50)
CHANNEL = length(5, 10, 20, 50, 100, high=400)
WIDTH = share("width", 1.0, 1.5, 2.0, 2.5, 3.0, low=0.25, high=6.0)
OSCILLATOR = length(2, 5, 9, 14, 21, 28)
TREND = length(7, 14, 28, 50)
SIGN = (0.0,)
HUNDRED = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0)
TREND_LEVELS = (10.0, 15.0, 20.0, 25.0, 30.0, 40.0)
PERCENT = (-10.0, -5.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0, 10.0)
BALANCE = (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2)

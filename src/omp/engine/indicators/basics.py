"""What the computations of indicators share."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omp.engine.talib_door import talib
from omp.market.bars import Bars

Float = NDArray[np.float64]
Arguments = Mapping[str, float]
Compute = Callable[[Bars, Arguments], Float]


def n(arguments: Arguments, name: str = "length") -> int:
    """A parameter in bars."""
    return int(arguments[name])


def divide(top: Float, bottom: Float) -> Float:
    """top / bottom, NaN where bottom is zero."""
    quotient = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=quotient, where=bottom != 0.0)
    return quotient


def floats(values: Any) -> Float:
    """The values as one block of numbers."""
    return np.ascontiguousarray(values, dtype=np.float64)


def previous(values: Float) -> Float:
    """The values one bar later, so that a bar sees only the ones before it."""
    moved = np.full(values.shape, np.nan)
    moved[1:] = values[:-1]
    return moved


def percent(part: Float, whole: Float) -> Float:
    """part in per cent of whole, NaN where whole is zero."""
    return 100.0 * divide(part, whole)


def less_average(values: Float, length: int) -> Float:
    """Values less their simple average: a running total without its arbitrary start."""
    return floats(values - talib.SMA(values, length))

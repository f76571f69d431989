"""Return series as the statistics see them: shape, flatness, moments."""

import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]

MIN_OBSERVATIONS = 30
"""Below this many observations an estimate is UNKNOWN (evidence procedure, conventions)."""

FLAT_RANGE = 1e-10
"""A series whose range is within this fraction of its largest value has no variance."""

FLAT_BELOW = sys.float_info.min / FLAT_RANGE
"""Nor has one with a range below this: what rounds to fewer digits there is no longer a shape."""


def as_series(values: ArrayLike, name: str = "returns") -> Float:
    """The values as a float64 array of shape [T].

    Raises:
        ValueError: when they are not one-dimensional numbers.
    """
    series = np.ascontiguousarray(values, dtype=np.float64)
    if np.ndim(values) != 1:
        raise ValueError(
            f"{name} has shape {np.shape(values)}; allowed: one dimension, one value per bar [T]; "
            "pass one column at a time"
        )
    return series


def as_matrix(values: ArrayLike, name: str = "returns") -> Float:
    """The values as a float64 array of shape [T, N], one column per strategy.

    Raises:
        ValueError: when they are not two-dimensional numbers or hold no column.
    """
    matrix = np.ascontiguousarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise ValueError(
            f"{name} has shape {np.shape(values)}; allowed: two dimensions [T, N], one row per "
            "bar and one column per strategy"
        )
    return matrix


def is_flat(series: Float) -> bool:
    """Whether a finite series [T] is constant up to rounding, so that its variance is nothing."""
    if series.size == 0:
        return True
    spread = float(series.max()) - float(series.min())
    return spread <= max(FLAT_RANGE * float(np.abs(series).max()), FLAT_BELOW)


def usable(series: Float, at_least: int = MIN_OBSERVATIONS) -> bool:
    """Whether a series [T] carries evidence: long enough, finite throughout, not flat."""
    return series.size >= at_least and bool(np.isfinite(series).all()) and not is_flat(series)


@dataclass(frozen=True)
class Moments:
    """The first four moments of a return series, per bar.

    Args:
        n: observations.
        mean: mean return of a bar, as a fraction.
        variance: with divisor n - 1.
        skew: m3 / m2^1.5 of the central moments (divisor n).
        kurtosis: m4 / m2^2, raw: a normal has 3.
    """

    n: int
    mean: float
    variance: float
    skew: float
    kurtosis: float

    @property
    def sharpe(self) -> float:
        """Sharpe ratio per bar; NaN (UNKNOWN) where `sharpe_ratio` would say so."""
        if self.n < MIN_OBSERVATIONS or not self.variance > 0.0:
            return math.nan
        return self.mean / math.sqrt(self.variance)


def moments(returns: ArrayLike) -> Moments:
    """Number, mean, variance, skewness and raw kurtosis of a return series.

    Descriptive, so given for any length; every field that is undefined is NaN: all of them when a
    value is NaN or infinite or the series is empty, the variance of one value, skewness and
    kurtosis of a flat series (whose variance is 0).

    Args:
        returns: fractions per bar, [T].

    Raises:
        ValueError: when returns is not one-dimensional.
    """
    series = as_series(returns)
    n = int(series.size)
    if n == 0 or not bool(np.isfinite(series).all()):
        return Moments(n, math.nan, math.nan, math.nan, math.nan)
    mean = float(series.mean())
    if n == 1:
        return Moments(n, mean, math.nan, math.nan, math.nan)
    if is_flat(series):
        return Moments(n, mean, 0.0, math.nan, math.nan)
    # scaled to unit size first, so that tiny returns cannot underflow in the fourth power
    scale = float(np.abs(series - mean).max())
    unit = (series - mean) / scale
    m2 = float(np.mean(unit**2))
    skew = float(np.mean(unit**3)) / m2**1.5
    kurtosis = float(np.mean(unit**4)) / m2**2
    return Moments(n, mean, m2 * scale**2 * n / (n - 1), skew, kurtosis)

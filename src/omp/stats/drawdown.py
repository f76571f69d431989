"""Equity and drawdown curves of a series of bar returns."""

import math

import numpy as np
from numpy.typing import ArrayLike

from omp.stats.moments import Float, as_series


def equity_curve(returns: ArrayLike) -> Float:
    """Account value after each bar, starting from 1.0 before the first.

    A bar return of -1 or less is ruin: the account stays at 0 from that bar on.

    Args:
        returns: net returns as fractions per bar, [T].

    Returns:
        Account values, [T]; NaN from the first NaN return on (unless ruined before).

    Raises:
        ValueError: when returns is not one-dimensional.
    """
    growth = np.maximum(1.0 + as_series(returns), 0.0)
    equity = np.cumprod(growth)
    ruined = np.flatnonzero(equity == 0.0)
    if ruined.size:
        equity[ruined[0] :] = 0.0
    return np.asarray(equity)


def drawdown_curve(returns: ArrayLike) -> Float:
    """Loss from the highest value so far, the starting 1.0 included, as a positive fraction.

    Args:
        returns: net returns as fractions per bar, [T].

    Returns:
        Fractions from 0 (at a peak) to 1 (ruin), [T]; NaN where the equity is.

    Raises:
        ValueError: when returns is not one-dimensional.
    """
    equity = equity_curve(returns)
    peak = np.maximum.accumulate(np.maximum(equity, 1.0))
    return np.asarray(1.0 - equity / peak)


def max_drawdown(returns: ArrayLike) -> float:
    """Deepest loss from a peak, as a positive fraction; the starting 1.0 counts as a peak.

    Args:
        returns: net returns as fractions per bar, [T].

    Returns:
        A fraction from 0 (never below a peak) to 1 (ruin); NaN (UNKNOWN) for an empty series or
        one that holds NaN or infinity.

    Raises:
        ValueError: when returns is not one-dimensional.
    """
    series = as_series(returns)
    if series.size == 0 or not bool(np.isfinite(series).all()):
        return math.nan
    return float(drawdown_curve(series).max())

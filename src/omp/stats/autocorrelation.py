"""Dependence between bars: Newey-West standard errors, autocorrelations, Lo's annualisation."""

import math

import numpy as np
from numpy.typing import ArrayLike

from omp.stats.moments import Float, as_series, usable


def newey_west_lags(n_obs: int) -> int:
    """Usual number of lags, ⌊4·(n/100)^(2/9)⌋ (Newey & West 1994).

    Args:
        n_obs: bars.
    """
    return int(4.0 * (n_obs / 100.0) ** (2.0 / 9.0)) if n_obs > 0 else 0


def bartlett_long_run_sum(scores: Float, lags: int) -> float:
    """Σ over i, j of w(|i - j|)·s_i·s_j with Bartlett weights w(l) = 1 - l/(L + 1).

    Newey & West (1987), eq. 5; never negative but for rounding.

    Args:
        scores: terms of a sum with mean 0, [T].
        lags: L, 0 ≤ L < T.
    """
    total = float(np.dot(scores, scores))
    for lag in range(1, lags + 1):
        weight = 1.0 - lag / (lags + 1.0)
        total += 2.0 * weight * float(np.dot(scores[lag:], scores[:-lag]))
    return total


def newey_west_se_mean(returns: ArrayLike, lags: int | None = None) -> float:
    """Standard error of a mean return that allows for autocorrelation and changing variance.

    Newey & West (1987), Bartlett kernel, autocovariances with divisor T; the same as regressing
    on a constant with HAC errors. With 0 lags it is the standard deviation (divisor T) over √T.

    Args:
        returns: fractions per bar, [T].
        lags: L, 0 ≤ L < T; none given means ⌊4·(T/100)^(2/9)⌋.

    Returns:
        The standard error per bar, or NaN (UNKNOWN) for fewer than 30 bars, a NaN or infinite
        return, no variance, or an estimate that is not positive.

    Raises:
        ValueError: when returns is not one-dimensional or lags is negative or not below T.
    """
    series = as_series(returns)
    n = int(series.size)
    depth = newey_west_lags(n) if lags is None else lags
    if depth != int(depth) or depth < 0 or (lags is not None and depth >= max(n, 1)):
        raise ValueError(f"lags is {lags} for {n} bars; allowed: a whole number from 0 to T - 1")
    if not usable(series):
        return math.nan
    total = bartlett_long_run_sum(series - series.mean(), int(depth))
    return math.sqrt(total) / n if total > 0.0 else math.nan


def autocorrelations(returns: ArrayLike, n_lags: int) -> Float:
    """Sample autocorrelations at lags 1 to n_lags, as `lo_eta` takes them.

    Box & Jenkins (1976): Σ(x_t - x̄)(x_{t-k} - x̄) / Σ(x_t - x̄)².

    Args:
        returns: fractions per bar, [T].
        n_lags: number of lags, 0 ≤ n_lags < T.

    Returns:
        Autocorrelations, [n_lags]; all NaN for fewer than 30 bars, a NaN or infinite return, or
        no variance.

    Raises:
        ValueError: when returns is not one-dimensional or n_lags is negative or not below T.
    """
    series = as_series(returns)
    if n_lags < 0 or n_lags >= max(int(series.size), 1):
        raise ValueError(
            f"n_lags is {n_lags} for {series.size} bars; allowed: a whole number from 0 to T - 1"
        )
    if not usable(series):
        return np.full(n_lags, np.nan)
    centred = series - series.mean()
    total = np.dot(centred, centred)
    return np.array([np.dot(centred[k:], centred[:-k]) / total for k in range(1, n_lags + 1)])


def lo_eta(q: int, rhos: ArrayLike) -> float:
    """Factor that turns a Sharpe ratio per bar into one per q bars under autocorrelation.

    Lo (2002), eq. 20: η(q) = q / sqrt(q + 2·Σ_{k=1}^{q-1} (q - k)·rho_k); √q without
    autocorrelation.

    Args:
        q: bars in the longer period, such as 12 for months in a year.
        rhos: autocorrelations at lags 1, 2, …; those beyond q - 1 are not used, those not given
            are taken as 0, [K].

    Returns:
        The factor, or NaN (UNKNOWN) for a NaN or infinite autocorrelation or a variance term that
        is not positive.

    Raises:
        ValueError: when q is not a whole number of at least 1, an autocorrelation lies outside
            [-1, 1], or rhos is not one-dimensional.
    """
    if q != int(q) or q < 1:
        raise ValueError(f"q is {q}; allowed: a whole number of bars, 1 or more")
    rho = as_series(rhos, "rhos")[: int(q) - 1]
    if bool((np.abs(rho) > 1.0 + 1e-12).any()):
        raise ValueError(f"rhos reach {np.abs(rho).max()}; allowed: autocorrelations in [-1, 1]")
    weights = q - np.arange(1, rho.size + 1)
    term = q + 2.0 * float(np.dot(weights, rho))
    if not (math.isfinite(term) and term > 0.0):
        return math.nan
    return q / math.sqrt(term)

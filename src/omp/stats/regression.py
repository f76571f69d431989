"""The test of a sealed window: does the strategy earn more than its market exposure explains?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from omp.stats.autocorrelation import bartlett_long_run_sum, newey_west_lags
from omp.stats.moments import as_series, usable

EXACT_FIT = 1e-20
"""Residuals below this share of the returns' squares are rounding: nothing is left to test."""


@dataclass(frozen=True)
class AlphaTest:
    """One-sided test that alpha is above 0; every figure is NaN when UNKNOWN.

    Args:
        alpha: return per bar that the market does not explain, as a fraction.
        beta: return per unit of market return.
        standard_error: Newey-West standard error of alpha, per bar.
        t: alpha over its standard error.
        dof: degrees of freedom of Student's distribution, n - 2.
        lags: lags of the Bartlett kernel.
        p_value: probability of so large a t without any alpha.
        n_obs: bars.
    """

    alpha: float
    beta: float
    standard_error: float
    t: float
    dof: int
    lags: int
    p_value: float
    n_obs: int


def alpha_test(net: ArrayLike, market: ArrayLike, lags: int | None = None) -> AlphaTest:
    """Regress a strategy's net returns on (1, market return) and test alpha > 0.

    Jensen (1968) with the covariance of Newey & West (1987), Bartlett kernel, no small-sample
    factor, L = ⌊4·(n/100)^(2/9)⌋ lags, and Student's distribution with n - 2 degrees of freedom.
    Being long of a rising market shows in beta, not in alpha: it is timing test and look in one.

    Args:
        net: net returns of the strategy as fractions per bar, [T].
        market: returns of what it trades, over the same bars, [T].
        lags: L, 0 ≤ L < T; none given means the rule above.

    Returns:
        The test. UNKNOWN (NaN) for fewer than 30 bars, a NaN or infinite return, a flat strategy
        or market, a strategy that is an exact multiple of its market plus a constant, or a
        variance of alpha that is not positive.

    Raises:
        ValueError: when the two do not have one return per bar each, or lags is negative or not
            below T.
    """
    y, x = as_series(net, "net"), as_series(market, "market")
    if y.shape != x.shape:
        raise ValueError(
            f"net has {y.size} bars and market {x.size}; allowed: one return of each per bar"
        )
    n = int(y.size)
    depth = newey_west_lags(n) if lags is None else lags
    if depth != int(depth) or depth < 0 or (lags is not None and depth >= max(n, 1)):
        raise ValueError(f"lags is {lags} for {n} bars; allowed: a whole number from 0 to T - 1")
    dof = max(n - 2, 0)
    nan = math.nan
    unknown = AlphaTest(nan, nan, nan, nan, dof, int(depth), nan, n)
    if not (usable(y) and usable(x)):
        return unknown
    centred = x - x.mean()
    spread = float(np.dot(centred, centred))
    beta = float(np.dot(centred, y - y.mean())) / spread
    alpha = float(y.mean()) - beta * float(x.mean())
    residual = y - alpha - beta * x
    if float(np.dot(residual, residual)) <= EXACT_FIT * float(np.dot(y, y)):
        return unknown
    # each bar's pull on the estimate of alpha: the first row of (X'X)⁻¹X', times the residual
    scores = (1.0 / n - float(x.mean()) * centred / spread) * residual
    variance = bartlett_long_run_sum(scores, int(depth))
    if not (math.isfinite(variance) and variance > 0.0):
        return unknown
    error = math.sqrt(variance)
    t = alpha / error
    return AlphaTest(alpha, beta, error, t, dof, int(depth), student_upper_tail(t, dof), n)


def student_upper_tail(t: float, dof: float) -> float:
    """Probability that Student's t with dof degrees of freedom exceeds t.

    Args:
        t: the statistic.
        dof: degrees of freedom, positive.
    """
    from scipy.special import stdtr

    return float(stdtr(dof, -t))

"""Sharpe ratios and how far to believe them: PSR, MinTRL, the luck of N trials, DSR, MinBTL.

Every Sharpe ratio is per bar unless a docstring says otherwise; the variance of an estimate is
taken at the observed Sharpe; kurtosis is raw (normal = 3). What is undefined is NaN (UNKNOWN).
"""

import math

from numpy.typing import ArrayLike

from omp.stats.moments import MIN_OBSERVATIONS, as_series, usable
from omp.stats.normal import normal_cdf, upper_normal_quantile

EULER_GAMMA = 0.5772156649015329


def sharpe_ratio(returns: ArrayLike, periods_per_year: float = 1.0) -> float:
    """Mean over standard deviation of a return series.

    Sharpe (1994), eq. 6, ddof 1. Take the cash yield off before, where one applies.

    Args:
        returns: net (excess) returns as fractions per bar, [T].
        periods_per_year: 1 gives the ratio per bar; bars per year gives the annual ratio, which
            is the ratio per bar times its square root.

    Returns:
        The ratio, or NaN (UNKNOWN) for fewer than 30 bars, a NaN or infinite return, or no
        variance.

    Raises:
        ValueError: when returns is not one-dimensional or periods_per_year is not positive.
    """
    series = as_series(returns)
    if not periods_per_year > 0.0 or math.isinf(periods_per_year):
        raise ValueError(
            f"periods_per_year is {periods_per_year}; allowed: a positive number, 1 for a ratio "
            "per bar"
        )
    if not usable(series):
        return math.nan
    return float(series.mean() / series.std(ddof=1)) * math.sqrt(periods_per_year)


def _variance_term(sr: float, skew: float, kurtosis: float) -> float:
    """(T - 1) times the variance of an estimated Sharpe ratio (Mertens 2002; Lo 2002)."""
    return 1.0 - skew * sr + (kurtosis - 1.0) / 4.0 * sr * sr


def sharpe_standard_error(sr: float, n_obs: float, skew: float, kurtosis: float) -> float:
    """Standard error of an estimated Sharpe ratio under non-normal returns.

    Bailey & López de Prado (2012): sqrt(v / (T - 1)), with the variance term
    v = 1 - skew·SR + (kurtosis - 1)/4·SR².

    Args:
        sr: observed Sharpe ratio, per bar.
        n_obs: bars it was measured on.
        skew: skewness of the returns.
        kurtosis: raw kurtosis of the returns (normal = 3).

    Returns:
        The standard error per bar, or NaN (UNKNOWN) for a NaN or infinite argument, fewer than
        30 bars, or a variance term that is not positive.
    """
    term = _variance_term(sr, skew, kurtosis)
    if not (math.isfinite(term) and term > 0.0 and MIN_OBSERVATIONS <= n_obs < math.inf):
        return math.nan
    return math.sqrt(term / (n_obs - 1.0))


def probabilistic_sharpe_ratio(
    sr: float, sr_benchmark: float, n_obs: float, skew: float, kurtosis: float
) -> float:
    """Probability that the true Sharpe ratio exceeds a benchmark (PSR).

    Bailey & López de Prado (2012): Φ((SR - SR*)·sqrt(T - 1) / sqrt(v)), with
    v = 1 - skew·SR + (kurtosis - 1)/4·SR² and Φ the standard normal.

    Args:
        sr: observed Sharpe ratio, per bar.
        sr_benchmark: the Sharpe ratio to beat, per bar.
        n_obs: bars the ratio was measured on.
        skew: skewness of the returns.
        kurtosis: raw kurtosis of the returns (normal = 3).

    Returns:
        A probability, or NaN (UNKNOWN) for a NaN or infinite argument, fewer than 30 bars, or a
        variance term that is not positive.
    """
    error = sharpe_standard_error(sr, n_obs, skew, kurtosis)
    z = (sr - sr_benchmark) / error
    return normal_cdf(z) if math.isfinite(z) else math.nan


def min_track_record_length(
    sr: float, sr_benchmark: float, skew: float, kurtosis: float, alpha: float = 0.05
) -> float:
    """Bars needed before PSR reaches 1 - alpha at the observed ratio (MinTRL).

    Bailey & López de Prado (2012): 1 + v·(z / (SR - SR*))² with z the upper
    alpha quantile of a normal and v = 1 - skew·SR + (kurtosis - 1)/4·SR². Not rounded up.

    Args:
        sr: observed Sharpe ratio, per bar.
        sr_benchmark: the Sharpe ratio to beat, per bar.
        skew: skewness of the returns.
        kurtosis: raw kurtosis of the returns (normal = 3).
        alpha: significance level, 0 < alpha ≤ 0.5.

    Returns:
        Bars; infinity when the observed ratio does not exceed the benchmark (no length is long
        enough); NaN (UNKNOWN) for a NaN or infinite argument or a variance term that is not
        positive.

    Raises:
        ValueError: when alpha lies outside (0, 0.5].
    """
    if not 0.0 < alpha <= 0.5:
        raise ValueError(f"alpha is {alpha}; allowed: 0 < alpha <= 0.5, such as 0.05")
    term = _variance_term(sr, skew, kurtosis)
    if not (math.isfinite(term) and math.isfinite(sr_benchmark) and term > 0.0):
        return math.nan
    if sr <= sr_benchmark:
        return math.inf
    ratio = upper_normal_quantile(alpha) / (sr - sr_benchmark)
    return 1.0 + term * ratio * ratio


def _expected_max_z(n_trials: float) -> float:
    """Expected maximum of N standard normals; 0 for one of them, NaN for NaN."""
    if math.isnan(n_trials):
        return math.nan
    if not 1.0 <= n_trials < math.inf:
        raise ValueError(
            f"n_trials is {n_trials}; allowed: 1 or more; count every distinct trial evaluated"
        )
    if n_trials == 1.0:
        return 0.0
    first = upper_normal_quantile(1.0 / n_trials)
    second = upper_normal_quantile(1.0 / (n_trials * math.e))
    return max(0.0, (1.0 - EULER_GAMMA) * first + EULER_GAMMA * second)


def expected_max_sharpe(n_trials: float, sr_variance: float) -> float:
    """The luck line: the best Sharpe ratio expected from N trials without any edge.

    Bailey & López de Prado (2014), eq. 1 with a true mean of 0: sqrt(V)·((1 - g)·Φ⁻¹(1 - 1/N) +
    g·Φ⁻¹(1 - 1/(N·e))), g Euler's constant. One trial has nothing to be the best of: 0. Between 1
    and 2 (an effective number of trials need not be whole) the approximation is held at 0 or more.

    Args:
        n_trials: N, 1 or more.
        sr_variance: V, variance of the Sharpe ratios across trials, per bar; 1/(T - 1) is the
            variance under the null.

    Returns:
        A Sharpe ratio per bar, or NaN (UNKNOWN) for a NaN argument, an infinite or negative V, or
        V = 0 with more than one trial (trials that do not differ measure no luck).

    Raises:
        ValueError: when n_trials is below 1 or infinite.
    """
    z = _expected_max_z(n_trials)
    if not (math.isfinite(sr_variance) and sr_variance >= 0.0):
        return math.nan
    if sr_variance == 0.0 and n_trials != 1.0:
        return math.nan
    return math.sqrt(sr_variance) * z


def deflated_sharpe_ratio(
    sr: float, n_obs: float, skew: float, kurtosis: float, n_trials: float, sr_variance: float
) -> float:
    """Probability that the true Sharpe ratio exceeds the luck of N trials (DSR).

    Bailey & López de Prado (2014), eq. 2: PSR at the expected maximum of N Sharpe ratios. N = 1
    gives PSR(0). Their example (annual 2.5, T = 1,250 of 250 a year, skewness -3, kurtosis 10,
    variance ½ a year) gives 0.9004 at N = 100 and 0.9505 at N = 46.

    Args:
        sr: observed Sharpe ratio, per bar.
        n_obs: bars it was measured on.
        skew: skewness of the returns.
        kurtosis: raw kurtosis of the returns (normal = 3).
        n_trials: N, every distinct trial that was evaluated, 1 or more.
        sr_variance: variance of the trials' Sharpe ratios, per bar; the gate uses 1/(T - 1).

    Returns:
        A probability, or NaN (UNKNOWN) where PSR or the expected maximum is.

    Raises:
        ValueError: when n_trials is below 1 or infinite.
    """
    benchmark = expected_max_sharpe(n_trials, sr_variance)
    return probabilistic_sharpe_ratio(sr, benchmark, n_obs, skew, kurtosis)


def min_backtest_length(n_trials: float, target_sharpe: float = 1.0) -> float:
    """Length below which N trials without any edge reach a Sharpe ratio by luck (MinBTL).

    Bailey, Borwein, López de Prado & Zhu (2014), "Pseudo-mathematics and financial charlatanism",
    eq. 6: (E[max of N] / target)². 45 trials reach an annual 1.0 within five years.

    Args:
        n_trials: N, 1 or more.
        target_sharpe: the ratio; an annual one gives years, one per bar gives bars.

    Returns:
        The length in the unit of the ratio; 0 for one trial (nothing was selected); NaN (UNKNOWN)
        for a NaN argument.

    Raises:
        ValueError: when n_trials is below 1 or infinite, or target_sharpe is not positive.
    """
    z = _expected_max_z(n_trials)
    if target_sharpe <= 0.0 or math.isinf(target_sharpe):
        raise ValueError(
            f"target_sharpe is {target_sharpe}; allowed: a positive number, annual for a length "
            "in years"
        )
    ratio = z / target_sharpe
    return ratio * ratio

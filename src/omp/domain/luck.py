"""The luck line: the Sharpe ratio that the best of so many trials would reach on pure noise."""

import math
from statistics import NormalDist

_EULER_MASCHERONI = 0.5772156649015329


def expected_max_sharpe(n_trials: int, n_bars: int) -> float | None:
    """Expected maximum of N Sharpe ratios per bar, each of n bars without any edge.

    Bailey & López de Prado (2014), equation for E[max], with the null variance V = 1/(n - 1):
    sqrt(V) · ((1 - g)·Z⁻¹(1 - 1/N) + g·Z⁻¹(1 - 1/(N·e))), g = 0.5772…

    Args:
        n_trials: N, distinct trials.
        n_bars: Bars of the window each was measured on.

    Returns:
        Per bar; 0 for a single trial, None where it is undefined.
    """
    if n_trials < 1 or n_bars < 2:
        return None
    if n_trials == 1:
        return 0.0
    normal = NormalDist()
    high = normal.inv_cdf(1.0 - 1.0 / n_trials)
    higher = normal.inv_cdf(1.0 - 1.0 / (n_trials * math.e))
    spread = math.sqrt(1.0 / (n_bars - 1))
    return spread * ((1.0 - _EULER_MASCHERONI) * high + _EULER_MASCHERONI * higher)

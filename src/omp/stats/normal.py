"""The standard normal distribution without scipy, accurate in both tails."""

import math
from statistics import NormalDist

_STANDARD = NormalDist()


def normal_cdf(z: float) -> float:
    """Probability that a standard normal falls at or below z (NaN in, NaN out).

    Args:
        z: standard deviations.
    """
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def normal_quantile(p: float) -> float:
    """The z below which a standard normal falls with probability p.

    Args:
        p: probability, 0 < p < 1.

    Raises:
        ValueError: when p is not between 0 and 1, both excluded.
    """
    if not 0.0 < p < 1.0:
        raise ValueError(f"a normal quantile was asked for p = {p}; allowed: 0 < p < 1")
    return _STANDARD.inv_cdf(p)


def upper_normal_quantile(q: float) -> float:
    """The z above which a standard normal falls with probability q, exact for tiny q.

    Args:
        q: probability of the upper tail, 0 < q < 1.

    Raises:
        ValueError: when q is not between 0 and 1, both excluded.
    """
    return -normal_quantile(q)

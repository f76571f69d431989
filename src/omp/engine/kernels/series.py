"""The compiled measures of x itself: its moments, and its sums over bounds."""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def series_batch(
    order: Any, lo: int, hi: int, share: Any, excess: Any, bounds: Any, moments: Any, sketch: Any
) -> None:
    """Describe the pooled x of genomes order[lo:hi].

    Args:
        share: 1 / symbols with each bar, [T]. excess: sums of x over the symbols, [hi - lo, T].
        bounds: first bar of each part and the bar after the last, [K + 1].
        moments: [G, 4] mean, variance, skewness, kurtosis; sketch: [G, K]; written.
    """
    n = share.size
    for at in range(lo, hi):
        g, x = order[at], excess[at - lo]
        total = 0.0
        for t in range(n):
            x[t] *= share[t]
            total += x[t]
        mean = total / n
        two, three, four = 0.0, 0.0, 0.0
        for t in range(n):
            d = x[t] - mean
            two += d * d
            three += d * d * d
            four += d * d * d * d
        moments[g, 0] = mean
        moments[g, 1] = two / (n - 1) if n > 1 else np.nan
        moments[g, 2] = (three / n) / (two / n) ** 1.5 if two > 0.0 else np.nan
        moments[g, 3] = (four / n) / (two / n) ** 2 if two > 0.0 else np.nan
        for s in range(bounds.size - 1):
            part = 0.0
            for t in range(bounds[s], bounds[s + 1]):
                part += x[t]
            sketch[g, s] = part

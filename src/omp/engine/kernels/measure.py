"""The compiled measures of pooled series: Sharpe, drawdown, moments and block sums."""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def measure_batch(
    lo: int,
    hi: int,
    share: Any,
    pool_return: Any,
    pool_over_cash: Any,
    pool_excess: Any,
    dropped: int,
    block_sum: Any,
    block_sum_sq: Any,
    place: Any,
    sign: Any,
    sketch: Any,
    out: Any,
) -> None:
    """Measure the pooled series of genomes lo..hi-1.

    Args:
        share: 1 / symbols with each bar, [T]. dropped: oldest bars outside the blocks
            (all of them without blocks). place, sign: [T] where in the sketch a bar is added.
        block_sum, block_sum_sq: [G, S]; sketch: [G, K]; written.
        out: [G, 7] Sharpe over cash, drawdown, and of x: mean, variance, skew, kurtosis, Sharpe.
    """
    n = share.size
    blocks = block_sum.shape[1]
    length = (n - dropped) // blocks if blocks > 0 else 0
    has_cash = pool_over_cash.shape[0] > 0
    for g in range(lo, hi):
        raw, excess = pool_return[g - lo], pool_excess[g - lo]
        over = pool_over_cash[g - lo] if has_cash else raw
        equity, peak, worst = 1.0, 1.0, 0.0
        sum_over, sum_x = 0.0, 0.0
        for t in range(n):
            raw[t] *= share[t]
            excess[t] *= share[t]
            equity *= 1.0 + raw[t]
            if equity > peak:
                peak = equity
            elif peak - equity > worst * peak:
                worst = (peak - equity) / peak
            if has_cash:
                over[t] *= share[t]
            sum_over += over[t]
            sum_x += excess[t]
            sketch[g, place[t]] += sign[t] * excess[t]
        mean_over, mean_x = sum_over / n, sum_x / n
        two_over, two, three, four = 0.0, 0.0, 0.0, 0.0
        for s in range(-1, blocks):  # -1: the oldest bars, which lie in no block
            begin = 0 if s < 0 else dropped + s * length
            one_sum, one_square = 0.0, 0.0
            for t in range(begin, dropped if s < 0 else begin + length):
                x = excess[t]
                one_sum += x
                one_square += x * x
                away = over[t] - mean_over
                two_over += away * away
                d = x - mean_x
                d2 = d * d
                two += d2
                three += d2 * d
                four += d2 * d2
            if s >= 0:
                block_sum[g, s], block_sum_sq[g, s] = one_sum, one_square
        out[g, :] = np.nan
        out[g, 1] = worst
        out[g, 2] = mean_x
        if n > 1:
            if two_over > 0.0:
                out[g, 0] = mean_over / np.sqrt(two_over / (n - 1))
            out[g, 3] = two / (n - 1)
            if two > 0.0:
                out[g, 4] = (three / n) / (two / n) ** 1.5
                out[g, 5] = (four / n) / (two / n) ** 2
                out[g, 6] = mean_x / np.sqrt(two / (n - 1))

"""The compiled measures of pooled series: Sharpe, drawdown, moments and block sums."""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def measure_batch(  # noqa: C901 - two passes over the bars of a genome
    order: Any,
    lo: int,
    hi: int,
    share: Any,
    pool_return: Any,
    pool_over_cash: Any,
    pool_excess: Any,
    dropped: int,
    block_sum: Any,
    block_sum_sq: Any,
    market: Any,
    out: Any,
) -> None:
    """Measure the pooled series of genomes order[lo:hi].

    Args:
        share: 1 / symbols with each bar, [T]. dropped: oldest bars outside the blocks
            (all of them without blocks). market: mean return over cash of the symbols, [T].
        block_sum, block_sum_sq: [G, S], written.
        out: [G, 6] Sharpe over cash, drawdown, mean and variance of x, Sharpe of x, correlation of
            the return over cash with the market, written.
    """
    n = share.size
    blocks = block_sum.shape[1]
    length = (n - dropped) // blocks if blocks > 0 else 0
    has_cash = pool_over_cash.shape[0] > 0
    mean_market = 0.0
    for t in range(n):
        mean_market += market[t]
    mean_market /= n
    for at in range(lo, hi):
        g = order[at]
        raw, excess = pool_return[at - lo], pool_excess[at - lo]
        over = pool_over_cash[at - lo] if has_cash else raw
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
        mean_over, mean_x = sum_over / n, sum_x / n
        two_over, two, together, two_market = 0.0, 0.0, 0.0, 0.0
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
                two += d * d
                of_market = market[t] - mean_market
                together += away * of_market
                two_market += of_market * of_market
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
                out[g, 4] = mean_x / np.sqrt(two / (n - 1))
            if two_over > 0.0 and two_market > 0.0:
                out[g, 5] = together / np.sqrt(two_over * two_market)

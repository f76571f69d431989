"""The moments of x from the trades of one symbol, by prefix sums of powers of the bar returns."""

from typing import Any

import numpy as np
from numba import njit

_CANCELLED, _SHRUNK = 3e-6, 1e-4  # as in `account`


@njit(cache=True, nogil=True)
def moments(
    order: Any,
    lo: int,
    hi: int,
    first: Any,
    size: Any,
    bars: Any,
    rows: Any,
    side: float,
    records: Any,
    powers: Any,
    out: Any,
    general: Any,
) -> None:
    """Mean, variance, skewness and kurtosis of x of genomes order[lo:hi].

    Args:
        first, size, bars, rows: as `list_trades` writes them. side: p, 1.0 or -1.0.
        records: flat; see `account`.
        powers: sums of d, d**2, d**3, d**4 over the bars before each bar, [T + 1, 4].
        out: [G, 4], written. general: set where rounding would show, [G].
    """
    n = powers.shape[0] - 1
    for i in range(lo, hi):
        g = order[i]
        begin = first[i - lo]
        end = begin + size[i - lo]
        one, two, three, four, held = 0.0, 0.0, 0.0, 0.0, 0
        for k in range(begin, end):
            e, x = np.int64(bars[2 * k]), np.int64(bars[2 * k + 1])
            held += int(x - e + 1)
            one += powers[x + 1, 0] - powers[e, 0]
            two += powers[x + 1, 1] - powers[e, 1]
            three += powers[x + 1, 2] - powers[e, 2]
            four += powers[x + 1, 3] - powers[e, 3]
        mean_position = side * held / n
        u, v = side - mean_position, -mean_position
        sum_1 = u * one + v * (powers[n, 0] - one)
        sum_2 = u**2 * two + v**2 * (powers[n, 1] - two)
        sum_3 = u**3 * three + v**3 * (powers[n, 2] - three)
        sum_4 = u**4 * four + v**4 * (powers[n, 3] - four)
        square = 0.0
        for k in range(begin, end):
            e, x = np.int64(bars[2 * k]), np.int64(bars[2 * k + 1])
            # what the entry and the exit earn besides the position's share of the bar
            extra_in = records[8 * e] + side * powers[e, 0]
            extra_out = records[8 * np.int64(rows[k])] - side * powers[x + 1, 0]
            if e == x:
                extra_in += extra_out
            at = e
            while True:
                extra = extra_in if at == e else extra_out
                plain = u * (powers[at + 1, 0] - powers[at, 0])
                both = plain + extra
                sum_1 += extra
                square += extra * extra
                sum_2 += extra * (both + plain)
                sum_3 += extra * (both * both + both * plain + plain * plain)
                sum_4 += extra * (both + plain) * (both * both + plain * plain)
                if at == x:
                    break
                at = x
        out[g, :] = np.nan
        mean = sum_1 / n
        out[g, 0] = mean
        spread = sum_2 / n - mean * mean
        if end == begin:
            out[g, 1] = 0.0
            continue
        terms = square + u**2 * two + v**2 * (powers[n, 1] - two)
        if not (spread * n > _SHRUNK * terms and spread * n > _CANCELLED * powers[n, 1]):
            general[g] = True
            continue
        out[g, 1] = spread * n / (n - 1)
        out[g, 2] = (sum_3 / n - 3.0 * mean * sum_2 / n + 2.0 * mean**3) / spread**1.5
        out[g, 3] = (
            sum_4 / n - 4.0 * mean * sum_3 / n + 6.0 * mean**2 * sum_2 / n - 3.0 * mean**4
        ) / spread**2

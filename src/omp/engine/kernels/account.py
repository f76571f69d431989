"""From the trades of one symbol to the metrics of its account, a few table rows per trade.

Every sum over bars is a difference of prefix sums, kept in records of eight numbers, one for each
bar in which a trade may begin and one for each in which it may end (see `omp.engine.records`).
With d the asset's return over cash, p = 1 or -1 the position and delta = y - p d what entry and
exit bars earn besides, y = R - p cash, a record adds to

0. the sum of y, 1. that of d squared while held, 2. that of delta d, 3. that of delta squared;
4. a price, 5. a logarithm of the account's value; 6., 7. the behaviour hash.

With e the mean position, x = delta + (p - e) d while held and - e d otherwise. The sums are made so
that no large terms cancel; where they still do, the genome is left to the general path.
"""

from typing import Any

import numpy as np
from numba import njit

from omp.engine.kernels.bits import ONE, TOP, ZERO, add_records, leading_zeros, prefetch

NOISE = 1e-12  # omp.engine.fills.NOISE
_CANCELLED = 3e-6  # of the whole window's squares: the prefix sums lose digits below it
_SHRUNK = 1e-4  # of the terms it is made of: their sum loses digits below it
_TWO, _THREE, _FOUR, _FIVE, _SIX, _SEVEN = (np.uint64(k) for k in range(2, 8))
_EIGHT = np.uint64(3)  # a shift: eight numbers a record
_NEAR = np.uint64(8)  # trades whose highest and lowest levels are fetched before
_AHEAD = np.uint64(16)  # trades whose records are fetched before they are needed


@njit(cache=True, nogil=True)
def falls(level: Any, inside: Any, across: Any) -> None:
    """Tables from which the deepest fall within any span of bars follows in a few steps.

    A span's aggregate is its highest and lowest level and its deepest fall from an earlier level
    to a later one.

    Args:
        level: [T].
        inside: [2, T, 3], written: of each bar to the end of its word of 64 bars, and of the
            word's begin to the bar.
        across: [L, W, 3] over words, written: with m the middle of the 2**(k + 1) words around
            word i, row k is the aggregate of words i to m - 1, or m to i.
    """
    n, words = level.size, across.shape[1]
    for w in range(words):
        begin, end = 64 * w, min(n, 64 * w + 64)
        high, low, deep = -np.inf, np.inf, 0.0
        for t in range(end - 1, begin - 1, -1):
            deep = max(deep, level[t] - low)
            high, low = max(high, level[t]), min(low, level[t])
            inside[0, t, 0], inside[0, t, 1], inside[0, t, 2] = high, low, deep
        high, low, deep = -np.inf, np.inf, 0.0
        for t in range(begin, end):
            high, low = max(high, level[t]), min(low, level[t])
            deep = max(deep, high - level[t])
            inside[1, t, 0], inside[1, t, 1], inside[1, t, 2] = high, low, deep
    for k in range(across.shape[0]):
        half = 1 << k
        for middle in range(half, words + half, 2 * half):
            high, low, deep = -np.inf, np.inf, 0.0
            for w in range(min(middle, words) - 1, middle - half - 1, -1):
                deep = max(deep, inside[0, 64 * w, 2], inside[0, 64 * w, 0] - low)
                high, low = max(high, inside[0, 64 * w, 0]), min(low, inside[0, 64 * w, 1])
                across[k, w, 0], across[k, w, 1], across[k, w, 2] = high, low, deep
            high, low, deep = -np.inf, np.inf, 0.0
            for w in range(middle, min(middle + half, words)):
                deep = max(deep, inside[0, 64 * w, 2], high - inside[0, 64 * w, 1])
                high, low = max(high, inside[0, 64 * w, 0]), min(low, inside[0, 64 * w, 1])
                across[k, w, 0], across[k, w, 1], across[k, w, 2] = high, low, deep


@njit(cache=True, nogil=True)
def _deepest(level: Any, inside: Any, across: Any, begin: Any, end: Any) -> Any:
    """The deepest fall of level[begin:end] from an earlier value of it."""
    first, last = begin >> 6, (end - 1) >> 6
    if first == last:
        top, deep = level[begin], 0.0
        for t in range(begin, end):
            top = max(top, level[t])
            deep = max(deep, top - level[t])
        return deep
    top, deep = inside[0, begin, 0], inside[0, begin, 2]
    i, j = first + 1, last - 1
    if i == j:
        deep = max(deep, inside[0, 64 * i, 2], top - inside[0, 64 * i, 1])
        top = max(top, inside[0, 64 * i, 0])
    elif i < j:
        k = np.int64(TOP - leading_zeros(np.uint64(i ^ j)))
        for w in (i, j):
            deep = max(deep, across[k, w, 2], top - across[k, w, 1])
            top = max(top, across[k, w, 0])
    deep = max(deep, top - inside[1, end - 1, 1])
    return max(deep, inside[1, end - 1, 2])


@njit(cache=True, nogil=True, error_model="numpy")
def account(  # noqa: C901 - one pass over the trades, kept whole for its speed
    order: Any,
    lo: int,
    hi: int,
    first: Any,
    size: Any,
    bars: Any,
    rows: Any,
    cuts: Any,
    side: float,
    running: Any,
    width: Any,
    records: Any,
    tokens: Any,
    level: Any,
    span: Any,
    within: Any,
    across: Any,
    at_bound: Any,
    total_d: float,
    total_dd: float,
    total_market: float,
    counts: Any,
    sums: Any,
    measures: Any,
    hashes: Any,
    block_sum: Any,
    block_sum_sq: Any,
    general: Any,
) -> None:
    """Measure genomes order[lo:hi] from their trades.

    Args:
        first, size, bars, rows, cuts: as `list_trades` writes them.
        side: p, 1.0 or -1.0. running: [4 * (trades + 1)], its first four 0; width: [trades]; room.
        records: R records one after the other; tokens: the same bytes as uint64.
        level: logarithm of the account's value if always held, at each close, [T].
        span: highest and lowest level of the 2**k bars from each bar on, flat [k, T, 2].
        within, across: as `falls` makes them.
        at_bound: sums of d and d squared before each bound, [S + 1, 2].
        total_d, total_dd: sums of d and d squared over the window.
        total_market: sum of squares of d about its mean.
        counts: trades, [G]. sums: bars held, gains, losses, [G, 3].
        measures: Sharpe over cash, drawdown, mean and variance of x, Sharpe of x, correlation
            with the market, [G, 6]. hashes: [G, 2]. block_sum, block_sum_sq: [G, S].
        general: set where rounding would show, [G].
    """
    n, blocks = level.size, block_sum.shape[1]
    bars_in_window = np.uint64(n)
    at = np.empty((blocks + 1, 4))
    for i in range(lo, hi):
        g = order[i]
        begin = first[i - lo]
        end = begin + size[i - lo]
        counts[g] = end - begin
        measures[g, :] = np.nan
        measures[g, 1] = 0.0
        if begin == end:
            measures[g, 2] = measures[g, 3] = 0.0
            continue
        value, peak, worst, widest = 0.0, 0.0, 0.0, 0.0
        gain, loss = 0.0, 0.0
        one, two, held = ZERO, ZERO, ZERO
        begins = np.uint64(begin)
        for trade in range(np.uint64(end - begin)):
            k = begins + trade
            e, x = np.uint64(bars[k + k]), np.uint64(bars[k + k + ONE])
            i_in, i_out = e << _EIGHT, np.uint64(rows[k]) << _EIGHT
            ahead = k + _AHEAD
            prefetch(records, np.uint64(rows[ahead]) << _EIGHT)
            prefetch(records, np.uint64(bars[ahead + ahead]) << _EIGHT)
            add_records(records, i_in, i_out, running, (trade + ONE) << _TWO)
            near = k + _NEAR
            e_near, x_near = np.uint64(bars[near + near]), np.uint64(bars[near + near + ONE])
            power = TOP - leading_zeros((x_near - e_near) | ONE)
            prefetch(span, (power * bars_in_window + e_near) << ONE)
            prefetch(span, (power * bars_in_window + x_near - (ONE << power)) << ONE)
            net = records[i_out + _FOUR] / records[i_in + _FOUR] - 1.0
            gain += net if net > NOISE else 0.0
            loss -= net if net < -NOISE else 0.0
            one += tokens[i_in + _SIX] + tokens[i_out + _SIX]
            two += tokens[i_in + _SEVEN] + tokens[i_out + _SEVEN]
            length = x - e
            held += length + ONE
            base = value - records[i_in + _FIVE]
            last = records[i_out + _FIVE]
            power = TOP - leading_zeros(length | ONE)
            i_in = (power * bars_in_window + e) << ONE
            i_out = (power * bars_in_window + x - (ONE << power)) << ONE
            high = max(span[i_in], span[i_out])
            low = min(span[i_in + ONE], span[i_out + ONE])
            if length == ZERO:
                high = low = last
            worst = max(worst, peak - (base + low))
            peak = max(peak, base + high)
            wide = high - low
            width[trade] = wide
            widest = max(widest, wide)
            value = base + last
            worst = max(worst, peak - value)
            peak = max(peak, value)
        if widest > worst:  # a fall inside one trade may be deeper still
            for number in range(end - begin):
                if width[number] > worst:
                    bar = 2 * (begin + number)
                    fall = _deepest(
                        level, within, across, np.int64(bars[bar]), np.int64(bars[bar + 1])
                    )
                    worst = max(worst, fall)
        last_at = 4 * (end - begin)
        y, dd = running[last_at], running[last_at + 1]
        cross, square = running[last_at + 2], running[last_at + 3]
        hashes[g, 0], hashes[g, 1] = one, two
        mean_position = side * np.float64(held) / n
        sums[g, 0], sums[g, 1], sums[g, 2] = np.float64(held), gain, loss
        for s in range(blocks + 1):
            cut = np.int64(cuts[i - lo, s])
            done = cut >> 1
            for z in range(4):
                at[s, z] = running[4 * done + z]
            if cut & 1:
                at_entry = 8 * np.int64(bars[2 * (begin + done)])
                at[s, 0] += records[at_entry] + side * at_bound[s, 0]
                at[s, 1] += records[at_entry + 1] + at_bound[s, 1]
                at[s, 2] += records[at_entry + 2]
                at[s, 3] += records[at_entry + 3]
        if blocks > 0:
            at[blocks, 0], at[blocks, 1], at[blocks, 2], at[blocks, 3] = y, dd, cross, square
        rest, out = side - mean_position, mean_position * mean_position
        for s in range(blocks):
            inside = at[s + 1, 1] - at[s, 1]
            outside = (at_bound[s + 1, 1] - at_bound[s, 1]) - inside
            block_sum[g, s] = (at[s + 1, 0] - at[s, 0]) - mean_position * (
                at_bound[s + 1, 0] - at_bound[s, 0]
            )
            block_sum_sq[g, s] = (
                (at[s + 1, 3] - at[s, 3])
                + 2.0 * rest * (at[s + 1, 2] - at[s, 2])
                + rest * rest * inside
                + out * outside
            )
        x_sum = y - mean_position * total_d
        x_square = square + 2.0 * rest * cross + rest * rest * dd + out * (total_dd - dd)
        y_square = square + 2.0 * side * cross + dd
        mean_y, mean_x = y / n, x_sum / n
        spread_y, spread_x = y_square - y * mean_y, x_square - x_sum * mean_x
        floor = _CANCELLED * total_dd
        if (
            not (spread_x > floor and spread_y > floor)
            or not spread_y > _SHRUNK * (square + dd)
            or not spread_x > _SHRUNK * (square + rest * rest * dd + out * (total_dd - dd))
            or not np.isfinite(value)
        ):
            general[g] = True
            continue
        measures[g, 0] = mean_y / np.sqrt(spread_y / (n - 1))
        measures[g, 1] = -np.expm1(-worst)
        measures[g, 2] = mean_x
        measures[g, 3] = spread_x / (n - 1)
        measures[g, 4] = mean_x / np.sqrt(spread_x / (n - 1))
        together = cross + side * dd - mean_y * total_d
        if total_market > 0.0:
            measures[g, 5] = together / np.sqrt(spread_y * total_market)

"""From the trades of one symbol to its metrics where positions are held on both sides.

As `omp.engine.kernels.account`, with these differences. A trade ended by a turn has nothing in the
bar of the turn: all of that bar, both legs of it, stands in the record of the entry by a turn. Sums
are kept for each side apart, since x weighs them differently. A trade that is entered by a turn and
ends in the same bar has the records of an ordinary one, and what the turn adds is added here.
"""

from typing import Any

import numpy as np
from numba import njit

from omp.engine.kernels.bits import ONE, TOP, ZERO, add_to_side, leading_zeros, prefetch

NOISE = 1e-12  # omp.engine.fills.NOISE
_CANCELLED, _SHRUNK = 3e-6, 1e-4  # as in `account`
_EIGHT = np.uint64(3)  # a shift: eight numbers a record, and eight sums a trade
_WIDTH = np.uint64(8)
_TWO, _FOUR, _FIVE, _SIX, _SEVEN = (np.uint64(k) for k in (2, 4, 5, 6, 7))
_NEAR, _AHEAD = np.uint64(8), np.uint64(16)  # as in `account`


@njit(cache=True, nogil=True)
def _deepest(level: Any, inside: Any, across: Any, begin: Any, end: Any) -> Any:
    """The deepest fall of level[begin:end] from an earlier value of it; see `account.falls`."""
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
def account_turned(  # noqa: C901 - one pass over the trades, kept whole for its speed
    order: Any,
    lo: int,
    hi: int,
    first: Any,
    size: Any,
    bars: Any,
    rows: Any,
    cuts: Any,
    entries: Any,
    others: int,
    running: Any,
    width: Any,
    records: Any,
    tokens: Any,
    level: Any,
    span: Any,
    within: Any,
    across: Any,
    bar_d: Any,
    change: Any,
    left: Any,
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
        first, size, bars, rows, cuts, entries: as `list_turns` writes them.
        others: first row of the short side; the long one's stand before it.
        running: [8 * (trades + 1)], its first eight 0: four sums of each side; width: [trades].
        level, within, across: of the long side and of the short one, [2, ...].
        span: of both, one behind the other, flat.
        bar_d, change: return over cash, and return, of each bar, [T].
        left: what leaving the other side at the open of a bar earns in it, [2, T].
        at_bound .. general: as in `account`.
    """
    n, blocks = level.shape[1], block_sum.shape[1]
    bars_in_window, of_short = np.uint64(n), np.uint64(others)
    of_span = np.uint64(span.size // 2)
    at = np.empty((blocks + 1, 8))
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
        one, two, turned = ZERO, ZERO, ZERO
        held, held_short = ZERO, ZERO
        begins = np.uint64(begin)
        for trade in range(np.uint64(end - begin)):
            k = begins + trade
            e, x = np.uint64(bars[k + k]), np.uint64(bars[k + k + ONE])
            row_in, row_out = np.uint64(entries[k]), np.uint64(rows[k])
            i_in, i_out = row_in << _EIGHT, row_out << _EIGHT
            ahead = k + _AHEAD
            prefetch(records, np.uint64(rows[ahead]) << _EIGHT)
            prefetch(records, np.uint64(entries[ahead]) << _EIGHT)
            side = ONE if row_in >= of_short else ZERO
            sum_at = ((trade + ONE) << _EIGHT) + (side << _TWO)
            same_at = ((trade + ONE) << _EIGHT) + ((ONE - side) << _TWO)
            for z in range(_FOUR):
                running[same_at + z] = running[same_at + z - _WIDTH]
            add_to_side(records, i_in, i_out, running, sum_at)
            near = k + _NEAR
            e_near, x_near = np.uint64(bars[near + near]), np.uint64(bars[near + near + ONE])
            at_side = (ONE if np.uint64(entries[near]) >= of_short else ZERO) * of_span
            power = TOP - leading_zeros((x_near - e_near) | ONE)
            prefetch(span, at_side + ((power * bars_in_window + e_near) << ONE))
            prefetch(span, at_side + ((power * bars_in_window + x_near - (ONE << power)) << ONE))
            grown = records[i_out + _FOUR] / records[i_in + _FOUR]
            net = grown - 1.0
            gain += net if net > NOISE else 0.0
            loss -= net if net < -NOISE else 0.0
            one += tokens[i_in + _SIX] + tokens[i_out + _SIX]
            two += tokens[i_in + _SEVEN] + tokens[i_out + _SEVEN]
            length = x - e
            base = value - records[i_in + _FIVE]
            last = records[i_out + _FIVE]
            power = TOP - leading_zeros(length | ONE)
            at_e = side * of_span + ((power * bars_in_window + e) << ONE)
            at_x = side * of_span + ((power * bars_in_window + x - (ONE << power)) << ONE)
            high = max(span[at_e], span[at_x])
            low = min(span[at_e + ONE], span[at_x + ONE])
            if length == ZERO:
                high = low = last
                if turned != ZERO:
                    plain = net - change[e] if side == ZERO else net + change[e]
                    more = left[side, e] * grown
                    running[sum_at] += more
                    running[sum_at + _TWO] += more * bar_d[e]
                    running[sum_at + _TWO + ONE] += more * (2.0 * plain + more)
            worst = max(worst, peak - (base + low))
            peak = max(peak, base + high)
            wide = high - low
            width[trade] = wide
            widest = max(widest, wide)
            value = base + last
            # what is left for a signal is turned, and no close lies between the two trades
            turned = ONE if row_out - side * of_short - bars_in_window < bars_in_window else ZERO
            if turned == ZERO:
                worst = max(worst, peak - value)
                peak = max(peak, value)
            length += ONE - turned
            held += length
            held_short += side * length
        if widest > worst:  # a fall inside one trade may be deeper still
            for trade in range(end - begin):
                if width[trade] > worst:
                    k = begin + trade
                    own = int(entries[k] >= others)
                    fall = _deepest(
                        level[own],
                        within[own],
                        across[own],
                        np.int64(bars[2 * k]),
                        np.int64(bars[2 * k + 1]),
                    )
                    worst = max(worst, fall)
        hashes[g, 0], hashes[g, 1] = one, two
        mean_position = (np.float64(held) - 2.0 * np.float64(held_short)) / n
        sums[g, 0], sums[g, 1], sums[g, 2] = np.float64(held), gain, loss
        for s in range(blocks + 1):
            cut: Any = np.int64(cuts[i - lo, s])
            done: Any = cut >> 1
            if s == blocks and blocks > 0:
                done, cut = end - begin, 0
            for z in range(8):
                at[s, z] = running[8 * done + z]
            if cut & 1:
                entry = np.int64(entries[begin + done])
                own = 4 * int(entry >= others)
                sign = 1.0 if own == 0 else -1.0
                at[s, own] += records[8 * entry] + sign * at_bound[s, 0]
                at[s, own + 1] += records[8 * entry + 1] + at_bound[s, 1]
                at[s, own + 2] += records[8 * entry + 2]
                at[s, own + 3] += records[8 * entry + 3]
        up, down, out = 1.0 - mean_position, -1.0 - mean_position, mean_position * mean_position
        for s in range(blocks):
            of_up, of_down = at[s + 1, 1] - at[s, 1], at[s + 1, 5] - at[s, 5]
            outside = (at_bound[s + 1, 1] - at_bound[s, 1]) - (of_up + of_down)
            block_sum[g, s] = (
                (at[s + 1, 0] - at[s, 0]) + (at[s + 1, 4] - at[s, 4])
            ) - mean_position * (at_bound[s + 1, 0] - at_bound[s, 0])
            block_sum_sq[g, s] = (
                ((at[s + 1, 3] - at[s, 3]) + (at[s + 1, 7] - at[s, 7]))
                + 2.0 * (up * (at[s + 1, 2] - at[s, 2]) + down * (at[s + 1, 6] - at[s, 6]))
                + up * up * of_up
                + down * down * of_down
                + out * outside
            )
        last_at = 8 * (end - begin)
        y = running[last_at] + running[last_at + 4]
        dd_up, dd_down = running[last_at + 1], running[last_at + 5]
        cross_up, cross_down = running[last_at + 2], running[last_at + 6]
        square = running[last_at + 3] + running[last_at + 7]
        weighed = up * up * dd_up + down * down * dd_down + out * (total_dd - (dd_up + dd_down))
        x_sum = y - mean_position * total_d
        x_square = square + 2.0 * (up * cross_up + down * cross_down) + weighed
        y_square = square + 2.0 * (cross_up - cross_down) + (dd_up + dd_down)
        mean_y, mean_x = y / n, x_sum / n
        spread_y, spread_x = y_square - y * mean_y, x_square - x_sum * mean_x
        floor = _CANCELLED * total_dd
        if (
            not (spread_x > floor and spread_y > floor)
            or not spread_y > _SHRUNK * (square + (dd_up + dd_down))
            or not spread_x > _SHRUNK * (square + weighed)
            or not np.isfinite(value)
        ):
            general[g] = True
            continue
        measures[g, 0] = mean_y / np.sqrt(spread_y / (n - 1))
        measures[g, 1] = -np.expm1(-worst)
        measures[g, 2] = mean_x
        measures[g, 3] = spread_x / (n - 1)
        measures[g, 4] = mean_x / np.sqrt(spread_x / (n - 1))
        together = (cross_up + cross_down) + (dd_up - dd_down) - mean_y * total_d
        if total_market > 0.0:
            measures[g, 5] = together / np.sqrt(spread_y * total_market)


@njit(cache=True, nogil=True)
def moments_turned(
    order: Any,
    lo: int,
    hi: int,
    first: Any,
    size: Any,
    bars: Any,
    rows: Any,
    entries: Any,
    others: int,
    records: Any,
    left: Any,
    powers: Any,
    out: Any,
    general: Any,
) -> None:
    """Mean, variance, skewness and kurtosis of x of genomes order[lo:hi].

    Args:
        first .. entries: as `list_turns` writes them.
        others, records, left: as in `account_turned`. powers, out, general: as in `moments`.
    """
    n = powers.shape[0] - 1
    for i in range(lo, hi):
        g = order[i]
        begin = first[i - lo]
        end = begin + size[i - lo]
        inside = np.zeros((2, 4))  # sums of powers of d while long, while short
        held = np.zeros(2, np.int64)
        for k in range(begin, end):
            e, x = np.int64(bars[2 * k]), np.int64(bars[2 * k + 1])
            side = 1 if np.int64(entries[k]) >= others else 0
            row = np.int64(rows[k]) - others * side
            after = x if n <= row < 2 * n else x + 1
            held[side] += after - e
            for z in range(4):
                inside[side, z] += powers[after, z] - powers[e, z]
        mean_position = (held[0] - held[1]) / n
        total = np.zeros(4)
        weights = np.array([1.0 - mean_position, -1.0 - mean_position, -mean_position])
        for z in range(4):
            outside = powers[n, z] - inside[0, z] - inside[1, z]
            total[z] = (
                weights[0] ** (z + 1) * inside[0, z]
                + weights[1] ** (z + 1) * inside[1, z]
                + weights[2] ** (z + 1) * outside
            )
        terms, square, turned = total[1], 0.0, False
        for k in range(begin, end):
            e, x = np.int64(bars[2 * k]), np.int64(bars[2 * k + 1])
            row_in, row_out = np.int64(entries[k]), np.int64(rows[k])
            side = 1 if row_in >= others else 0
            sign = 1 - 2 * side
            extra_in = records[8 * row_in] + sign * powers[e, 0]
            row = row_out - others * side
            turns = n <= row < 2 * n
            extra_out = 0.0 if turns else records[8 * row_out] - sign * powers[x + 1, 0]
            if e == x:
                extra_in += extra_out
                if turned:
                    grown = records[8 * row_out + 4] / records[8 * row_in + 4]
                    extra_in += left[side, e] * grown
            turned = turns
            for part in range(1 if turns or e == x else 2):
                at, extra = (e, extra_in) if part == 0 else (x, extra_out)
                plain = weights[side] * (powers[at + 1, 0] - powers[at, 0])
                both = plain + extra
                square += extra * extra
                total[0] += extra
                total[1] += extra * (both + plain)
                total[2] += extra * (both * both + both * plain + plain * plain)
                total[3] += extra * (both + plain) * (both * both + plain * plain)
        out[g, :] = np.nan
        mean = total[0] / n
        out[g, 0] = mean
        spread = total[1] / n - mean * mean
        if end == begin:
            out[g, 1] = 0.0
            continue
        if not (spread * n > _SHRUNK * (square + terms) and spread * n > _CANCELLED * powers[n, 1]):
            general[g] = True
            continue
        out[g, 1] = spread * n / (n - 1)
        out[g, 2] = (total[2] / n - 3.0 * mean * total[1] / n + 2.0 * mean**3) / spread**1.5
        out[g, 3] = (
            total[3] / n - 4.0 * mean * total[2] / n + 6.0 * mean**2 * total[1] / n - 3.0 * mean**4
        ) / spread**2

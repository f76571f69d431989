"""The honest baseline: a compiled loop over boolean columns, one bar after the other.

It is what a careful quant writes in an afternoon with numba: one pass over the bars with the
position in a variable, and the rule asked at every bar; or, a little better, the rule combined
column by column first, which the compiler turns into vector instructions. It knows no bit, no
prefix sum and no memo, and answers the same figures as the evaluator.
"""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _combine(columns: Any, chosen: Any, count: int, every: bool, out: Any) -> None:
    out[:] = columns[chosen[0]]
    for i in range(1, count):
        one = columns[chosen[i]]
        if every:
            for t in range(out.size):
                out[t] = out[t] & one[t]
        else:
            for t in range(out.size):
                out[t] = out[t] | one[t]


@njit(cache=True, nogil=True)
def _fires(columns: Any, chosen: Any, count: int, every: bool, out: Any) -> None:
    for t in range(out.size):
        fired = every
        for i in range(count):
            one = columns[chosen[i], t]
            if one != every:
                fired = one
                break
        out[t] = fired


@njit(cache=True, nogil=True)
def plain_loop(  # noqa: C901 - one pass over the bars, as anybody would write it
    prices: Any,
    columns: Any,
    chosen: Any,
    count: Any,
    every: Any,
    levels: Any,
    fee: float,
    blocks: int,
    by_column: bool,
    figures: Any,
    block_sum: Any,
    block_sum_sq: Any,
) -> None:
    """Figures of long-only rules, by the execution model.

    Args:
        prices: open, high, low, close, close-to-close return, [5, T].
        columns: conditions at the close of each bar, bool[C, T].
        chosen: rows of entry and exit conditions, [G, 2, K]. count: how many of them, [G, 2].
        every: whether all must hold, [G, 2].
        levels: stop loss, take profit, trailing, longest holding; 0 where not used, [G, 4].
        fee: commission per side, a fraction. blocks: CSCV blocks S, at least 1.
        by_column: whether rules are combined column by column, or bar by bar.
        figures: written, [G, 6]: Sharpe, Sharpe of x, drawdown, profit factor, trades, exposure.
        block_sum, block_sum_sq: written, [G, S].
    """
    open_, high, low, close, change = prices[0], prices[1], prices[2], prices[3], prices[4]
    n = close.size
    length, dropped = n // blocks, n % blocks
    enter, leave = np.empty(n, np.bool_), np.empty(n, np.bool_)
    market = np.zeros((blocks + 1, 2))
    for t in range(n):
        s = 0 if t < dropped else 1 + (t - dropped) // length
        market[s, 0] += change[t]
        market[s, 1] += change[t] * change[t]
    sums = np.empty((blocks + 1, 3))
    for g in range(chosen.shape[0]):
        for side in range(2):
            fired = enter if side == 0 else leave
            if by_column:
                _combine(columns, chosen[g, side], count[g, side], every[g, side], fired)
            else:
                _fires(columns, chosen[g, side], count[g, side], every[g, side], fired)
        loss, gain, trail = levels[g, 0], levels[g, 1], levels[g, 2]
        longest = np.int64(levels[g, 3])
        stops = loss > 0.0 or gain > 0.0 or trail > 0.0
        sums[:] = 0.0
        inside, entered, start, best, growth = False, 0, 0.0, 0.0, 1.0
        equity, peak, worst = 1.0, 1.0, 0.0
        trades, held, won, lost = 0, 0, 0.0, 0.0
        s, border = (0, dropped) if dropped > 0 else (1, length)
        for t in range(n):
            if t == border:
                s += 1
                border += length
            if t == 0 or not (inside or (enter[t - 1] and not leave[t - 1])):
                continue
            paid = -1.0
            if not inside:
                inside, entered, start, best, growth = True, t, open_[t], open_[t], 1.0
            elif leave[t - 1] or (longest > 0 and t - entered >= longest):
                paid = open_[t]
            before = start * (1.0 + fee) if t == entered else close[t - 1]
            if paid < 0.0 and stops:
                stop = start * (1.0 - loss) if loss > 0.0 else 0.0
                if trail > 0.0:
                    stop = max(stop, best * (1.0 - trail))
                target = start * (1.0 + gain) if gain > 0.0 else np.inf
                if (t > entered and open_[t] <= stop) or (t > entered and open_[t] >= target):
                    paid = open_[t]
                elif low[t] <= stop:
                    paid = stop
                elif high[t] >= target:
                    paid = target
                best = max(best, high[t])
            if paid < 0.0 and t == n - 1:
                paid = close[t]
            if paid >= 0.0:
                earned = paid * (1.0 - fee) / before - 1.0
            elif t == entered:
                earned = close[t] / before - 1.0
            else:
                earned = change[t]
            held += 1
            growth *= 1.0 + earned
            equity *= 1.0 + earned
            peak = max(peak, equity)
            worst = max(worst, (peak - equity) / peak)
            sums[s, 0] += earned
            sums[s, 1] += earned * earned
            sums[s, 2] += earned * change[t]
            if paid >= 0.0:
                inside = False
                trades += 1
                if growth > 1.0:
                    won += growth - 1.0
                else:
                    lost += 1.0 - growth
        share = held / n
        total, square, total_x, square_x = 0.0, 0.0, 0.0, 0.0
        for s in range(blocks + 1):
            x = sums[s, 0] - share * market[s, 0]
            xx = sums[s, 1] - 2.0 * share * sums[s, 2] + share * share * market[s, 1]
            if s > 0:
                block_sum[g, s - 1], block_sum_sq[g, s - 1] = x, xx
            total += sums[s, 0]
            square += sums[s, 1]
            total_x += x
            square_x += xx
        figures[g, 0] = _ratio(total, square, n)
        figures[g, 1] = _ratio(total_x, square_x, n)
        figures[g, 2] = worst
        figures[g, 3] = won / lost if lost > 0.0 else np.nan
        figures[g, 4] = trades
        figures[g, 5] = share


@njit(cache=True, nogil=True)
def _ratio(total: float, square: float, n: int) -> float:
    left = square - total * total / n
    if left <= 1e-18:
        return np.nan
    return float(total / n / np.sqrt(left / (n - 1)))

"""The compiled fills: what the oracle does, on 64 bars of signal at a time.

Sums run in a fixed order and without fast-math, each genome is computed on its own, so that the
results do not depend on the number of workers. Kernels that call one another live in one
file, because numba's cache of a caller does not notice a change in another file.

Signals are bit words: bit t of the window is bit t % 64 of word t // 64.
"""

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

_SIGNAL, _STOP, _TARGET, _TRAIL, _TIME, _END, _RUIN = range(7)  # the order of fills.REASONS
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LANE_1 = np.uint64(0x9E3779B97F4A7C15)  # lanes and codes of tokens: as omp.engine.tokens
_LANE_2 = np.uint64(0xD1B54A32D192ED03)
_ENTRY = 1 << 16
_NOISE = 1e-12  # omp.engine.fills.NOISE
_S32, _S29 = np.uint64(32), np.uint64(29)
_ZERO = np.uint64(0)
_FULL = np.uint64(0xFFFFFFFFFFFFFFFF)


@intrinsic
def _trailing_zeros(_typing: Any, _value: Any) -> Any:
    """Zero bits below the lowest set bit of a word that is not zero."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(types.boolean, 1))

    return types.uint64(types.uint64), build


@njit(cache=True, nogil=True)
def _next_bit(words: Any, start: int, n: int) -> Any:
    """The first set bit at or after bit `start`, n where there is none."""
    i = start >> 6
    if start >= n:
        return n
    word = words[i] & (_FULL << np.uint64(start & 63))
    while word == _ZERO:
        i += 1
        if i >= words.size:
            return n
        word = words[i]
    at = (i << 6) + np.int64(_trailing_zeros(word))
    return min(n, at)


@njit(cache=True, nogil=True)
def _paid(slip: float, impact: Any, t: int) -> Any:
    """Slippage of a fill in bar t."""
    return slip + impact[t] if impact.size > 0 else slip


@njit(cache=True, nogil=True)
def _entry_leg(side: int, price: float, open_: float, fee: float, slip: float) -> float:
    """Return of the entry bar when the position is still held at its close."""
    if side > 0:
        return price / (open_ * (1.0 + slip) * (1.0 + fee)) - 1.0
    return -(price / (open_ * (1.0 - slip)) - 1.0) - fee


@njit(cache=True, nogil=True)
def _exit_leg(
    side: int, price: float, before: float, same_bar: bool, fee: float, slip: float
) -> float:
    """Return of the exit bar; `before` is its entry open or the close before it."""
    if side > 0:
        bought = before * (1.0 + slip) * (1.0 + fee) if same_bar else before
        return price * (1.0 - slip) * (1.0 - fee) / bought - 1.0
    if same_bar:
        return -(price * (1.0 + slip) / (before * (1.0 - slip)) - 1.0) - 2.0 * fee
    return -(price * (1.0 + slip) / before - 1.0) - fee


@njit(cache=True, nogil=True)
def _touched(
    j: int,
    e: int,
    side: int,
    start: float,
    best: float,
    bars: Any,
    loss: float,
    gain: float,
    trail: float,
) -> tuple[int, float, int]:
    """The stop or target met in bar j: its reason (-1: none), level and whether at the open."""
    stop, kind = 0.0, _STOP
    if loss > 0.0:
        stop = start * (1.0 - side * loss)
    if trail > 0.0:
        moved = best * (1.0 - side * trail)
        if loss == 0.0 or side * moved > side * stop:
            stop, kind = moved, _TRAIL
    watched = loss > 0.0 or trail > 0.0
    target = start * (1.0 + side * gain)
    open_ = bars[0, j]
    worst, top = (bars[2, j], bars[1, j]) if side > 0 else (bars[1, j], bars[2, j])
    if j > e and watched and side * open_ <= side * stop:
        return kind, open_, 1
    if j > e and gain > 0.0 and side * open_ >= side * target:
        return _TARGET, open_, 1
    if watched and side * worst <= side * stop:
        return kind, stop, 0
    if gain > 0.0 and side * top >= side * target:
        return _TARGET, target, 0
    return -1, 0.0, 0


@njit(cache=True, nogil=True)
def _book(t: int, leg: float, side: int, first: bool, returns: Any, held: Any) -> None:
    """Add a leg to bar t; only the first bar of a position may hold one of another already."""
    if first and returns[t] != 0.0:
        returns[t] = (1.0 + returns[t]) * (1.0 + leg) - 1.0
    else:
        returns[t] = leg
    held[t] = side


@njit(cache=True, nogil=True)
def walk(  # noqa: C901 - one pass over the bars, kept whole so that it reads like the oracle
    bars: Any,
    opens: Any,
    closes: Any,
    first: int,
    both: bool,
    fee: float,
    slip: float,
    levels: Any,
    session_end: Any,
    missed: Any,
    impact: Any,
    refused: Any,
    returns: Any,
    held: Any,
    marks: Any,
    values: Any,
) -> int:
    """Simulate one symbol; write its bar returns, positions and trades; count the trades.

    Args:
        bars: open, high, low, close, close-to-close return, [5, T].
        opens: words whose bits open the `first` side (and close the other one if `both`).
        closes: words whose bits close the `first` side (and open the other one if `both`).
        first: 1 or -1. both: whether a closing signal opens the other side.
        fee, slip: commission and slippage per side as fractions.
        levels: stop loss, take profit, trailing, longest holding in bars; 0 where not used.
        session_end, missed, refused: [T], or empty where not used.
        impact: slippage of each bar beyond `slip`, [T], or empty.
        returns, held: [T], written. marks: int64[T, 5] entry bar, exit bar, side, reason,
            at open. values: float64[T, 2] exit level, net return.
    """
    open_, high, low, close, change = bars[0], bars[1], bars[2], bars[3], bars[4]
    n = open_.size
    returns[:] = 0.0
    held[:] = 0.0
    loss, gain, trail, longest = levels[0], levels[1], levels[2], np.int64(levels[3])
    stops, sessions = loss > 0.0 or gain > 0.0 or trail > 0.0, session_end.size > 0
    count = 0
    flat_since = 0
    ruined = n < 2
    while not ruined:
        entry_signal = _next_bit(opens, flat_since, n)
        side = first
        if both:
            other = _next_bit(closes, flat_since, n)
            if other < entry_signal:
                entry_signal, side = other, -first
        if entry_signal >= n - 1:
            break
        e = entry_signal + 1
        if refused.size > 0 and refused[e]:  # too little trades there: the signal is lost
            flat_since = e
            continue
        in_market = True
        while in_market:
            ghost = missed.size > 0 and missed[e]
            signal = _next_bit(closes if side == first else opens, e, n)
            last, reason = signal, _SIGNAL
            if longest > 0 and e + longest - 1 < signal:
                last, reason = e + longest - 1, _TIME
            leaves_at_open = last < n - 1
            start, growth, best = open_[e], 1.0, open_[e]
            x, level, at_open, leg = -1, 0.0, 0, 0.0
            j = e
            stop_here = min(last, n - 1)
            while j <= stop_here:
                if stops:
                    kind, price, opened = _touched(j, e, side, start, best, bars, loss, gain, trail)
                    if kind >= 0:
                        x, level, at_open, reason = j, price, opened, kind
                if x < 0 and sessions and session_end[j]:
                    x, level, reason = j, close[j], _TIME
                if x < 0 and j == n - 1:
                    x, level, reason = j, close[j], _END
                if x >= 0:
                    break
                if j == e:
                    leg = _entry_leg(side, close[j], start, fee, _paid(slip, impact, j))
                else:
                    leg = change[j] if side > 0 else -change[j]
                if not ghost:
                    if leg <= -1.0:
                        leg, ruined = -1.0, True
                    _book(j, leg, side, j == e, returns, held)
                    growth *= 1.0 + leg
                    if ruined:
                        x, level, reason = j, close[j], _RUIN
                        break
                best = max(best, high[j]) if side > 0 else min(best, low[j])
                j += 1
            by_order = x < 0 and leaves_at_open
            if by_order:
                x, level, at_open = last + 1, open_[last + 1], 1
            if not ghost and not ruined:
                same = x == e
                paid = _paid(slip, impact, x)
                leg = _exit_leg(side, level, start if same else close[x - 1], same, fee, paid)
                if leg <= -1.0:
                    leg, reason, ruined = -1.0, _RUIN, True
                _book(x, leg, side, same, returns, held)
                growth *= 1.0 + leg
            if not ghost:
                marks[count, 0], marks[count, 1], marks[count, 2] = e, x, side
                marks[count, 3], marks[count, 4] = reason, at_open
                values[count, 0], values[count, 1] = level, growth - 1.0
                count += 1
            in_market = both and by_order and reason == _SIGNAL and not ruined
            if in_market and refused.size > 0 and refused[x]:
                in_market = False
            side, e = -side, x
            flat_since = x
    return count


@njit(cache=True, nogil=True)
def _combine(masks: Any, place: Any, chosen: Any, count: int, every: bool, out: Any) -> None:
    """The words of one rule: all or any of the chosen masks; none chosen never fires."""
    out[:] = _FULL if every and count > 0 else _ZERO
    for i in range(count):
        words = masks[place[chosen[i]]]
        if every:
            for w in range(out.size):
                out[w] &= words[w]
        else:
            for w in range(out.size):
                out[w] |= words[w]


@njit(cache=True, nogil=True)
def _mix(h: Any, value: Any) -> Any:
    h = (h ^ value) * _MIX_1
    h ^= h >> _S32
    h *= _MIX_2
    return h ^ (h >> _S29)


@njit(cache=True, nogil=True)
def _token(lane: Any, stamp: Any, level: Any, what: Any) -> Any:
    """One lane of the token of an entry or an exit."""
    return _mix(_mix(_mix(lane, stamp), level), what)


@njit(cache=True, nogil=True)
def signals(direction: int, entry: Any, exit: Any) -> None:
    """Turn entry and exit words in place into opening and closing words of a direction."""
    for w in range(entry.size):
        a, b = entry[w], exit[w]
        entry[w] = a & ~b
        if direction == 2:
            exit[w] = b & ~a


@njit(cache=True, nogil=True)
def walk_batch(  # noqa: C901 - one genome after the other on one symbol
    order: Any,
    lo: int,
    hi: int,
    bars: Any,
    stamps: Any,
    rows: Any,
    cash: Any,
    session_end: Any,
    masks: Any,
    place: Any,
    count_of: Any,
    every: Any,
    conditions: Any,
    direction: Any,
    levels: Any,
    fee: float,
    slip: float,
    seed: Any,
    pool_return: Any,
    pool_over_cash: Any,
    pool_excess: Any,
    counts: Any,
    sums: Any,
    hashes: Any,
) -> None:
    """Run genomes order[lo:hi] on one symbol and add what they did to the pool.

    Args:
        masks: condition words, [C, W]. place: row in `masks` of each condition number.
        count_of, every: [G, 2]; conditions: [G, 2, K]; as in a Population.
        direction: 0 long, 1 short, 2 both, [G].
        levels: [G, 4] as `walk`. rows: place of each bar in the pool. cash: yield per bar.
        pool_return, pool_over_cash, pool_excess: [hi - lo, T], added to.
        counts: [G] trades. sums: [G, 3] bars held, gains, losses. hashes: uint64[G, 2].
    """
    n = bars.shape[1]
    entry, leave = np.empty((2, masks.shape[1]), np.uint64)
    returns, held = np.empty(n), np.empty(n)
    marks, values = np.empty((n, 5), np.int64), np.empty((n, 2))
    bits = values.view(np.uint64)
    nothing, no_impact = np.empty(0, np.bool_), np.empty(0)
    change = bars[4]
    has_cash = pool_over_cash.shape[0] > 0
    alone = n == pool_return.shape[1]  # every row of the pool is a bar of this symbol
    for at in range(lo, hi):
        g = order[at]
        _combine(masks, place, conditions[g, 0], count_of[g, 0], every[g, 0], entry)
        _combine(masks, place, conditions[g, 1], count_of[g, 1], every[g, 1], leave)
        signals(direction[g], entry, leave)
        first = -1 if direction[g] == 1 else 1
        count = walk(
            bars,
            entry,
            leave,
            first,
            direction[g] == 2,
            fee,
            slip,
            levels[g],
            session_end,
            nothing,
            no_impact,
            nothing,
            returns,
            held,
            marks,
            values,
        )
        if count == 0:
            continue
        long_bars, short_bars = 0, 0
        for k in range(count):
            # a bar in which one side closes and the other opens belongs to the one it opens
            turned = k + 1 < count and marks[k + 1, 0] == marks[k, 1]
            bars_held = marks[k, 1] - marks[k, 0] + (0 if turned else 1)
            if marks[k, 2] > 0:
                long_bars += bars_held
            else:
                short_bars += bars_held
        mean_position = (long_bars - short_bars) / n
        if has_cash:
            for t in range(1, n):
                over = returns[t] - held[t] * cash[t]
                pool_return[at - lo, rows[t]] += returns[t]
                pool_over_cash[at - lo, rows[t]] += over
                pool_excess[at - lo, rows[t]] += over - mean_position * (change[t] - cash[t])
        elif alone:
            raw, excess = pool_return[at - lo], pool_excess[at - lo]
            for t in range(1, n):
                raw[t] += returns[t]
                excess[t] += returns[t] - mean_position * change[t]
        else:
            for t in range(1, n):
                pool_return[at - lo, rows[t]] += returns[t]
                pool_excess[at - lo, rows[t]] += returns[t] - mean_position * change[t]
        counts[g] += count
        sums[g, 0] += long_bars + short_bars
        one, two = _LANE_1 ^ seed, _LANE_2 ^ seed
        for k in range(count):
            if values[k, 1] > _NOISE:
                sums[g, 1] += values[k, 1]
            elif values[k, 1] < -_NOISE:
                sums[g, 2] -= values[k, 1]
            begins, ends = np.uint64(stamps[marks[k, 0]]), np.uint64(stamps[marks[k, 1]])
            enters = np.uint64(_ENTRY + marks[k, 2] + 1)
            leaves = np.uint64(marks[k, 3] * 4 + marks[k, 2] + 1)
            hashes[g, 0] += _token(one, begins, _ZERO, enters) + _token(
                one, ends, bits[k, 0], leaves
            )
            hashes[g, 1] += _token(two, begins, _ZERO, enters) + _token(
                two, ends, bits[k, 0], leaves
            )

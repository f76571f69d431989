"""From the words of conditions to trades where a stop, a target or time may end one earlier.

What a stop does depends on its entry bar alone, so its first touch stands in a table for every
level; a trade ends at the earliest of its exit signal, its touches and its last permitted bar.
"""

from typing import Any

import numpy as np
from numba import njit

from omp.engine.kernels.bits import TOP, ZERO, trailing_zeros

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
NEVER = np.int32(2**31 - 1)


@njit(cache=True, nogil=True)
def _rule(masks: Any, place: Any, chosen: Any, count: int, every: bool, out: Any) -> None:
    """The words of one rule: all or any of the chosen conditions; none chosen never holds."""
    if count == 0:
        out[:] = ZERO
        return
    out[:] = masks[place[chosen[0]]]
    for i in range(1, count):
        a = masks[place[chosen[i]]]
        if every:
            for w in range(out.size):
                out[w] &= a[w]
        else:
            for w in range(out.size):
                out[w] |= a[w]


@njit(cache=True, nogil=True)
def _next(words: Any, start: int, end: int, none: int) -> int:
    """The first set bit from `start` on; `none` if there is none up to bit `end`."""
    w, last = start >> 6, min(end >> 6, words.size - 1)
    if w > last:
        return none
    word = words[np.uint64(w)] & (_ALL << (np.uint64(start) & TOP))
    while word == ZERO:
        w += 1
        if w > last:
            return none
        word = words[np.uint64(w)]
    return (w << 6) + np.int64(trailing_zeros(word))


@njit(cache=True, nogil=True)
def list_stopped(
    order: Any,
    lo: int,
    hi: int,
    n: int,
    masks: Any,
    place: Any,
    count: Any,
    every: Any,
    conditions: Any,
    bounds: Any,
    first: Any,
    bars: Any,
    rows: Any,
    cuts: Any,
    stops: Any,
    table: Any,
    start: Any,
    keys: Any,
    levels: Any,
    open_: Any,
    signed_loss: Any,
    longest: Any,
    timed: int,
    session: int,
) -> int:
    """List the trades of genomes order[lo:hi] on one symbol until the space is used up.

    Args:
        order .. cuts: as in `list_trades`.
        stops: number of the level of each stop, -1 for none, [G, 4].
        table: for stop loss, target and trailing stop the table of each level, [3, L].
        start: first row in the records of each table's exits, one per entry bar.
        keys: first touch after each entry bar, [tables, T]. levels: the level touched, same shape.
        open_: [T]. signed_loss: side * stop loss of each level, [L].
        longest: longest holding of each level, in bars. timed: first row of exits by time.
        session: table of session ends, -1 where positions may stay.

    Returns:
        The genome after the last one that found space.
    """
    width = masks.shape[1]
    enter, leave = np.empty(width, np.uint64), np.empty(width, np.uint64)
    used, most = 0, rows.size - (n + 8)
    for i in range(lo, hi):
        if used > most:
            return i
        g = order[i]
        _rule(masks, place, conditions[g, 0], count[g, 0], every[g, 0], enter)
        _rule(masks, place, conditions[g, 1], count[g, 1], every[g, 1], leave)
        for w in range(width):
            enter[w] &= ~leave[w]
        loss = table[0, stops[g, 0]] if stops[g, 0] >= 0 else -1
        gain = table[1, stops[g, 1]] if stops[g, 1] >= 0 else -1
        trail = table[2, stops[g, 2]] if stops[g, 2] >= 0 else -1
        most_bars = longest[stops[g, 3]] if stops[g, 3] >= 0 else n
        signed = signed_loss[stops[g, 0]] if stops[g, 0] >= 0 else 0.0
        first[i - lo] = used
        flat = 0
        bound = 0
        turn = 0
        while True:
            e = _next(enter, flat, n, n) + 1
            if e >= n:
                break
            u = np.uint64(e)
            key, by = NEVER, -1
            if loss >= 0 and keys[np.uint64(loss), u] < key:
                key, by = keys[np.uint64(loss), u], loss
            if trail >= 0:
                other = keys[np.uint64(trail), u]
                nearer = other < key
                if by >= 0 and other == key:  # the nearer of two stops met in one bar
                    side = 1.0 if signed > 0.0 else -1.0
                    fixed = open_[u] * (1.0 - signed)
                    nearer = side * levels[np.uint64(trail), u] > side * fixed
                if nearer:
                    key, by = other, trail
            if gain >= 0 and keys[np.uint64(gain), u] < key:
                key, by = keys[np.uint64(gain), u], gain
            if session >= 0 and keys[np.uint64(session), u] < key:
                key, by = keys[np.uint64(session), u], session
            hit = np.int64(key) >> 3
            x = _next(leave, e, min(hit, e + most_bars), n - 1) + 1
            row = n + x
            if e + most_bars < x:
                x = e + most_bars
                row = timed + x
            if hit < x:
                x = hit
                row = start[by] + e
            elif x >= n:
                x = n - 1
                row = 2 * n + (1 if x == e else 0)
            bars[2 * used], bars[2 * used + 1], rows[used] = e, x, row
            used += 1
            while bound < bounds.size and bounds[bound] <= x:
                cuts[i - lo, bound] = turn + (1 if bounds[bound] > e else 0)
                bound += 1
            turn += 2
            flat = x
        while bound < bounds.size:
            cuts[i - lo, bound] = turn
            bound += 1
        first[i - lo + 1] = used
    return hi

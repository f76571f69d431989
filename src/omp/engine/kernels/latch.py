"""From the words of conditions to trades, 64 bars at a time, where no stop can end a trade.

A position is a latch: set by the entry, reset by the exit, and an entry counts only where the
exit is not set. With E the counted entries, X the exits and q = ~X, the bits of
`q ^ E ^ (q + E + c)` are the carries of one addition, and they say whether a position was held
before each bar's close.

The last bar of a window must not be set in any condition: its signals have no open to act at.
"""

from typing import Any

import numpy as np
from numba import njit

from omp.engine.kernels.bits import ONE, SIX, TOP, ZERO, ones, trailing_zeros

_TWO, _THREE, _FOUR, _WORD = np.uint64(2), np.uint64(3), np.uint64(4), np.uint64(64)


@njit(cache=True, nogil=True)
def _rule(  # noqa: C901 - usual sizes written out, so that each is one pass over the words
    masks: Any, place: Any, chosen: Any, count: int, every: bool, out: Any
) -> None:
    """The words of one rule: all or any of the chosen conditions; none chosen never holds."""
    width = out.size
    if count == 0:
        out[:] = ZERO
        return
    a = masks[place[chosen[0]]]
    if count == 1:
        for w in range(width):
            out[w] = a[w]
        return
    b = masks[place[chosen[1]]]
    if count == 2:
        if every:
            for w in range(width):
                out[w] = a[w] & b[w]
        else:
            for w in range(width):
                out[w] = a[w] | b[w]
        return
    c = masks[place[chosen[2]]]
    if every:
        for w in range(width):
            out[w] = a[w] & b[w] & c[w]
    else:
        for w in range(width):
            out[w] = a[w] | b[w] | c[w]
    for i in range(3, count):
        a = masks[place[chosen[i]]]
        if every:
            for w in range(width):
                out[w] &= a[w]
        else:
            for w in range(width):
                out[w] |= a[w]


@njit(cache=True, nogil=True)
def _latch(enter: Any, leave: Any, turns: Any, carry: Any) -> None:
    """Set a bit wherever the position opens or closes; carry: 1 where it is held at first."""
    for w in range(turns.size):
        x = leave[w]
        q = ~x
        e = enter[w] & q
        before = q ^ e ^ (q + e + carry)
        turns[w] = (e & ~before) | (before & x)
        carry = (e | (before & q)) >> TOP


@njit(cache=True, nogil=True)
def _list(turns: Any, seen: Any, at: Any, bars: Any) -> Any:
    """Write the bars in which turns act (the bar after each set bit) from `at` on; count them."""
    begin = at
    first = ONE
    for w in range(turns.size):
        seen[w] = at - begin
        word = turns[w]
        n = ones(word)
        # four are always written, what is too much is overwritten: no branch for the usual word
        bars[at] = first + trailing_zeros(word)
        word &= word - ONE
        bars[at + ONE] = first + trailing_zeros(word)
        word &= word - ONE
        bars[at + _TWO] = first + trailing_zeros(word)
        word &= word - ONE
        bars[at + _THREE] = first + trailing_zeros(word)
        word &= word - ONE
        if n > _FOUR:
            more = at + _FOUR
            while word != ZERO:
                bars[more] = first + trailing_zeros(word)
                word &= word - ONE
                more += ONE
        at += n
        first += _WORD
    return at - begin


@njit(cache=True, nogil=True)
def list_trades(
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
    size: Any,
    bars: Any,
    rows: Any,
    cuts: Any,
) -> int:
    """List the trades of genomes order[lo:hi] on one symbol until the space is used up.

    Args:
        order: numbers of genomes. n: bars of the symbol.
        masks: condition words, [C, W]. place: row in `masks` of each condition number.
        count, every: [G, 2]; conditions: [G, 2, K]; as in a Population.
        bounds: first bar of each block and the bar after the last, [S + 1].
        first, size: number of the first trade of each genome, and how many, [hi - lo], written.
        bars: entry bar and exit bar of each trade, one after the other, written.
        rows: row of each exit in the records, written.
        cuts: entries and exits before each bound, [hi - lo, S + 1], written.

    Returns:
        The genome after the last one that found space.
    """
    width = masks.shape[1]
    enter, leave, turns = (
        np.empty(width, np.uint64),
        np.empty(width, np.uint64),
        np.empty(width, np.uint64),
    )
    seen = np.empty(width, np.uint64)
    used, last = 0, np.uint64(n - 1)
    most = rows.size - (n // 2 + 8)
    for i in range(lo, hi):
        if used > most:
            return i
        g = order[i]
        _rule(masks, place, conditions[g, 0], count[g, 0], every[g, 0], enter)
        _rule(masks, place, conditions[g, 1], count[g, 1], every[g, 1], leave)
        _latch(enter, leave, turns, ZERO)
        total = _list(turns, seen, np.uint64(2 * used), bars)
        trades = np.int64((total + ONE) >> ONE)
        for k in range(trades):
            rows[used + k] = n + bars[2 * (used + k) + 1]
        if total & ONE:  # still open: closed at the last close
            at = used + trades - 1
            rows[at] = 2 * n + (1 if bars[2 * at] == last else 0)
            bars[2 * at + 1] = last
        for s in range(bounds.size):
            bit = np.uint64(max(bounds[s] - 1, 0))
            w = bit >> SIX
            below = (ONE << (bit & TOP)) - ONE
            cuts[i - lo, s] = seen[w] + ones(turns[w] & below)
        first[i - lo] = used
        size[i - lo] = trades
        used += int(trades)
    return hi


@njit(cache=True, nogil=True)
def _apart(enter: Any, leave: Any) -> Any:
    """Leave a signal only where the other one is not set; 1 if the first one left is an exit."""
    carry, found = ZERO, False
    for w in range(enter.size):
        a, b = enter[w], leave[w]
        up, down = a & ~b, b & ~a
        enter[w], leave[w] = up, down
        if not found and (up | down) != ZERO:
            found = True
            carry = ONE if trailing_zeros(down) < trailing_zeros(up) else ZERO
    return carry


@njit(cache=True, nogil=True)
def list_turns(
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
    size: Any,
    bars: Any,
    rows: Any,
    cuts: Any,
    entries: Any,
    turned: int,
    others: int,
) -> int:
    """List the trades of genomes that are long after an entry, short after an exit.

    Once a signal came, each later one of the other kind ends a trade and begins the next.

    Args:
        order .. cuts: as in `list_trades`. entries: row of each entry in the records, written.
        turned: first row of the entries by a turn. others: first row of the short side.

    Returns:
        The genome after the last one that found space.
    """
    width = masks.shape[1]
    enter, leave, turns = (
        np.empty(width, np.uint64),
        np.empty(width, np.uint64),
        np.empty(width, np.uint64),
    )
    seen, acts = np.empty(width, np.uint64), np.empty(n + 8, np.uint32)
    used, last = 0, np.uint64(n - 1)
    most = rows.size - (n + 8)
    for i in range(lo, hi):
        if used > most:
            return i
        g = order[i]
        _rule(masks, place, conditions[g, 0], count[g, 0], every[g, 0], enter)
        _rule(masks, place, conditions[g, 1], count[g, 1], every[g, 1], leave)
        carry = _apart(enter, leave)
        _latch(enter, leave, turns, carry)
        total: Any = np.int64(_list(turns, seen, ZERO, acts))
        short = carry != ZERO
        for k in range(total):
            at, away = used + k, others if short else 0
            e, x = acts[k], acts[k + 1]
            row = n + x
            if k + 1 == total:  # still open: closed at the last close
                x = last
                row = 2 * n + (1 if e == last else 0)
            bars[2 * at], bars[2 * at + 1] = e, x
            entries[at] = away + e + (turned if k > 0 and e != x else 0)
            rows[at] = away + row
            short = not short
        for s in range(bounds.size):
            bit = np.uint64(max(bounds[s] - 1, 0))
            w = bit >> SIX
            acted = seen[w] + ones(turns[w] & ((ONE << (bit & TOP)) - ONE))
            open_ = ONE if acted > ZERO else ZERO  # since the first signal a trade is always open
            cuts[i - lo, s] = 2 * (acted - open_) + open_
        first[i - lo] = used
        size[i - lo] = total
        used += int(total)
    return hi

"""From the words of conditions to trades where a stop, a target or time may end one earlier.

What a stop does depends on its entry bar alone, so its first touch stands in a table for every
level; a trade ends at the earliest of its exit signal, its touches and its last permitted bar.
"""

from typing import Any

import numpy as np
from numba import njit

from omp.engine.kernels.bits import ONE, SIX, TOP, ZERO, trailing_zeros

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_FOUR, _NIBBLE = np.uint64(4), np.int32(15)
_LANES = 4


@njit(cache=True, nogil=True)
def _rule(  # noqa: C901 - usual sizes written out, so that each is one pass over the words
    masks: Any, place: Any, conditions: Any, g: int, side: int, count: int, every: bool,
    out: Any, at: Any, width: Any,
) -> None:  # fmt: skip
    """The words of one rule, from `at` on: all or any of its conditions; none: never."""
    if count == 0:
        for w in range(width):
            out[at + w] = ZERO
        return
    a = np.uint64(place[conditions[g, side, 0]])
    if count == 1:
        for w in range(width):
            out[at + w] = masks[a, w]
        return
    b = np.uint64(place[conditions[g, side, 1]])
    if count == 2:
        if every:
            for w in range(width):
                out[at + w] = masks[a, w] & masks[b, w]
        else:
            for w in range(width):
                out[at + w] = masks[a, w] | masks[b, w]
        return
    c = np.uint64(place[conditions[g, side, 2]])
    if every:
        for w in range(width):
            out[at + w] = masks[a, w] & masks[b, w] & masks[c, w]
    else:
        for w in range(width):
            out[at + w] = masks[a, w] | masks[b, w] | masks[c, w]
    for i in range(3, count):
        a = np.uint64(place[conditions[g, side, i]])
        if every:
            for w in range(width):
                out[at + w] &= masks[a, w]
        else:
            for w in range(width):
                out[at + w] |= masks[a, w]


@njit(cache=True, nogil=True)
def _chain(enter: Any, leave: Any, next_enter: Any, next_leave: Any, at: int, n: int) -> None:
    """Where exits are set no entry counts; then for each word the first set bit from it on.

    Behind the last entry stands n, behind the last exit n - 1.
    """
    width = (n + 63) >> 6
    entry, leaving = np.int32(n), np.int32(n - 1)
    next_enter[at + width], next_leave[at + width] = entry, leaving
    for w in range(width - 1, -1, -1):
        out = leave[at + w]
        word = enter[at + w] & ~out
        enter[at + w] = word
        first = np.int32(w << 6)
        here = first + np.int32(trailing_zeros(word))
        entry = here if word != ZERO else entry
        next_enter[at + w] = entry
        here = first + np.int32(trailing_zeros(out))
        leaving = here if out != ZERO else leaving
        next_leave[at + w] = leaving


@njit(inline="always")
def _next(words: Any, following: Any, lane: Any, start: Any) -> Any:
    """The first set bit from `start` on of the words from `lane` on, without a branch."""
    w = start >> SIX
    word = words[lane + w] & (_ALL << (start & TOP))
    here = np.int64((w << SIX) + trailing_zeros(word))
    later = np.int64(following[lane + w + ONE])
    return here if word != ZERO else later


@njit(cache=True, nogil=True)
def _cut(bars: Any, begin: int, size: int, bounds: Any, cuts: Any, i: int) -> None:
    """Entries and exits before each bound, of trades in the order of time."""
    base, whole = np.uint64(2 * begin), np.uint64(size)
    for s in range(bounds.size):
        bound = np.uint64(bounds[s])
        ended, left = ZERO, whole  # trades that end before it: halves, and no branch to foresee
        while left > ONE:
            half = left >> ONE
            exit_bar = np.uint64(bars[base + ((ended + half) << ONE) - ONE])
            ended += half * ((exit_bar - bound) >> TOP)
            left -= half
        if left == ONE:
            ended += (np.uint64(bars[base + (ended << ONE) + ONE]) - bound) >> TOP
        cut = ended << ONE
        if ended < whole:
            cut += (np.uint64(bars[base + cut]) - bound) >> TOP
        cuts[i, s] = np.uint32(cut)


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
    size: Any,
    bars: Any,
    rows: Any,
    cuts: Any,
    stops: Any,
    table: Any,
    codes: Any,
    pairs: Any,
    gains: Any,
    longest: Any,
    timed: int,
    session: int,
) -> int:
    """List the trades of genomes order[lo:hi] on one symbol until the space is used up.

    Each trade waits for the end of the one before, so that one genome leaves the processor idle:
    several are walked in turns, each in a lane of its own.

    Args:
        order .. cuts: as in `list_trades`.
        stops: number of the level of each stop, -1 for none, [G, 4].
        table: for stop loss, target and trailing stop the table of each level, [3, L]; table 0
            is never met and stands for what is not used. The exits of table k stand in the
            records from row T + 2 + k T on.
        codes: first event after each entry bar, flat [., T]: 16 * bar + twice its rank (as
            `first_touch` ranks; 4 is a session end), and one more for a trailing stop.
        pairs: the row of codes for each stop loss and trailing stop (0: none), session ends
            included, [L + 1, L + 1]. gains: the row for each target, [L + 1].
        longest: longest holding of each level, in bars. timed: first row of exits by time.
        session: table of session ends, 0 where positions may stay.

    Returns:
        The genome after the last one that found space.
    """
    width = masks.shape[1]
    stride = width + 1
    enter, leave = np.zeros(_LANES * stride, np.uint64), np.zeros(_LANES * stride, np.uint64)
    next_enter = np.empty(_LANES * stride, np.int32)
    next_leave = np.empty(_LANES * stride, np.int32)
    flat, used, begins = np.zeros((3, _LANES), np.int64)
    who, most = np.zeros((2, _LANES), np.int64)
    pair, gain = np.zeros((2, _LANES), np.uint64)
    exits_of = np.zeros(_LANES << 4, np.int64)  # first row of exits of each kind of event
    first_row = n + 2  # of the exits of table 0, which has none
    share = (rows.size - 8) // _LANES
    room = share - n
    for lane in range(_LANES):
        used[lane] = lane * share
    lanes, following = 0, lo
    busy = np.zeros(_LANES, np.int64)  # lanes at work
    idle = np.arange(_LANES)  # the others, from `lanes` on
    while True:
        while lanes < _LANES and following < hi:
            lane = idle[lanes]
            if used[lane] - lane * share > room:
                break
            g = order[following]
            begin = lane * stride
            for side in range(2):
                _rule(
                    masks, place, conditions, g, side, count[g, side], every[g, side],
                    leave if side else enter, np.uint64(begin), np.uint64(width),
                )  # fmt: skip
            _chain(enter, leave, next_enter, next_leave, begin, n)
            pair[lane] = n * pairs[stops[g, 0] + 1, stops[g, 2] + 1]
            gain[lane] = n * gains[stops[g, 1] + 1]
            at = lane << 4
            exits_of[at + 8] = first_row + n * session
            for rank in (0, 4):
                exits_of[at + rank] = first_row + n * table[0, max(stops[g, 0], 0)]
                exits_of[at + rank + 1] = first_row + n * table[2, max(stops[g, 2], 0)]
                exits_of[at + rank + 2] = first_row + n * table[1, max(stops[g, 1], 0)]
            most[lane] = longest[stops[g, 3]] if stops[g, 3] >= 0 else n
            flat[lane], begins[lane], who[lane] = 0, used[lane], following - lo
            busy[lanes] = lane
            lanes += 1
            following += 1
        if lanes == 0:
            return following
        ended = -1
        while ended < 0:
            for at in range(lanes):
                one = np.uint64(busy[np.uint64(at)])
                words = one * np.uint64(stride)
                e = _next(enter, next_enter, words, np.uint64(flat[one])) + 1
                if e >= n:
                    ended = at
                    continue
                u = np.uint64(e)
                code = min(codes[pair[one] + u], codes[gain[one] + u])
                hit = np.int64(code) >> 4
                late = e + most[one]
                x = _next(leave, next_leave, words, u) + 1
                row = timed + late if late < x else n + x
                x = min(x, late)
                if hit >= n and x >= n:  # still open: closed at the last close
                    x = n - 1
                    row = 2 * n + (1 if x == e else 0)
                touched = exits_of[(one << _FOUR) + np.uint64(code & _NIBBLE)] + e
                row = touched if hit < x else row
                x = min(x, hit)
                k = np.uint64(used[one])
                bars[k + k], bars[k + k + ONE], rows[k] = e, x, row
                used[one] += 1
                flat[one] = x
        lane = busy[ended]
        i = who[lane]
        first[i], size[i] = begins[lane], used[lane] - begins[lane]
        _cut(bars, first[i], size[i], bounds, cuts, i)
        lanes -= 1
        busy[ended] = busy[lanes]
        idle[lanes] = lane


@njit(cache=True, nogil=True)
def _chain_both(enter: Any, leave: Any, next_enter: Any, next_leave: Any, at: int, n: int) -> None:
    """Where both are set neither counts; then for each word the first set bit from it on.

    Behind the last one of either stands n - 1.
    """
    width = (n + 63) >> 6
    entry = leaving = np.int32(n - 1)
    next_enter[at + width], next_leave[at + width] = entry, leaving
    for w in range(width - 1, -1, -1):
        up, down = enter[at + w] & ~leave[at + w], leave[at + w] & ~enter[at + w]
        enter[at + w], leave[at + w] = up, down
        first = np.int32(w << 6)
        entry = first + np.int32(trailing_zeros(up)) if up != ZERO else entry
        leaving = first + np.int32(trailing_zeros(down)) if down != ZERO else leaving
        next_enter[at + w], next_leave[at + w] = entry, leaving


@njit(cache=True, nogil=True)
def list_turned(  # noqa: C901 - as `list_stopped`, with two sides
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
    stops: Any,
    table: Any,
    codes: Any,
    pairs: Any,
    gains: Any,
    longest: Any,
    timed: Any,
    session: Any,
) -> int:
    """List the trades of genomes that are long after an entry, short after an exit.

    A trade that a signal of the other kind ends is turned into one of the other side; after any
    other end the next signal of either kind counts.

    Args:
        order .. others: as in `list_turns`. stops, longest: as in `list_stopped`.
        table, pairs, gains, timed, session: as there, of the long side and of the short one;
            codes are in rows of one array.

    Returns:
        The genome after the last one that found space.
    """
    width = masks.shape[1]
    stride = width + 1
    enter, leave = np.zeros(_LANES * stride, np.uint64), np.zeros(_LANES * stride, np.uint64)
    next_enter = np.empty(_LANES * stride, np.int32)
    next_leave = np.empty(_LANES * stride, np.int32)
    flat, used, begins, turn = np.zeros((4, _LANES), np.int64)
    who, most, short = np.zeros((3, _LANES), np.int64)
    pair, gain = np.zeros((2, 2 * _LANES), np.uint64)
    exits_of = np.zeros(_LANES << 5, np.int64)
    share = (rows.size - 8) // _LANES
    room = share - n
    for lane in range(_LANES):
        used[lane] = lane * share
    lanes, following = 0, lo
    busy = np.zeros(_LANES, np.int64)
    idle = np.arange(_LANES)
    while True:
        while lanes < _LANES and following < hi:
            lane = idle[lanes]
            if used[lane] - lane * share > room:
                break
            g = order[following]
            begin = lane * stride
            for part in range(2):
                _rule(
                    masks, place, conditions, g, part, count[g, part], every[g, part],
                    leave if part else enter, np.uint64(begin), np.uint64(width),
                )  # fmt: skip
            _chain_both(enter, leave, next_enter, next_leave, begin, n)
            for side in range(2):
                pair[2 * lane + side] = n * pairs[side, stops[g, 0] + 1, stops[g, 2] + 1]
                gain[2 * lane + side] = n * gains[side, stops[g, 1] + 1]
                at = (2 * lane + side) << 4
                first_row = side * others + n + 2
                exits_of[at + 8] = first_row + n * session[side]
                for rank in (0, 4):
                    loss = table[side, 0, max(stops[g, 0], 0)]
                    exits_of[at + rank] = first_row + n * loss
                    trail = table[side, 2, max(stops[g, 2], 0)]
                    exits_of[at + rank + 1] = first_row + n * trail
                    target = table[side, 1, max(stops[g, 1], 0)]
                    exits_of[at + rank + 2] = first_row + n * target
            most[lane] = longest[stops[g, 3]] if stops[g, 3] >= 0 else n
            flat[lane], begins[lane], who[lane] = 0, used[lane], following - lo
            turn[lane] = 0
            busy[lanes] = lane
            lanes += 1
            following += 1
        if lanes == 0:
            return following
        ended = -1
        while ended < 0:
            for at in range(lanes):
                mine = np.uint64(busy[np.uint64(at)])
                words = mine * np.uint64(stride)
                u: Any = np.uint64(flat[mine])
                own: Any = np.uint64(short[mine])
                if turn[mine] == 0:
                    up = _next(enter, next_enter, words, u)
                    down = _next(leave, next_leave, words, u)
                    u = np.uint64(min(up, down) + 1)
                    if np.int64(u) >= n:
                        ended = at
                        continue
                    own = ONE if down < up else ZERO
                e, one = np.int64(u), mine + mine + own
                code = min(codes[pair[one] + u], codes[gain[one] + u])
                hit = np.int64(code) >> 4
                if own == ZERO:
                    x = _next(leave, next_leave, words, u) + 1
                else:
                    x = _next(enter, next_enter, words, u) + 1
                late = e + most[mine]
                away = others if own != ZERO else 0
                by_signal = x < n and x <= late and x <= hit
                row = timed[own] + late if late < x else n + x
                x = min(x, late)
                if hit >= n and x >= n:  # still open: closed at the last close
                    x = n - 1
                    row = 2 * n + (1 if x == e else 0)
                touched = exits_of[(one << _FOUR) + np.uint64(code & _NIBBLE)] + e
                row = touched if hit < x else away + row
                x = min(x, hit)
                k = np.uint64(used[mine])
                bars[k + k], bars[k + k + ONE], rows[k] = e, x, row
                by_turn = turn[mine] != 0 and e != x
                entries[k] = away + e + (turned if by_turn else 0)
                used[mine] += 1
                flat[mine] = x
                turn[mine] = 1 if by_signal else 0
                short[mine] = own ^ ONE if by_signal else own
        lane = busy[ended]
        i = who[lane]
        first[i], size[i] = begins[lane], used[lane] - begins[lane]
        _cut(bars, first[i], size[i], bounds, cuts, i)
        lanes -= 1
        busy[ended] = busy[lanes]
        idle[lanes] = lane

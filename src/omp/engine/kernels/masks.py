"""Comparisons of indicators as words, 64 bars to a word, straight from the indicators' values."""

from typing import Any

import numpy as np
from numba import njit

_GATHER = np.uint64(0x0102040810204080)  # moves the lowest bits of eight bytes into the top byte
_TOP, _EIGHT = np.uint64(56), np.uint64(8)


@njit(cache=True, nogil=True)
def _flags(left: Any, right: Any, op: int, out: Any) -> None:
    """One byte for each bar from the second one on: whether the comparison holds."""
    a, a_before, b, b_before = left[1:], left[:-1], right[1:], right[:-1]
    if op == 0:
        for t in range(a.size):
            out[t] = a[t] < b[t]
    elif op == 1:
        for t in range(a.size):
            out[t] = a[t] > b[t]
    elif op == 2:
        for t in range(a.size):
            out[t] = (a[t] > b[t]) & (a_before[t] <= b_before[t])
    else:
        for t in range(a.size):
            out[t] = (a[t] < b[t]) & (a_before[t] >= b_before[t])


@njit(cache=True, nogil=True)
def _level_flags(left: Any, level: float, op: int, out: Any) -> None:
    """The same for a comparison with a number."""
    a, a_before = left[1:], left[:-1]
    if op == 0:
        for t in range(a.size):
            out[t] = a[t] < level
    elif op == 1:
        for t in range(a.size):
            out[t] = a[t] > level
    elif op == 2:
        for t in range(a.size):
            out[t] = (a[t] > level) & (a_before[t] <= level)
    else:
        for t in range(a.size):
            out[t] = (a[t] < level) & (a_before[t] >= level)


@njit(cache=True, nogil=True)
def _with_bar_before(values: Any, first: int, last: int) -> Any:
    """The window's values and the one before it, which is undefined where there is none."""
    if first > 0:
        return values[first - 1 : last]
    made = np.empty(last + 1)
    made[0] = np.nan
    made[1:] = values[:last]
    return made


@njit(cache=True, nogil=True)
def compare(
    left: Any,
    right: Any,
    first: int,
    last: int,
    ops: Any,
    levels: Any,
    rows: Any,
    words: Any,
) -> None:
    """Write the words of several conditions on the same indicators.

    Args:
        left, right: values at every bar; `right` is empty where the right side is a level.
        first, last: the window is bars first up to, without, last. Its last bar is left out.
        ops: 0 `<`, 1 `>`, 2 crosses above, 3 crosses below. levels: right sides that are numbers.
        rows: where in `words`, [C, W], each condition is written.
    """
    n = last - first
    width = words.shape[1]
    eights = np.zeros(8 * width, np.uint64)
    flags = eights.view(np.uint8)  # one byte for each bar
    # a bar more in front, for the crossings; nothing crosses in the first bar of all
    before = _with_bar_before(left, first, last)
    beside = _with_bar_before(right, first, last) if right.size > 0 else right
    for k in range(ops.size):
        if right.size > 0:
            _flags(before, beside, ops[k], flags)
        else:
            _level_flags(before, levels[k], ops[k], flags)
        flags[n - 1] = 0
        for w in range(width):
            word = np.uint64(0)
            for j in range(8):
                word |= ((eights[8 * w + j] * _GATHER) >> _TOP) << (_EIGHT * np.uint64(j))
            words[rows[k], w] = word


@njit(cache=True, nogil=True)
def all_known(place: Any, numbers: Any) -> bool:
    """Whether every condition has a place.

    Args:
        place: row of each condition, -1 where there is none. numbers: of conditions, -1 for none.
    """
    least = 0
    for number in numbers:
        if number >= 0:
            least = min(least, place[number])
    return least >= 0

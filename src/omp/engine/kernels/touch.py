"""When a stop or target of one level is first met, for an entry at every bar."""

from typing import Any

import numpy as np
from numba import njit

NEVER = np.int32(2**31 - 1)
_BLOCK = 64


@njit(cache=True, nogil=True)
def first_touch(
    kind: int,
    side: int,
    fraction: float,
    open_: Any,
    high: Any,
    low: Any,
    keys: Any,
    prices: Any,
    levels: Any,
) -> None:
    """The first touch of a stop (kind 0), target (1) or trailing stop (2) after each entry.

    Args:
        side: 1 long, -1 short. fraction: its distance from the entry open, or from the best price.
        open_, high, low: [T].
        keys: 8 * bar + rank, NEVER where it is not met; of two events the one with the smaller
            key comes first. Ranks: 0 stop at the open, 1 target at the open, 2 stop, 3 target.
        prices: the fill before slippage. levels: the level that was met. All [T], written.
    """
    n = open_.size
    blocks = (n + _BLOCK - 1) // _BLOCK
    top, bottom = np.full(blocks, -np.inf), np.full(blocks, np.inf)
    highest, lowest = np.full(blocks, -np.inf), np.full(blocks, np.inf)
    for t in range(n):
        b = t // _BLOCK
        highest[b], lowest[b] = max(highest[b], high[t]), min(lowest[b], low[t])
        top[b] = max(top[b], high[t], open_[t])
        bottom[b] = min(bottom[b], low[t], open_[t])
    rank = 1 if kind == 1 else 0
    away = side if kind == 1 else -side  # 1 where the level lies above the price
    for e in range(n):
        keys[e], prices[e], levels[e] = NEVER, 0.0, 0.0
        best = open_[e]
        level = open_[e] * (1.0 + away * fraction)
        j = e
        while j < n:
            if j > e and j % _BLOCK == 0:  # a block that cannot touch is left out whole
                b = j // _BLOCK
                furthest = level
                if kind == 2:
                    best_in = max(best, highest[b]) if side > 0 else min(best, lowest[b])
                    furthest = best_in * (1.0 - side * fraction)
                if (away > 0 and top[b] < furthest) or (away < 0 and bottom[b] > furthest):
                    if kind == 2:
                        best, level = best_in, furthest
                    j += _BLOCK
                    continue
            reached = high[j] if away > 0 else low[j]
            if j > e and away * open_[j] >= away * level:
                keys[e], prices[e], levels[e] = 8 * j + rank, open_[j], level
                break
            if away * reached >= away * level:
                keys[e], prices[e], levels[e] = 8 * j + 2 + rank, level, level
                break
            if kind == 2:
                best = max(best, high[j]) if side > 0 else min(best, low[j])
                level = best * (1.0 - side * fraction)
            j += 1

"""The splits of CSCV, compiled: every rule on both halves of each split, winners and their ranks.

Sums run in the order of the interpreted version and nothing is reassociated or fused, so that both
give the same ranks to the last one. Rules are taken in strips: the highest key of each strip is
kept in lanes, which the compiler turns into vector instructions without fast-math.
"""

from typing import Any

import numpy as np
from numba import njit

_STRIP = 64
_LANES = 8


@njit(cache=True, nogil=True, error_model="numpy")
def _measure(
    low: Any, high: Any, low_sq: Any, high_sq: Any, n: float, solid: float, keys: Any, tops: Any
) -> float:
    """Keys of all rules on one half, 0 where flat; the highest of each strip, and of all.

    Args:
        low, high, low_sq, high_sq: sums over the blocks of either half of the window, [N].
        n: bars. solid: share of the squares below which the squared mean must stay.
        keys: written, [N]. tops: written, [ceil(N / 64)].
    """
    size = keys.size
    lanes = np.empty(_LANES)
    best, bar = -np.inf, n * solid
    for strip in range(tops.size):
        begin = strip * _STRIP
        end = min(size, begin + _STRIP)
        for i in range(begin, end):
            total = low[i] + high[i]
            squares = low_sq[i] + high_sq[i]
            flat = total * total >= squares * bar
            keys[i] = 0.0 if flat else total * abs(total) / squares
        lanes[:] = -np.inf
        whole = begin + (end - begin) // _LANES * _LANES
        for i in range(begin, whole, _LANES):
            for lane in range(_LANES):
                one = keys[i + lane]
                lanes[lane] = max(lanes[lane], one)
        top = -np.inf
        for lane in range(_LANES):
            top = max(top, lanes[lane])
        for i in range(whole, end):
            top = max(top, keys[i])
        tops[strip] = top
        best = max(best, top)
    return float(best)


@njit(cache=True, nogil=True, error_model="numpy")
def _judge(keys: Any, tops: Any, best: float, others: Any) -> tuple[int, bool]:
    """Rank (1 the lowest) elsewhere of the best rule here, and whether it gains nothing there.

    Of several that are best here, the worst elsewhere counts.
    """
    worst = np.inf
    for strip in range(tops.size):
        if tops[strip] == best:
            for i in range(strip * _STRIP, min(keys.size, (strip + 1) * _STRIP)):
                if keys[i] == best:
                    worst = min(worst, others[i])
    rank = 1
    for i in range(others.size):
        rank += 1 if others[i] < worst else 0
    return rank, worst <= 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _any_flat(
    keys: Any,
    tops: Any,
    best: float,
    others: Any,
    sums: Any,
    squares: Any,
    rows: Any,
    n: Any,
    solid: float,
) -> bool:
    """Whether a rule that shares the best key is flat on either half.

    A key of exactly 0 is the mark of a flat rule, or of one whose mean is exactly 0.
    """
    for strip in range(tops.size):
        if tops[strip] != best:
            continue
        for i in range(strip * _STRIP, min(keys.size, (strip + 1) * _STRIP)):
            if keys[i] != best or (keys[i] != 0.0 and others[i] != 0.0):
                continue
            for half in range(2):
                low, high = rows[half, 0], rows[half, 1]
                total = sums[0, low, i] + sums[1, high, i]
                square = squares[0, low, i] + squares[1, high, i]
                if total * total >= square * (n[half] * solid):
                    return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def ranks(
    sums: Any, squares: Any, masks: Any, bars: Any, solid: float, rank: Any, flat: Any, lost: Any
) -> None:
    """Of each split's winner: its rank on the other half, flat on a half, no gain on the other.

    Args:
        sums, squares: over each subset of the earlier and of the later blocks, [2, 2^(S/2), N].
        masks: the blocks of each split as bits; the last is the complement of the first, [C].
        bars: bars of each subset, [2, 2^(S/2)].
        solid: share of the squares that the squared mean of a rule with variance stays below.
        rank: written, int64[C]. flat, lost: written, bool[C].
    """
    n_rules, n_subsets = sums.shape[2], sums.shape[1]
    strips = -(-n_rules // _STRIP)
    keys, tops = np.empty((2, n_rules)), np.empty((2, strips))
    best, n = np.empty(2), np.empty(2)
    rows = np.empty((2, 2), np.int64)
    for i in range(masks.size // 2):
        pair = (i, masks.size - 1 - i)
        for half in range(2):
            mask = masks[pair[half]]
            low, high = mask % n_subsets, mask // n_subsets
            rows[half, 0], rows[half, 1] = low, high
            n[half] = bars[0, low] + bars[1, high]
            best[half] = _measure(
                sums[0, low],
                sums[1, high],
                squares[0, low],
                squares[1, high],
                n[half],
                solid,
                keys[half],
                tops[half],
            )
        for half in range(2):
            other = 1 - half
            found, none = _judge(keys[half], tops[half], best[half], keys[other])
            rank[pair[half]], lost[pair[half]] = found, none
            flat[pair[half]] = _any_flat(
                keys[half],
                tops[half],
                best[half],
                keys[other],
                sums,
                squares,
                rows,
                n,
                solid,
            )

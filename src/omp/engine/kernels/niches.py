"""Choosing elites and telling new genomes from known ones, compiled."""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def unseen(known: Any, identity: Any, keep: Any) -> None:
    """Mark the genomes that are neither known nor the repetition of one before them.

    Args:
        known: identities, uint64[N, 2].
        identity: those that are asked about, uint64[G, 2].
        keep: bool[G], written.
    """
    size = 16
    while size < 2 * (known.shape[0] + identity.shape[0]):
        size *= 2
    last = np.uint64(size - 1)
    table = np.full(size, -1, dtype=np.int64)
    n = known.shape[0]
    for i in range(n + identity.shape[0]):
        one = known[i] if i < n else identity[i - n]
        at: Any = np.int64(one[0] & last)
        found = False
        while table[at] >= 0 and not found:
            j = table[at]
            other = known[j] if j < n else identity[j - n]
            found = one[0] == other[0] and one[1] == other[1]
            at = at + 1 if at + 1 < size else 0
        if not found:
            table[at] = i
        if i >= n:
            keep[i - n] = not found


@njit(cache=True, nogil=True)
def choose(
    niche: Any,
    sketch: Any,
    size: int,
    per_niche: int,
    per_idea: int,
    alike: float,
    n_niches: int,
    kept: Any,
) -> int:
    """Take the best that niche and idea still have room for.

    Args:
        niche: niche of each strategy, best first, [R].
        sketch: their normed sketches, [R, D].
        size: most that are taken.
        per_niche, per_idea: most of one niche, and of those alike to a better one that was taken.
        alike: correlation from which two are one idea.
        n_niches: how many niches there are.
        kept: int64[size], written: rows that are taken, ascending.

    Returns:
        How many were taken.
    """
    width = sketch.shape[1]
    taken = np.empty((width, size))  # transposed: the sums run in the order of the columns
    near = np.empty(size)
    filled = np.zeros(n_niches, dtype=np.int64)
    n = 0
    for r in range(niche.size):
        if filled[niche[r]] >= per_niche:
            continue
        near[:n] = 0.0
        for d in range(width):
            value = sketch[r, d]
            for j in range(n):
                near[j] += value * taken[d, j]
        crowd = 0
        for j in range(n):
            crowd += near[j] >= alike
        if crowd >= per_idea:
            continue
        for d in range(width):
            taken[d, n] = sketch[r, d]
        kept[n] = r
        filled[niche[r]] += 1
        n += 1
        if n == size:
            break
    return n


@njit(cache=True, nogil=True)
def lower_quartile(block_sum: Any, block_sum_sq: Any, length: float, out: Any) -> None:
    """Write the lower quartile of each strategy's Sharpe ratios over the blocks, flat ones 0.

    Args:
        block_sum, block_sum_sq: sums of x and of its square in each block, [G, S].
        length: bars of a block.
        out: float64[G], written.
    """
    blocks = block_sum.shape[1]
    place = 0.25 * (blocks - 1)
    at = int(place)
    above = min(at + 1, blocks - 1)
    sharpe, least = np.empty(blocks), np.empty(above + 2)
    for g in range(block_sum.shape[0]):
        for s in range(blocks):  # apart from what follows, so that several are done at once
            mean = block_sum[g, s] / length
            spread = block_sum_sq[g, s] / length - mean * mean
            one = mean / np.sqrt(spread if spread > 0.0 else 1.0)
            sharpe[s] = one if spread > 0.0 else 0.0
        least[: above + 1] = np.inf
        for s in range(blocks):  # no more of the order than is asked for
            one = sharpe[s]
            if one < least[above]:
                k = above - 1
                while k >= 0 and least[k] > one:
                    least[k + 1] = least[k]
                    k -= 1
                least[k + 1] = one
        out[g] = least[at] + (place - at) * (least[above] - least[at])


@njit(cache=True, nogil=True)
def _before(a: int, b: int, coarse: Any, fitness: Any, behaviour: Any) -> bool:
    """Whether strategy a ranks before b: tier and simplicity, fitness, behaviour."""
    if coarse[a] != coarse[b]:
        return bool(coarse[a] < coarse[b])
    if fitness[a] != fitness[b]:
        return bool(fitness[a] > fitness[b])
    if behaviour[a, 0] != behaviour[b, 0]:
        return bool(behaviour[a, 0] < behaviour[b, 0])
    return bool(behaviour[a, 1] < behaviour[b, 1])


@njit(cache=True, nogil=True)
def rank_distinct(behaviour: Any, complexity: Any, tier: Any, fitness: Any, rows: Any) -> int:
    """The simplest strategy of each behaviour, the first of equals, in order, the best first.

    Args:
        behaviour: uint64[N, 2]. complexity, tier, fitness: [N], fitness finite.
        rows: int64[N], written.

    Returns:
        How many there are.
    """
    n = complexity.size
    size = 16
    while size < 2 * n:
        size *= 2
    last = np.uint64(size - 1)
    table = np.full(size, -1, dtype=np.int64)
    for i in range(n):
        at: Any = np.int64(behaviour[i, 0] & last)
        while True:
            j = table[at]
            if j < 0:
                table[at] = i
                break
            if behaviour[i, 0] == behaviour[j, 0] and behaviour[i, 1] == behaviour[j, 1]:
                if complexity[i] < complexity[j]:
                    table[at] = i
                break
            at = at + 1 if at + 1 < size else 0
    count = 0
    for one in table:
        if one >= 0:
            rows[count] = one
            count += 1
    coarse = complexity - (tier << 8)  # no rule has as many conditions and stops as that
    other = np.empty(count, dtype=np.int64)
    step = 1
    while step < count:  # sorted runs of doubling length are merged
        for begin in range(0, count, 2 * step):
            a, middle = begin, min(begin + step, count)
            b, end = middle, min(begin + 2 * step, count)
            for k in range(begin, end):
                take_b = a >= middle or (
                    b < end and _before(rows[b], rows[a], coarse, fitness, behaviour)
                )
                other[k] = rows[b] if take_b else rows[a]
                b += take_b
                a += not take_b
        rows[:count] = other
        step *= 2
    return count


@njit(cache=True, nogil=True)
def repeats(held: Any, plain: Any, behaviour: Any, complexity: Any, out: Any) -> None:
    """Mark the strategies that behave as a held one that is as simple.

    Args:
        held, plain: behaviours and complexities that are held, [E, 2] and [E].
        behaviour, complexity: of those that are asked about, [N, 2] and [N]. out: bool[N], written.
    """
    for i in range(complexity.size):
        out[i] = False
        for j in range(plain.size):
            if held[j, 0] == behaviour[i, 0] and held[j, 1] == behaviour[i, 1]:
                out[i] = out[i] or plain[j] <= complexity[i]

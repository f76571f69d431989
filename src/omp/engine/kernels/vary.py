"""Drawing and breeding rules, compiled: the moves of `omp.engine.variation` on rows of arrays.

Every genome has a stream of numbers of its own, splitmix64 (Steele, Lea and Flood, 2014) from a
key of run, generation and place: what it becomes depends on nothing that others draw.

Nothing is allocated here, so `_nrt=False` leaves out the counting of references: each table of `t`
that is read would otherwise cost two atomic operations, two thirds of the time in all.
"""

from typing import Any

import numpy as np
from numba import njit

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_TO_SHARE = 2.0**-53
_ATTEMPTS = 8  # moves that may leave a genome as it is before a fresh one is drawn


@njit(nogil=True, _nrt=False)
def _mixed(h: Any) -> Any:
    h = (h ^ (h >> _S30)) * _MIX_1
    h = (h ^ (h >> _S27)) * _MIX_2
    return h ^ (h >> _S31)


@njit(nogil=True, _nrt=False)
def _share(dice: Any) -> float:
    dice.state[0] += _STEP
    return float(_mixed(dice.state[0]) >> _S11) * _TO_SHARE


@njit(nogil=True, _nrt=False)
def _below(dice: Any, n: int) -> int:
    return int(_share(dice) * n)


# ------------------------------------------------------------------ conditions and rules


@njit(nogil=True, _nrt=False)
def _pair(t: Any, a: int, op: int, b: int) -> Any:
    """The number of a condition between two operands of one scale, in canonical form."""
    i, j = t.rank[a], t.rank[b]
    if i > j:
        i, j, op = j, i, op ^ 1
    group = t.scale[a]
    m = t.group_size[group]
    return t.pair_base[group] + op * (m * (m - 1) // 2) + i * (2 * m - i - 1) // 2 + (j - i - 1)


@njit(nogil=True, _nrt=False)
def _random_condition(t: Any, dice: Any) -> Any:
    name = _below(dice, t.first.size)
    left = t.first[name] + _below(dice, t.size[name])
    op = 0 if _share(dice) < t.state_share else 2
    op += 0 if _share(dice) < 0.5 else 1
    levels, group = t.n_levels[left], t.scale[left]
    mates = t.group_size[group] if group >= 0 else 0
    if levels > 0 and (mates < 2 or _share(dice) < t.number_share):
        place = 0.0
        for _ in range(t.level_draws):
            place += _share(dice)
        return t.level_base[left] + op * levels + int(place / t.level_draws * levels)
    at = _below(dice, mates - 1)
    at += 1 if at >= t.rank[left] else 0
    return _pair(t, left, op, t.member[group, at])


@njit(nogil=True, _nrt=False)
def _settle(row: Any, n: int) -> int:
    """Sort a side's conditions, each once, -1 behind the last; how many they are."""
    for i in range(1, n):
        one, k = row[i], i - 1
        while k >= 0 and row[k] > one:
            row[k + 1] = row[k]
            k -= 1
        row[k + 1] = one
    kept = 0
    for i in range(n):
        if kept == 0 or row[i] != row[kept - 1]:
            row[kept] = row[i]
            kept += 1
    for i in range(kept, row.size):
        row[i] = -1
    return kept


@njit(nogil=True, _nrt=False)
def _put(p: Any, g: int, side: int, n: int, every: bool) -> None:
    """Bring a side whose first n conditions were just written into canonical form."""
    n = _settle(p.conditions[g, side], n)
    p.counts[g, side] = n
    p.every[g, side] = n == 1 or (n > 1 and every)


@njit(nogil=True, _nrt=False)
def _random_rule(t: Any, dice: Any, p: Any, g: int, side: int) -> None:
    n = 1
    while n < t.max_conditions and _share(dice) < t.further_share:
        n += 1
    every = _share(dice) < 0.5
    for k in range(n):
        p.conditions[g, side, k] = _random_condition(t, dice)
    _put(p, g, side, n, every)


@njit(nogil=True, _nrt=False)
def _dual_exit(t: Any, p: Any, g: int) -> None:
    n = p.counts[g, 0]
    for k in range(n):
        p.conditions[g, 1, k] = t.mirror[p.conditions[g, 0, k]]
    _put(p, g, 1, n, not p.every[g, 0])


@njit(nogil=True, _nrt=False)
def _random_genome(t: Any, dice: Any, p: Any, g: int) -> None:
    p.direction[g] = t.direction
    _random_rule(t, dice, p, g, 0)
    if _share(dice) < t.dual_share:
        _dual_exit(t, p, g)
    else:
        _random_rule(t, dice, p, g, 1)
    for kind in range(4):
        p.stops[g, kind] = -1
    for kind in t.stop_kinds:
        if _share(dice) < t.stop_share:
            p.stops[g, kind] = _below(dice, t.stop_sizes[kind])


@njit(nogil=True, _nrt=False)
def _copy(source: Any, at: int, p: Any, g: int) -> None:
    p.direction[g] = source.direction[at]
    for kind in range(4):
        p.stops[g, kind] = source.stops[at, kind]
    for side in range(2):
        _copy_side(source, at, p, g, side)


@njit(nogil=True, _nrt=False)
def _copy_side(source: Any, at: int, p: Any, g: int, side: int) -> None:
    for k in range(p.conditions.shape[2]):
        p.conditions[g, side, k] = source.conditions[at, side, k]
    p.counts[g, side] = source.counts[at, side]
    p.every[g, side] = source.every[at, side]


@njit(nogil=True, _nrt=False)
def _same(a: Any, i: int, b: Any, j: int) -> bool:
    for side in range(2):
        if a.counts[i, side] != b.counts[j, side] or a.every[i, side] != b.every[j, side]:
            return False
        for k in range(a.counts[i, side]):
            if a.conditions[i, side, k] != b.conditions[j, side, k]:
                return False
    alike = True
    for kind in range(4):
        alike = alike and a.stops[i, kind] == b.stops[j, kind]
    return alike


# ------------------------------------------------------------------ moves


@njit(nogil=True, _nrt=False)
def _stepped(t: Any, dice: Any, number: int) -> Any:
    """A condition one grid step away, each equally likely; the same where there is none."""
    found, n = dice.steps, 0
    if number >= t.own:
        steps = t.stranger_steps[number - t.own]
        for one in steps:
            if one >= 0:
                found[n] = one
                n += 1
    elif t.right[number] < 0:
        n = _level_steps(t, number, found)
    else:
        n = _pair_steps(t, number, found)
    return found[_below(dice, n)] if n > 0 else number


@njit(nogil=True, _nrt=False)
def _level_steps(t: Any, number: int, found: Any) -> int:
    left, op, n = t.left[number], int(t.op[number]), 0
    levels = t.n_levels[left]
    level = number - t.level_base[left] - op * levels
    for one in t.operand_steps[left]:
        if one >= 0:
            found[n] = t.level_base[one] + op * levels + level
            n += 1
    for moved in (level - 1, level + 1):
        if 0 <= moved < levels:
            found[n] = t.level_base[left] + op * levels + moved
            n += 1
    return n


@njit(nogil=True, _nrt=False)
def _pair_steps(t: Any, number: int, found: Any) -> int:
    left, right, op, n = t.left[number], t.right[number], int(t.op[number]), 0
    for one in t.operand_steps[left]:
        if one >= 0 and one != right:
            found[n] = _pair(t, one, op, right)
            n += 1
    for one in t.operand_steps[right]:
        if one >= 0 and one != left:
            found[n] = _pair(t, left, op, one)
            n += 1
    return n


@njit(nogil=True, _nrt=False)
def _change_stop(t: Any, dice: Any, p: Any, g: int) -> None:
    if t.stop_kinds.size == 0:
        return
    one = t.stop_kinds[_below(dice, t.stop_kinds.size)]
    if p.stops[g, one] >= 0 and _share(dice) < 0.5:
        p.stops[g, one] = -1
    else:
        p.stops[g, one] = _below(dice, t.stop_sizes[one])


@njit(nogil=True, _nrt=False)
def _move(t: Any, dice: Any, p: Any, g: int, kind: int) -> None:
    """Change a genome in place by one move; the numbers are those of `variation.MOVES`."""
    side = 0 if _share(dice) < 0.6 else 1
    row, n, every = p.conditions[g, side], int(p.counts[g, side]), p.every[g, side]
    if kind == 0:  # step
        if n > 0:
            at = _below(dice, n)
            row[at] = _stepped(t, dice, row[at])
            _put(p, g, side, n, every)
    elif kind == 1:  # replace
        at = _below(dice, max(1, n))
        row[at] = _random_condition(t, dice)
        _put(p, g, side, max(1, n), every)
    elif kind == 2:  # add
        if n < t.max_conditions:
            every = every if n > 1 else _share(dice) < 0.5
            row[n] = _random_condition(t, dice)
            _put(p, g, side, n + 1, every)
    elif kind == 3:  # drop
        if n > 1:
            row[_below(dice, n)] = row[n - 1]
            _put(p, g, side, n - 1, every)
    elif kind == 4:  # flip
        _put(p, g, side, n, not every)
    elif kind == 5:  # turn exit
        if _share(dice) < 0.5:
            _dual_exit(t, p, g)
        else:
            _random_rule(t, dice, p, g, 1)
    else:
        _change_stop(t, dice, p, g)


@njit(nogil=True, _nrt=False)
def _mutate(t: Any, dice: Any, source: Any, at: int, p: Any, g: int) -> None:
    """Another genome than the source wherever some moves can make one, else a fresh one."""
    for _ in range(_ATTEMPTS):
        _copy(source, at, p, g)
        _move(t, dice, p, g, t.moves[_below(dice, t.moves.size)])
        if not _same(source, at, p, g):
            return
    _random_genome(t, dice, p, g)


@njit(nogil=True, _nrt=False)
def _mix_side(t: Any, dice: Any, q: Any, a: int, b: int, p: Any, g: int, side: int) -> None:
    """Some of the conditions of both parents; at most as many as the grammar allows."""
    pool = dice.pool
    n = int(q.counts[a, side])
    for k in range(n):
        pool[k] = q.conditions[a, side, k]
    more = int(q.counts[b, side])
    for k in range(more):
        pool[n + k] = q.conditions[b, side, k]
    n = _settle(pool, n + more)
    if n == 0:
        _copy_side(q, a, p, g, side)
        return
    wanted = 1 + _below(dice, min(n, t.max_conditions))
    for k in range(wanted):
        at = _below(dice, n)
        p.conditions[g, side, k] = pool[at]
        n -= 1
        pool[at] = pool[n]
    _put(p, g, side, wanted, q.every[a if _share(dice) < 0.5 else b, side])


@njit(nogil=True, _nrt=False)
def _cross(t: Any, dice: Any, q: Any, a: int, b: int, p: Any, g: int) -> None:
    p.direction[g] = q.direction[a]
    if _share(dice) < 0.5:
        _copy_side(q, a, p, g, 0)
        _copy_side(q, b, p, g, 1)
    else:
        _mix_side(t, dice, q, a, b, p, g, 0)
        _mix_side(t, dice, q, a, b, p, g, 1)
    one = a if _share(dice) < 0.5 else b
    for kind in range(4):
        p.stops[g, kind] = q.stops[one, kind]


@njit(nogil=True, _nrt=False)
def _parent(dice: Any, size: int, tournament: int) -> int:
    best = size
    for _ in range(tournament):
        best = min(best, _below(dice, size))
    return best


# ------------------------------------------------------------------ whole populations


@njit(cache=True, nogil=True, _nrt=False)
def draw(t: Any, key: Any, start: int, dice: Any, p: Any) -> None:
    """Draw random genomes number start, start + 1, … into the rows of p."""
    for g in range(p.direction.size):
        dice.state[0] = _mixed(key + np.uint64(start + g) * _STEP)
        _random_genome(t, dice, p, g)


@njit(cache=True, nogil=True, _nrt=False)
def change(t: Any, key: Any, kind: int, source: Any, dice: Any, p: Any) -> None:
    """Change each genome of a population by one move (-1: any that changes it) into p."""
    for g in range(p.direction.size):
        dice.state[0] = _mixed(key + np.uint64(g) * _STEP)
        if kind < 0:
            _mutate(t, dice, source, g, p, g)
        else:
            _copy(source, g, p, g)
            _move(t, dice, p, g, kind)


@njit(cache=True, nogil=True, _nrt=False)
def breed(
    t: Any, key: Any, start: int, parents: Any, lo: int, hi: int, b: Any, dice: Any, p: Any
) -> None:
    """Breed children number start, start + 1, … of the parents lo to hi, best first, into p.

    Args:
        t: Tables. key: of the run and generation. b: Breeding, the shares of each way.
        parents, p: Rows.
    """
    size = p.direction.size - 1  # the last row is where a crossing waits for its mutation
    for g in range(size):
        dice.state[0] = _mixed(key + np.uint64(start + g) * _STEP)
        if _share(dice) < b.newcomers or hi == lo:
            _random_genome(t, dice, p, g)
            continue
        one = lo + _parent(dice, hi - lo, b.tournament)
        if _share(dice) >= b.crossed:
            _mutate(t, dice, parents, one, p, g)
            continue
        other = lo + _parent(dice, hi - lo, b.tournament)
        if _share(dice) < 0.5:
            _cross(t, dice, parents, one, other, p, g)
        else:
            _cross(t, dice, parents, one, other, p, size)
            _mutate(t, dice, p, size, p, g)

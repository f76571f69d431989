"""The numbers of a grammar's own conditions: worked out once, the same for every codebook of it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import blake3
import numpy as np
from numpy.typing import NDArray

from omp.domain.indicators import INDICATORS
from omp.engine.genome import OPERATORS, Operand
from omp.engine.grammar import Grammar
from omp.engine.steps import operand_steps

Words = NDArray[np.uint64]
Int = NDArray[np.int64]

_LANES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03))
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_GRAMMARS = 8  # remembered: a calibration searches one, a daemon's child one


@dataclass(frozen=True, eq=False)
class Numbering:
    """What a codebook begins with; shared, so nobody writes into it.

    Args:
        operands: by number. operand: their numbers. operand_key: hash of each, [O, 2].
        operand_steps: operands one grid step away from each, [O, most], -1 for none.
        levels: of each indicator, level -> its place.
        level_base, n_levels: number of the first level condition of each operand, -1 for none, and
            how many levels it has, [O].
        scale, rank: group of the operands each may be compared with, -1 for none, and its place
            there, [O].
        pair_base, group_size: number of the first pair of each group, and its operands, [S].
        member: the operands of each group, [S, most], -1 for none.
        left, op, right, level, mirror, key: of each condition, as in `Codebook`.
    """

    operands: tuple[Operand, ...]
    operand: dict[Operand, int]
    operand_key: Words
    operand_steps: Int
    levels: dict[str, dict[float, int]]
    level_base: Int
    n_levels: Int
    scale: Int
    rank: Int
    pair_base: Int
    group_size: Int
    member: Int
    left: NDArray[np.int32]
    op: NDArray[np.uint8]
    right: NDArray[np.int32]
    level: NDArray[np.float64]
    mirror: NDArray[np.int32]
    key: Words


@lru_cache(maxsize=_GRAMMARS)
def number_grammar(grammar: Grammar) -> Numbering:
    """Number level conditions operand by operand, then pairs scale by scale."""
    operands = tuple(one for some in grammar.operands.values() for one in some)
    operand_key = np.array([digest(repr(one)) for one in operands])
    n = len(operands)
    level_base, n_levels = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    scale, rank = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    parts: list[tuple[Any, Any, Any, Any, int]] = []
    total = 0
    members: dict[str, list[int]] = {}
    for i, one in enumerate(operands):
        table = INDICATORS[one.indicator]
        levels = np.array(grammar.levels(one.indicator))
        level_base[i], n_levels[i] = total, levels.size
        size = levels.size * len(OPERATORS)
        ops = np.repeat(np.arange(len(OPERATORS)), levels.size)
        none = np.full(size, -1)
        parts.append((np.full(size, i), ops, none, np.tile(levels, 4), levels.size))
        total += size
        if table.scale:
            members.setdefault(table.scale, []).append(i)
    groups = [sorted(some, key=operands.__getitem__) for some in members.values()]
    groups = [some for some in groups if len(some) > 1]
    pair_base, group_size = np.zeros((2, len(groups)), np.int64)
    member = np.full((len(groups), max(map(len, groups), default=0)), -1, np.int64)
    for at, some in enumerate(groups):
        pair_base[at], group_size[at] = total, len(some)
        member[at, : len(some)] = some
        scale[some], rank[some] = at, np.arange(len(some))
        low, high = (np.array(some)[side] for side in np.triu_indices(len(some), 1))
        ops = np.repeat(np.arange(len(OPERATORS)), low.size)
        none = np.full(ops.size, np.nan)
        parts.append((np.tile(low, 4), ops, np.tile(high, 4), none, low.size))
        total += ops.size
    left, op, right, level = (np.concatenate([one[k] for one in parts]) for k in range(4))
    stride = np.concatenate([np.full(one[0].size, one[4]) for one in parts])
    turned = np.where(op % 2 == 0, stride, -stride)
    columns = (
        left.astype(np.int32),
        op.astype(np.uint8),
        right.astype(np.int32),
        level.astype(np.float64),
    )
    return Numbering(
        operands=operands,
        operand={one: i for i, one in enumerate(operands)},
        operand_key=operand_key,
        operand_steps=_all_steps(operands),
        levels={
            name: {level: i for i, level in enumerate(grammar.levels(name))}
            for name in grammar.operands
        },
        level_base=level_base,
        n_levels=n_levels,
        scale=scale,
        rank=rank,
        pair_base=pair_base,
        group_size=group_size,
        member=member,
        left=columns[0],
        op=columns[1],
        right=columns[2],
        level=columns[3],
        mirror=(np.arange(total) + turned).astype(np.int32),
        key=content_keys(operand_key, *columns),
    )


def content_keys(
    operand_key: Words,
    left: NDArray[np.int32],
    op: NDArray[np.uint8],
    right: NDArray[np.int32],
    level: NDArray[np.float64],
) -> Words:
    """The content hashes of some conditions, whatever their numbers, [n, 2]."""
    bits = np.ascontiguousarray(level).view(np.uint64)
    made = np.empty((left.size, 2), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for lane, salt in enumerate(_LANES):
            other = np.where(right >= 0, operand_key[right, lane], _mixed(bits ^ salt))
            h = _mixed(operand_key[left, lane] ^ salt)
            h = _mixed(h + op.astype(np.uint64) + np.uint64(1))
            made[:, lane] = _mixed(h ^ other)
    return made


def digest(text: str) -> Words:
    """128 bits of the blake3 of a text."""
    return np.frombuffer(blake3.blake3(text.encode()).digest()[:16], dtype="<u8").astype(np.uint64)


def _all_steps(operands: tuple[Operand, ...]) -> Int:
    most = 2 * max(len(INDICATORS[one.indicator].parameters) for one in operands)
    made: Int = np.full((len(operands), most), -1, dtype=np.int64)
    number = {one: i for i, one in enumerate(operands)}
    for i, one in enumerate(operands):
        found = [number[other] for other in operand_steps(one) if other in number]
        made[i, : len(found)] = found
    return made


def _mixed(h: Words) -> Words:
    """The finisher of splitmix64 (Steele, Lea and Flood, 2014)."""
    h = (h ^ (h >> np.uint64(30))) * _MIX_1
    h = (h ^ (h >> np.uint64(27))) * _MIX_2
    mixed: Words = h ^ (h >> np.uint64(31))
    return mixed

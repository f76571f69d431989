"""Every condition of a grammar as a number, so that many genomes fit into a few arrays.

A number is a formula, not an entry of a list: the conditions of an operand are its operators times
its levels, those of a scale its operators times the pairs of its operands. Conditions that the
grammar cannot draw, those of imported strategies, are strangers: they are learned when first met
and numbered behind the others, together with their mirror image.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import blake3
import numpy as np
from numpy.typing import NDArray

from omp.domain.indicators import INDICATORS
from omp.engine.genome import MIRRORED, OPERATORS, Condition, Operand, Stops
from omp.engine.grammar import Grammar
from omp.engine.steps import condition_steps
from omp.engine.stops import STOP_LEVELS, STOP_NAMES
from omp.engine.strategy import condition_table, to_condition

Words = NDArray[np.uint64]
Int = NDArray[np.int64]

_LANES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03))
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Codebook:
    """The conditions of a grammar as numbers from 0, strangers behind them.

    Args:
        grammar: what may be drawn.
        strangers: conditions learned at once, in this order (see `strangers`).

    Attributes:
        left, op, right: operand number, operator and right operand (-1 where it is a level) of
            each condition, [C].
        level: its number on the right, NaN where there is none, [C].
        mirror: the condition with its operator turned round, [C].
        key: 128-bit hash of the condition's content, whatever its number, [C, 2].
        operands: the operands by number, strangers behind those of the grammar.
        own: conditions of the grammar itself; strangers have higher numbers.
    """

    def __init__(self, grammar: Grammar, strangers: Sequence[Condition] = ()) -> None:
        self.grammar = grammar
        self.max_conditions = grammar.max_conditions
        self.operands = [one for some in grammar.operands.values() for one in some]
        self._operand = {one: i for i, one in enumerate(self.operands)}
        self._stops = [list(STOP_LEVELS[name]) for name in STOP_NAMES]
        self._stop_keys: Words | None = None
        self._made: dict[int, Condition] = {}
        self._strangers: dict[Condition, int] = {}
        self._levels: dict[str, dict[float, int]] = {
            name: {level: i for i, level in enumerate(grammar.levels(name))}
            for name in grammar.operands
        }
        self._operand_key = np.array([_digest(repr(one)) for one in self.operands])
        self._number_grammar()
        for one in strangers:
            self.number(one)

    def __len__(self) -> int:
        """Numbers in use: conditions of the grammar and strangers so far."""
        return int(self.left.size)

    @property
    def stop_levels(self) -> tuple[tuple[float, ...], ...]:
        """Levels of stop_loss, take_profit, trailing and max_bars; strangers behind the grid."""
        return tuple(tuple(one) for one in self._stops)

    @property
    def strangers(self) -> tuple[Condition, ...]:
        """The strangers by number."""
        return tuple(self._strangers)

    @property
    def stop_keys(self) -> Words:
        """128-bit hash of each stop level, [4, L, 2]."""
        widest = max(len(one) for one in self._stops)
        if self._stop_keys is None or self._stop_keys.shape[1] < widest:
            made = np.zeros((4, widest, 2), dtype=np.uint64)
            for kind, levels in enumerate(self._stops):
                for i, level in enumerate(levels):
                    made[kind, i] = _digest(f"{STOP_NAMES[kind]} {float(level)!r}")
            self._stop_keys = made
        return self._stop_keys

    def condition(self, number: int) -> Condition:
        """The condition of a number."""
        known = self._made.get(number)
        if known is None:
            right = int(self.right[number])
            known = self._made[number] = Condition(
                self.operands[self.left[number]],
                OPERATORS[self.op[number]],
                self.operands[right] if right >= 0 else float(self.level[number]),
            )
        return known

    def holds(self, one: Condition) -> bool:
        """Whether the grammar can draw a condition."""
        return self._own_number(one) is not None

    def number(self, one: Condition) -> int:
        """The number of a condition, which is learned where it is unknown."""
        found = self._own_number(one)
        if found is not None:
            return found
        known = self._strangers.get(one)
        return self._learn(one) if known is None else known

    def stops(self, one: Stops) -> tuple[int, int, int, int]:
        """The numbers of a genome's stop levels, -1 where not used."""
        return tuple(self._stop(i, getattr(one, name)) for i, name in enumerate(STOP_NAMES))  # type: ignore[return-value]

    def make_room(self, conditions: int) -> None:
        """Let one side of a genome have so many conditions."""
        self.max_conditions = max(self.max_conditions, conditions)

    def steps(self, number: int) -> tuple[int, ...]:
        """The conditions one grid step away from a condition; strangers among them are learned."""
        return tuple(self.number(one) for one in condition_steps(self.condition(number)))

    def record(self) -> dict[str, Any]:
        """What was learned, as JSON values: a codebook of the same grammar restored from it
        gives the same numbers.
        """
        return {
            "strangers": [condition_table(one) for one in self._strangers],
            "stop_levels": [list(one) for one in self._stops],
            "max_conditions": self.max_conditions,
        }

    @classmethod
    def restore(cls, grammar: Grammar, record: Mapping[str, Any]) -> Self:
        """The codebook that `record` describes."""
        strangers = [to_condition(one, "strangers") for one in record["strangers"]]
        made = cls(grammar, strangers)
        made._stops = [list(one) for one in record["stop_levels"]]
        made.make_room(int(record["max_conditions"]))
        return made

    # ------------------------------------------------------------------ inside

    def _stop(self, kind: int, value: float | None) -> int:
        if value is None:
            return -1
        levels = self._stops[kind]
        if value not in levels:
            levels.append(value)
        return levels.index(value)

    def _number_grammar(self) -> None:
        """Number level conditions operand by operand, then pairs scale by scale."""
        n = len(self.operands)
        self.level_base, self.n_levels = np.full(n, -1, np.int64), np.zeros(n, np.int64)
        self.scale, self.rank = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
        parts: list[tuple[Any, Any, Any, Any, int]] = []
        total = 0
        members: dict[str, list[int]] = {}
        for i, one in enumerate(self.operands):
            table = INDICATORS[one.indicator]
            levels = np.array(self.grammar.levels(one.indicator))
            self.level_base[i], self.n_levels[i] = total, levels.size
            size = levels.size * len(OPERATORS)
            ops = np.repeat(np.arange(len(OPERATORS)), levels.size)
            none = np.full(size, -1)
            parts.append((np.full(size, i), ops, none, np.tile(levels, 4), levels.size))
            total += size
            if table.scale:
                members.setdefault(table.scale, []).append(i)
        groups = [sorted(some, key=self.operands.__getitem__) for some in members.values()]
        groups = [some for some in groups if len(some) > 1]
        self.pair_base, self.group_size = np.zeros((2, len(groups)), np.int64)
        self.member = np.full((len(groups), max(map(len, groups), default=0)), -1, np.int64)
        for at, some in enumerate(groups):
            self.pair_base[at], self.group_size[at] = total, len(some)
            self.member[at, : len(some)] = some
            self.scale[some], self.rank[some] = at, np.arange(len(some))
            low, high = (np.array(some)[side] for side in np.triu_indices(len(some), 1))
            ops = np.repeat(np.arange(len(OPERATORS)), low.size)
            none = np.full(ops.size, np.nan)
            parts.append((np.tile(low, 4), ops, np.tile(high, 4), none, low.size))
            total += ops.size
        left, op, right, level = (np.concatenate([one[k] for one in parts]) for k in range(4))
        stride = np.concatenate([np.full(one[0].size, one[4]) for one in parts])
        self.left, self.right = left.astype(np.int32), right.astype(np.int32)
        self.op, self.level = op.astype(np.uint8), level.astype(np.float64)
        self.own = total
        turned = np.where(op % 2 == 0, stride, -stride)
        self.mirror = (np.arange(total) + turned).astype(np.int32)
        self.key = self._keys(slice(0, total))

    def _own_number(self, one: Condition) -> int | None:
        left, op = self._operand.get(one.left), OPERATORS.index(one.op)
        if left is None or left >= self.rank.size:
            return None
        if not isinstance(one.right, Operand):
            level = self._levels[one.left.indicator].get(one.right)
            if level is None:
                return None
            return int(self.level_base[left] + op * self.n_levels[left] + level)
        right = self._operand.get(one.right)
        if right is None or right >= self.rank.size:
            return None
        group, i, j = self.scale[left], self.rank[left], self.rank[right]
        m = self.group_size[group]
        before = i * (2 * m - i - 1) // 2 + (j - i - 1)
        return int(self.pair_base[group] + op * (m * (m - 1) // 2) + before)

    def _learn(self, one: Condition) -> int:
        number = len(self)
        turned = Condition(one.left, MIRRORED[one.op], one.right)
        for at, new in enumerate((one, turned)):
            self._strangers[new] = number + at
            self._made[number + at] = new
        right = self._operand_number(one.right) if isinstance(one.right, Operand) else -1
        level = np.nan if isinstance(one.right, Operand) else one.right
        ops = [OPERATORS.index(new.op) for new in (one, turned)]
        self.left = _longer(self.left, [self._operand_number(one.left)] * 2)
        self.op, self.right = _longer(self.op, ops), _longer(self.right, [right] * 2)
        self.level = _longer(self.level, [level] * 2)
        self.mirror = _longer(self.mirror, [number + 1, number])
        self.key = np.concatenate([self.key, self._keys(slice(number, number + 2))])
        return number

    def _operand_number(self, one: Operand) -> int:
        known = self._operand.get(one)
        if known is None:
            known = self._operand[one] = len(self.operands)
            self.operands.append(one)
            self._operand_key = np.concatenate([self._operand_key, [_digest(repr(one))]])
        return known

    def _keys(self, some: slice) -> Words:
        """The content hashes of some conditions, [n, 2]."""
        left, right = self.left[some], self.right[some]
        bits = np.ascontiguousarray(self.level[some]).view(np.uint64)
        made = np.empty((left.size, 2), dtype=np.uint64)
        with np.errstate(over="ignore"):
            for lane, salt in enumerate(_LANES):
                other = np.where(right >= 0, self._operand_key[right, lane], _mixed(bits ^ salt))
                h = _mixed(self._operand_key[left, lane] ^ salt)
                h = _mixed(h + self.op[some].astype(np.uint64) + np.uint64(1))
                made[:, lane] = _mixed(h ^ other)
        return made


def _digest(text: str) -> Words:
    """128 bits of the blake3 of a text."""
    return np.frombuffer(blake3.blake3(text.encode()).digest()[:16], dtype="<u8").astype(np.uint64)


def _mixed(h: Words) -> Words:
    """The finisher of splitmix64 (Steele, Lea and Flood, 2014)."""
    h = (h ^ (h >> np.uint64(30))) * _MIX_1
    h = (h ^ (h >> np.uint64(27))) * _MIX_2
    mixed: Words = h ^ (h >> np.uint64(31))
    return mixed


def _longer(array: NDArray[Any], more: Sequence[float]) -> NDArray[Any]:
    return np.concatenate([array, np.array(more, dtype=array.dtype)])

"""Every condition of a grammar as a number, so that many genomes fit into a few arrays.

A number is a formula, not an entry of a list: the conditions of an operand are its operators times
its levels, those of a scale its operators times the pairs of its operands. Conditions that the
grammar cannot draw, those of imported strategies, are strangers: they are learned when first met
and numbered behind the others, together with their mirror image.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from omp.engine.genome import MIRRORED, OPERATORS, Condition, Operand, Stops
from omp.engine.grammar import Grammar
from omp.engine.numbering import content_keys, digest, number_grammar
from omp.engine.steps import condition_steps
from omp.engine.stops import STOP_LEVELS, STOP_NAMES
from omp.engine.strategy import condition_table, to_condition

Words = NDArray[np.uint64]
Int = NDArray[np.int64]


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
        operand_steps: operands of the grammar one grid step away from each, [O, most], -1 for none.
    """

    def __init__(self, grammar: Grammar, strangers: Sequence[Condition] = ()) -> None:
        self.grammar = grammar
        self.max_conditions = grammar.max_conditions
        own = number_grammar(grammar)
        self.operands = list(own.operands)
        self._operand = dict(own.operand)
        self._operand_key = own.operand_key
        self._levels = own.levels
        self.level_base, self.n_levels = own.level_base, own.n_levels
        self.scale, self.rank = own.scale, own.rank
        self.pair_base, self.group_size, self.member = own.pair_base, own.group_size, own.member
        self.left, self.op, self.right = own.left, own.op, own.right
        self.level, self.mirror, self.key = own.level, own.mirror, own.key
        self.own, self.operand_steps = own.left.size, own.operand_steps
        self._stops = [list(STOP_LEVELS[name]) for name in STOP_NAMES]
        self._stop_keys: Words | None = None
        self._made: dict[int, Condition] = {}
        self._strangers: dict[Condition, int] = {}
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
                    made[kind, i] = digest(f"{STOP_NAMES[kind]} {float(level)!r}")
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
        both = slice(number, number + 2)
        parts = (self.left[both], self.op[both], self.right[both], self.level[both])
        self.key = np.concatenate([self.key, content_keys(self._operand_key, *parts)])
        return number

    def _operand_number(self, one: Operand) -> int:
        known = self._operand.get(one)
        if known is None:
            known = self._operand[one] = len(self.operands)
            self.operands.append(one)
            self._operand_key = np.concatenate([self._operand_key, [digest(repr(one))]])
        return known


def _longer(array: NDArray[Any], more: Sequence[float]) -> NDArray[Any]:
    return np.concatenate([array, np.array(more, dtype=array.dtype)])

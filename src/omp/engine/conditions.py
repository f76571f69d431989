"""Conditions as bits: each distinct one is computed once per symbol and packed into words."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from omp.engine.codebook import Codebook
from omp.engine.genome import Condition, Operand, Rule
from omp.engine.indicators import compute
from omp.market.bars import Bars

Bool = NDArray[np.bool_]
Words = NDArray[np.uint64]
Float = NDArray[np.float64]

_NOTHING = np.empty(0)
_SERIES_BYTES = 32 * 2**20


class Series:
    """The indicator values of one symbol, computed when first asked for.

    Args:
        bars: every bar that may be looked at, warm-up included.
        budget_bytes: memory for values; beyond it all are dropped and computed again when needed.
    """

    def __init__(self, bars: Bars, budget_bytes: int = _SERIES_BYTES) -> None:
        self._bars = bars
        self._most = budget_bytes // (8 * max(1, len(bars)))
        self._known: dict[Operand, Float] = {}

    def values(self, operand: Operand) -> Float:
        """The operand at the close of each bar, [T]."""
        known = self._known.get(operand)
        if known is None:
            if len(self._known) > self._most:
                self._known.clear()
            known = compute(operand.indicator, dict(operand.parameters), self._bars)
            self._known[operand] = known
        return known

    def holds(self, one: Condition) -> Bool:
        """Whether a condition holds at the close of each bar, [T]; false where a side is NaN."""
        left = self.values(one.left)
        right = self.values(one.right) if isinstance(one.right, Operand) else one.right
        if one.op == "<":
            return np.less(left, right)
        if one.op == ">":
            return np.greater(left, right)
        crossed = np.zeros(left.shape, dtype=np.bool_)
        before = right[:-1] if isinstance(right, np.ndarray) else right
        now = right[1:] if isinstance(right, np.ndarray) else right
        if one.op == "crosses_above":
            crossed[1:] = (left[1:] > now) & (left[:-1] <= before)
        else:
            crossed[1:] = (left[1:] < now) & (left[:-1] >= before)
        return crossed

    def fires(self, rule: Rule) -> Bool:
        """Whether a rule holds at the close of each bar, [T]; a rule without conditions never."""
        if not rule.conditions:
            return np.zeros(len(self._bars), dtype=np.bool_)
        columns = [self.holds(one) for one in rule.conditions]
        merge = np.logical_and if rule.combine == "all" else np.logical_or
        fired: Bool = merge.reduce(columns)
        return fired


def pack(column: Bool) -> Words:
    """Booleans as words, bar t in bit t % 64 of word t // 64."""
    n_words = (column.size + 63) // 64
    words = np.zeros(n_words * 8, dtype=np.uint8)
    packed = np.packbits(column, bitorder="little")
    words[: packed.size] = packed
    return words.view(np.uint64)


class Masks:
    """The words of the conditions that a campaign met, for each symbol of a universe.

    The last bar of the window is set in no condition: its signals have no open to act at.

    Args:
        bars: the bars of each symbol, warm-up included.
        first: for each symbol, the number of its first bar inside the window.
        last: for each symbol, the number after its last bar inside the window.
        budget_bytes: memory for words, about `capacity` conditions; beyond it all are dropped and
            computed again when needed.
    """

    def __init__(
        self,
        bars: Sequence[Bars],
        first: Sequence[int],
        last: Sequence[int],
        budget_bytes: int = 128 * 2**20,
    ) -> None:
        self._series = [Series(one, _SERIES_BYTES // max(1, len(bars))) for one in bars]
        self._widths = [(b - a + 63) // 64 for a, b in zip(first, last, strict=True)]
        bytes_per_condition = 8 * max(1, sum(self._widths))
        self.capacity = max(256, budget_bytes // bytes_per_condition)
        self._codebook: Codebook | None = None
        self._first, self._last = list(first), list(last)
        self._reset()

    def _reset(self) -> None:
        self._known = 0
        self._place = np.full(0, -1, dtype=np.int32)
        self._words = [np.empty((64, width), dtype=np.uint64) for width in self._widths]

    def learn(self, codebook: Codebook, numbers: NDArray[np.int32]) -> NDArray[np.int32]:
        """Compute what is not known yet.

        Args:
            codebook: what the numbers mean.
            numbers: numbers of conditions, -1 for none, of any shape.

        Returns:
            The row in `words` of each condition of the codebook, -1 where it is not known.
        """
        from omp.engine.kernels.masks import all_known

        if codebook is not self._codebook:
            before, self._codebook = self._codebook, codebook
            if before is None or before.grammar is not codebook.grammar:
                self._reset()
            self._place[codebook.own :] = -1  # strangers have other numbers in every codebook
        self._widen(len(codebook))
        if all_known(self._place, numbers.reshape(-1)):
            return self._place
        wanted = np.unique(numbers[numbers >= 0])
        new = wanted[self._place[wanted] < 0]
        if self._known + new.size > self.capacity and self._known:
            self._reset()
            self._widen(len(codebook))
            new = wanted
        # neighbours in this order share their indicators, so that few need to be remembered
        left, right = codebook.left[new], codebook.right[new]
        order = np.lexsort((right, left))
        new, left, right = new[order], left[order], right[order]
        rows = np.arange(self._known, self._known + new.size)
        self._place[new] = rows
        self._known += new.size
        changes = np.flatnonzero((np.diff(left) != 0) | (np.diff(right) != 0)) + 1
        edges = [0, *changes.tolist(), new.size]
        for i in range(len(self._series)):
            self._grow(i, self._known)
            for a, b in pairwise(edges):
                self._write(i, codebook, new[a:b], rows[a:b])
        return self._place

    def _write(
        self, i: int, codebook: Codebook, numbers: NDArray[np.int32], rows: NDArray[np.int64]
    ) -> None:
        """Write conditions that share their operands for one symbol."""
        from omp.engine.kernels.masks import compare

        left, right = int(codebook.left[numbers[0]]), int(codebook.right[numbers[0]])
        compare(
            self._series[i].values(codebook.operands[left]),
            self._series[i].values(codebook.operands[right]) if right >= 0 else _NOTHING,
            self._first[i],
            self._last[i],
            codebook.op[numbers],
            codebook.level[numbers],
            rows,
            self._words[i],
        )

    def holds(self, codebook: Codebook) -> bool:
        """Whether every condition that a codebook has given so far fits at once."""
        return len(codebook) <= self.capacity

    def words(self, symbol: int) -> Words:
        """The words of every known condition for one symbol, [C, W]."""
        return self._words[symbol]

    def _widen(self, size: int) -> None:
        if size > self._place.size:
            more = np.full(size - self._place.size, -1, dtype=np.int32)
            self._place = np.concatenate([self._place, more])

    def _grow(self, i: int, rows: int) -> None:
        have = self._words[i]
        if rows > have.shape[0]:
            room = min(max(rows, have.shape[0] * 3 // 2), max(rows, self.capacity))
            grown = np.empty((room, have.shape[1]), dtype=np.uint64)
            grown[: have.shape[0]] = have
            self._words[i] = grown

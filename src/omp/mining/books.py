"""What a search has tried: the trial book.

It is a pure function of the generations put into it, in order, so an interrupted search that puts
the same generations in again ends with the same book.
"""

from dataclasses import dataclass

import numpy as np

from omp.mining.columns import Array, Behaviours, Columns, by_hash, taken
from omp.mining.seen import Seen
from omp.mining.streams import Bool, Float, Int

TRIALS_KEPT = 200_000
"""Rows of trials.parquet at most: generation 0 whole, then the smallest behaviour hashes."""


@dataclass(frozen=True, eq=False)
class TrialRows:
    """Distinct behaviours, one row each.

    Args:
        behaviour: Behaviour hash, [N, 2].
        generation: Generation that first showed it, [N].
        n_trades: Trades in-sample, [N].
        block_sum, block_sum_sq: Sum and sum of squares of x over each CSCV block, [N, S].
    """

    behaviour: Behaviours
    generation: Int
    n_trades: Int
    block_sum: Float
    block_sum_sq: Float

    def __len__(self) -> int:
        return len(self.behaviour)

    @property
    def columns(self) -> dict[str, Array]:
        """The same as named columns."""
        return dict(vars(self))


class TrialBook:
    """Every distinct behaviour of a run: counted exactly, kept up to a limit.

    Args:
        limit: Rows to keep; generation 0 is always kept whole.
    """

    def __init__(self, limit: int = TRIALS_KEPT) -> None:
        self.limit = limit
        self._seen = Seen()
        self._rows: Columns | None = None
        self._first = 0  # rows of generation 0
        self._highest: tuple[int, int] | None = None  # no later row above it can be kept any more

    @property
    def distinct(self) -> int:
        """Exact number of distinct behaviours."""
        return len(self._seen)

    def first_seen(self, behaviours: Behaviours) -> Int:
        """Count behaviours [G, 2]; which rows show one for the first time, ascending."""
        return self._seen.first(behaviours)

    def may_keep(self, behaviours: Behaviours, generation: int) -> Bool:
        """Which new behaviours of a generation may still be among the kept ones, [N]."""
        if generation == 0 or self._highest is None:
            return np.ones(len(behaviours), dtype=np.bool_)
        high, low = self._highest
        first, second = behaviours[:, 0], behaviours[:, 1]
        return np.asarray((first < high) | ((first == high) & (second <= low)))

    def add(self, rows: TrialRows) -> None:
        """Put a generation's new behaviours, those `may_keep` allowed, in the book."""
        self._first += int((rows.generation == 0).sum())
        if self._rows is None:
            self._rows = Columns(rows.columns)
        else:
            self._rows.append(rows.columns)
        if len(self._rows) > self._first + 2 * max(self.limit - self._first, 1):
            self._thin(self._rows)

    def kept(self) -> TrialRows:
        """The rows of trials.parquet, by behaviour hash."""
        rows = self._rows
        if rows is None:
            raise ValueError("no generation has been put into the book")
        return TrialRows(**taken(rows.whole(), self._chosen(rows)))

    def _thin(self, rows: Columns) -> None:
        rows.keep(self._chosen(rows))
        whole = rows.whole()
        later = whole["behaviour"][whole["generation"] > 0]
        self._highest = (int(later[-1, 0]), int(later[-1, 1])) if len(later) else (0, 0)

    def _chosen(self, rows: Columns) -> Int:
        """Generation 0 and the smallest others, by hash."""
        whole = rows.whole()
        order = by_hash(whole["behaviour"])
        if order.size <= self.limit:
            return order
        is_first = whole["generation"][order] == 0
        others = np.flatnonzero(~is_first)[: max(0, self.limit - self._first)]
        rows_kept = np.sort(np.concatenate([np.flatnonzero(is_first), others]))
        return np.asarray(order[rows_kept])

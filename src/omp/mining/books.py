"""What a search has tried and what it keeps: the trial book and the candidate book.

Both are pure functions of the generations put into them, in order, so an interrupted search that
puts the same generations in again ends with the same books.
"""

from dataclasses import dataclass

import numpy as np

from omp.mining.streams import Float, Int

TRIALS_KEPT = 200_000
"""Rows of trials.parquet at most: generation 0 whole, then the smallest behaviour hashes."""

CANDIDATES_KEPT = 10_000
"""Rows of candidates.parquet at most: the best by Sharpe of x; their exact count is kept apart."""


@dataclass(frozen=True, eq=False)
class TrialRows:
    """Distinct behaviours, one row each.

    Args:
        behaviour: Behaviour hash, 32 hex digits, [N].
        generation: Generation that first showed it, [N].
        n_trades: Trades in-sample, [N].
        block_sum, block_sum_sq: Sum and sum of squares of x over each CSCV block, [N, S].
    """

    behaviour: np.ndarray[tuple[int], np.dtype[np.bytes_]]
    generation: Int
    n_trades: Int
    block_sum: Float
    block_sum_sq: Float

    def __len__(self) -> int:
        return int(self.behaviour.size)

    def take(self, rows: Int) -> "TrialRows":
        """Some of the rows, in the order asked for."""
        return TrialRows(
            self.behaviour[rows],
            self.generation[rows],
            self.n_trades[rows],
            self.block_sum[rows],
            self.block_sum_sq[rows],
        )


def joined(parts: list[TrialRows]) -> TrialRows:
    """The rows of several parts, in order."""
    return TrialRows(
        np.concatenate([one.behaviour for one in parts]),
        np.concatenate([one.generation for one in parts]),
        np.concatenate([one.n_trades for one in parts]),
        np.concatenate([one.block_sum for one in parts]),
        np.concatenate([one.block_sum_sq for one in parts]),
    )


class TrialBook:
    """Every distinct behaviour of a run: counted exactly, kept up to a limit.

    Args:
        limit: Rows to keep; generation 0 is always kept whole.
    """

    def __init__(self, limit: int = TRIALS_KEPT) -> None:
        self.limit = limit
        self._seen: set[bytes] = set()
        self._parts: list[TrialRows] = []
        self.without_trades = 0

    @property
    def distinct(self) -> int:
        """Exact number of distinct behaviours."""
        return len(self._seen)

    def first_seen(self, behaviours: tuple[str, ...]) -> Int:
        """Which of a generation's genomes show a behaviour for the first time, in order."""
        fresh, now = [], set()
        for row, text in enumerate(behaviours):
            key = bytes.fromhex(text)
            if key not in self._seen and key not in now:
                now.add(key)
                fresh.append(row)
        return np.asarray(fresh, dtype=np.int64)

    def add(self, rows: TrialRows) -> None:
        """Put a generation's new behaviours, those `first_seen` pointed at, in the book."""
        self._seen.update(bytes.fromhex(one.decode()) for one in rows.behaviour.tolist())
        self.without_trades += int((rows.n_trades == 0).sum())
        self._parts.append(rows)
        if sum(len(one) for one in self._parts) > 2 * self.limit:
            self._parts = [self.kept()]

    def kept(self) -> TrialRows:
        """The rows of trials.parquet, by behaviour hash."""
        rows = joined(self._parts)
        order = np.argsort(rows.behaviour, kind="stable")
        rows = rows.take(order)
        if len(rows) <= self.limit:
            return rows
        first = rows.generation == 0
        others = np.flatnonzero(~first)[: max(0, self.limit - int(first.sum()))]
        return rows.take(np.sort(np.concatenate([np.flatnonzero(first), others])))


@dataclass(frozen=True)
class CandidateRow:
    """One survivor of stage A: the columns of candidates.parquet, in-sample and net.

    `strategy` is the genome as canonical JSON of its strategy tables.
    """

    candidate_id: str
    genome_hash: str
    behaviour_hash: str
    generation: int
    complexity: int
    n_trades: int
    exposure: float
    turnover: float
    sharpe: float
    sharpe_x: float
    max_drawdown: float
    profit_factor: float
    n: int
    mean: float
    var: float
    skew: float
    kurt: float
    strategy: str

    @property
    def rank(self) -> tuple[float, int, str]:
        """Best first: highest Sharpe of x, then the simpler rule, then the name."""
        return (-self.sharpe_x, self.complexity, self.candidate_id)


class CandidateBook:
    """The survivors of stage A: counted exactly, the best kept.

    Args:
        limit: Rows to keep.
    """

    def __init__(self, limit: int = CANDIDATES_KEPT) -> None:
        self.limit = limit
        self.count = 0
        self._rows: list[CandidateRow] = []

    def add(self, rows: list[CandidateRow]) -> None:
        """Put a generation's survivors in the book."""
        self.count += len(rows)
        self._rows.extend(rows)
        if len(self._rows) > 2 * self.limit:
            self._rows = self.best(self.limit)

    def best(self, n: int) -> list[CandidateRow]:
        """The best n, best first."""
        return sorted(self._rows, key=lambda one: one.rank)[:n]

    def kept(self) -> list[CandidateRow]:
        """The rows of candidates.parquet, best first."""
        return self.best(self.limit)

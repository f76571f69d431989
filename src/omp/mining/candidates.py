"""The survivors of stage A: counted exactly, the best kept, as columns until they are written."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from omp.engine.population import Population
from omp.mining.columns import Array, Behaviours, Columns, taken
from omp.mining.streams import Bool, Float, Int

CANDIDATES_KEPT = 10_000
"""Rows of candidates.parquet: the best by Sharpe of x; their exact count is kept apart."""

FIRST_KEPT = 300
"""Of generation 0 the best so many are kept besides: pure chance's best, to compare with."""

GENES = ("direction", "every", "count", "conditions", "stops")
"""The arrays of a population, which travel with the figures."""


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
    def rank(self) -> tuple[float, int, str, str]:
        """Best first: highest Sharpe of x, then the simpler rule, then the behaviour's hash."""
        return (-self.sharpe_x, self.complexity, self.behaviour_hash, self.candidate_id)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Survivors of stage A as columns, one row each.

    Args:
        population: Their genomes, [N].
        behaviour: Behaviour hash, [N, 2].
        generation, complexity, n_trades: Whole numbers, [N].
        exposure, turnover, sharpe, sharpe_x, max_drawdown, profit_factor: As `Evaluation`, [N].
    """

    population: Population
    behaviour: Behaviours
    generation: Int
    complexity: Int
    n_trades: Int
    exposure: Float
    turnover: Float
    sharpe: Float
    sharpe_x: Float
    max_drawdown: Float
    profit_factor: Float

    def __len__(self) -> int:
        return len(self.behaviour)

    @property
    def columns(self) -> dict[str, Array]:
        """Figures and genes as named columns."""
        figures = {name: value for name, value in vars(self).items() if name != "population"}
        return {**figures, **{name: getattr(self.population, name) for name in GENES}}

    def take(self, rows: Int) -> "Candidates":
        """Some of them, in the order given."""
        chosen = taken({name: getattr(self, name) for name in FIGURES}, rows)
        return Candidates(population=self.population.take(rows), **chosen)

    @staticmethod
    def of(columns: dict[str, Array], codebook: Any) -> "Candidates":
        """The candidates whose `columns` these are."""
        genes = {name: columns[name] for name in GENES}
        figures = {name: value for name, value in columns.items() if name not in GENES}
        return Candidates(Population(codebook=codebook, **genes), **figures)


FIGURES = tuple(one.name for one in fields(Candidates) if one.name != "population")
"""The columns of `Candidates` beside the genes."""


class CandidateBook:
    """The best survivors of stage A, and of generation 0.

    Args:
        codebook: What the conditions of their genomes are numbered by.
        limit: Rows to keep.
        first_limit: Rows of generation 0 to keep besides.
    """

    def __init__(
        self, codebook: Any, limit: int = CANDIDATES_KEPT, first_limit: int = FIRST_KEPT
    ) -> None:
        self.limit, self.first_limit = limit, first_limit
        self._codebook = codebook
        self._rows: Columns | None = None
        self._floor = -np.inf  # no later row below this Sharpe of x can be kept any more

    def may_keep(self, sharpe_x: Float) -> Bool:
        """Which survivors may still be among the best, [N]."""
        return np.asarray(sharpe_x >= self._floor)

    def add(self, found: Candidates) -> None:
        """Put a generation's survivors, those `may_keep` allowed, in the book."""
        if self._rows is None:
            self._rows = Columns(found.columns)
        else:
            self._rows.append(found.columns)
        if len(self._rows) > 2 * (self.limit + self.first_limit):
            best = self._best(self._rows)
            self._floor = float(self._rows.whole()["sharpe_x"][best[self.limit - 1]])
            self._rows.keep(best)

    def kept(self) -> Candidates:
        """The rows of candidates.parquet, best first."""
        if self._rows is None:
            raise ValueError("no generation has been put into the book")
        chosen = taken(self._rows.whole(), self._best(self._rows))
        return Candidates.of(chosen, self._codebook)

    def _best(self, rows: Columns) -> Int:
        whole = rows.whole()
        behaviour = whole["behaviour"]
        keys = (behaviour[:, 1], behaviour[:, 0], whole["complexity"], -whole["sharpe_x"])
        order = np.lexsort(keys).astype(np.int64)
        is_first = whole["generation"][order] == 0
        chosen = is_first & (np.cumsum(is_first) <= self.first_limit)
        chosen[: self.limit] = True
        return np.asarray(order[chosen])

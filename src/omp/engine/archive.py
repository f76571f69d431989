"""The archive of a search: its best strategies of every kind, none allowed to crowd out the rest.

Quality and diversity together (after Mouret and Clune, 2015, illuminating search spaces): a grid
of niches over how a strategy behaves, a few elites in each, and few elites of one idea, whatever
their niche.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from omp.engine.codebook import Codebook
from omp.engine.evaluation import Evaluation
from omp.engine.population import Population

Float = NDArray[np.float64]
Int = NDArray[np.int64]

NICHES: dict[str, tuple[float, ...]] = {
    "exposure": (0.1, 0.25, 0.5, 0.75),
    "holding": (3.0, 8.0, 20.0, 60.0),
    "market_correlation": (-0.25, 0.0, 0.25, 0.5),
}
"""Bounds between the niches: share of bars in a position, mean bars of a trade, correlation of the
return with the market's."""

N_NICHES = int(np.prod([len(bounds) + 1 for bounds in NICHES.values()]))
STEP = 0.25
"""Standard errors of a Sharpe ratio within which fitness counts as equal: the simpler rule wins."""


@dataclass(frozen=True, eq=False)
class Elites:
    """Strategies of the archive or on their way into it, one per row.

    Args:
        genomes: the strategies.
        behaviour: 128-bit behaviour hashes, uint64[E, 2].
        sharpe_x: in-sample Sharpe ratio of x per bar, net, [E].
        fitness: what they are ranked by, see `fitness`, [E].
        tier: the same in steps within which two count as equal, [E].
        n_trades: trades of all symbols, [E].
        generation: where each was first found, [E].
        niche: number of the niche, [E].
        sketch: normed sums of x over parts of the window, [E, D].
    """

    genomes: Population
    behaviour: NDArray[np.uint64]
    sharpe_x: Float
    fitness: Float
    tier: Int
    n_trades: Int
    generation: Int
    niche: Int
    sketch: Float

    def __len__(self) -> int:
        return len(self.genomes)

    @classmethod
    def none(cls, codebook: Codebook) -> Self:
        """No elites yet."""
        return cls(
            genomes=Population.empty(codebook, 0),
            behaviour=np.zeros((0, 2), dtype=np.uint64),
            sharpe_x=np.zeros(0),
            fitness=np.zeros(0),
            tier=np.zeros(0, dtype=np.int64),
            n_trades=np.zeros(0, dtype=np.int64),
            generation=np.zeros(0, dtype=np.int64),
            niche=np.zeros(0, dtype=np.int64),
            sketch=np.zeros((0, 0)),
        )

    def take(self, at: NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        """Some of them, in the order given."""
        arrays = (getattr(self, one.name)[at] for one in fields(self)[1:])
        return type(self)(self.genomes.take(at), *arrays)

    def join(self, other: "Elites") -> "Elites":
        """These and others behind them."""
        if not len(self) or not len(other):
            return other if len(other) else self
        arrays = (
            np.concatenate([getattr(self, one.name), getattr(other, one.name)])
            for one in fields(self)[1:]
        )
        return Elites(Population.join([self.genomes, other.genomes]), *arrays)

    def ranked(self) -> Int:
        """Rows of the simplest genome of each behaviour, best first, see `ranked`."""
        return ranked(self.behaviour, self.genomes.complexity, self.tier, self.fitness)


def ranked(behaviour: NDArray[np.uint64], complexity: Int, tier: Int, fitness: Float) -> Int:
    """Rows of the simplest genome of each behaviour, the first of equals, best first.

    The order: tier, then fewer conditions and stops, then fitness, then behaviour.
    """
    from omp.engine.kernels.niches import rank_distinct

    rows = np.empty(complexity.size, dtype=np.int64)
    return rows[: rank_distinct(behaviour, complexity, tier, fitness, rows)]


def fitness(evaluation: Evaluation) -> Float:
    """What the search climbs: the mean of the Sharpe ratio of x and of its lower quartile, [G].

    The quartile is that of the Sharpe ratios of x over the blocks. A rule that owes its Sharpe
    ratio to a few lucky stretches has a low one (docs/decisions/0010-search-in-arrays.md).
    """
    from omp.engine.kernels.niches import lower_quartile

    if not evaluation.block_lengths.size:
        return evaluation.sharpe_x
    low = np.empty(len(evaluation))
    length = float(evaluation.block_lengths[0])
    lower_quartile(evaluation.block_sum, evaluation.block_sum_sq, length, low)
    made: Float = 0.5 * (evaluation.sharpe_x + low)
    return made


def tiers(fitness: Float, n_bars: int) -> Int:
    """Fitness in steps of a standard error of the Sharpe ratio; undefined is least."""
    steps = np.floor(fitness * (np.sqrt(n_bars) / STEP))
    made: Int = np.nan_to_num(steps, nan=float(-(2**31))).astype(np.int64)
    return made


def niches(evaluation: Evaluation) -> Int:
    """The niche of each strategy, from 0 to N_NICHES - 1; undefined values count as 0."""
    number = np.zeros(len(evaluation), dtype=np.int64)
    for name, bounds in NICHES.items():
        values = np.nan_to_num(getattr(evaluation, name))
        number = number * (len(bounds) + 1) + np.searchsorted(bounds, values, side="right")
    return number


class Archive:
    """Holds at most `size` elites, of each niche `per_niche`, of each idea `per_idea`.

    An elite is of the same idea as a better one when the estimated correlation of their x
    reaches `alike`. So the archive offers different parents, and its top different members.

    Args:
        elites: what it holds at first, best first.
        size: elites kept.
        per_niche: elites kept of one niche.
        per_idea: elites kept that are alike to a better one, counting it.
        alike: correlation from which two are one idea.
    """

    def __init__(
        self, elites: Elites, *, size: int, per_niche: int, per_idea: int, alike: float
    ) -> None:
        self.elites = elites
        self.size, self.per_niche, self.per_idea, self.alike = size, per_niche, per_idea, alike

    def floor(self) -> Int:
        """The least tier with which a strategy of each niche may enter, [N_NICHES].

        It must not be worse than all of a full archive, nor than all of a full niche.
        """
        held = self.elites
        least = np.full(N_NICHES, np.iinfo(np.int64).min)
        if len(held) >= self.size:
            least[:] = held.tier.min()
        full = np.flatnonzero(np.bincount(held.niche, minlength=N_NICHES) >= self.per_niche)
        for niche in full.tolist():
            least[niche] = max(least[niche], held.tier[held.niche == niche].min())
        return least

    def shortlist(
        self,
        behaviour: NDArray[np.uint64],
        complexity: Int,
        tier: Int,
        fitness: Float,
        most: int,
    ) -> Int:
        """Rows of those that shall be tried, best first: `most` and twice the free places.

        Whatever repeats a behaviour stays outside before its sketch is computed.

        Args:
            behaviour, complexity, tier, fitness: as of `Elites`, of strategies on their way in.
            most: how many a full archive tries.
        """
        from omp.engine.kernels.niches import repeats

        rows = ranked(behaviour, complexity, tier, fitness)
        known = np.empty(rows.size, dtype=np.bool_)
        held, plain = self.elites.behaviour, self.elites.genomes.complexity
        repeats(held, plain, behaviour[rows], complexity[rows], known)
        return rows[~known][: most + 2 * (self.size - len(self.elites))]

    def add(self, some: Elites) -> int:
        """Merge new elites in, each with its sketch.

        Returns:
            How many of the archive's strategies it did not hold before.
        """
        from omp.engine.kernels.niches import choose

        if not len(some):
            return 0
        known = len(self.elites)
        pool = self.elites.join(some)
        rows = pool.ranked()
        kept = np.empty(self.size, dtype=np.int64)
        n = choose(
            pool.niche[rows],
            np.ascontiguousarray(pool.sketch[rows]),
            self.size,
            self.per_niche,
            self.per_idea,
            self.alike,
            N_NICHES,
            kept,
        )
        chosen = rows[kept[:n]]
        self.elites = pool.take(chosen)
        return int(np.count_nonzero(chosen >= known))


def normed(sketch: Float) -> Float:
    """Sketches with mean 0 and length 1, so that a dot product estimates a correlation."""
    centred = sketch - sketch.mean(axis=1, keepdims=True)
    length = np.sqrt((centred * centred).sum(axis=1, keepdims=True))
    normal: Float = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0.0)
    return normal

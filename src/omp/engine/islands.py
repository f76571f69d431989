"""The islands of a search: archives that breed apart and hand their best on now and then."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omp.engine.archive import (
    N_NICHES,
    Archive,
    Elites,
    fitness,
    niches,
    normed,
    ranked,
    tiers,
)
from omp.engine.codebook import Codebook
from omp.engine.evaluation import Evaluation
from omp.engine.population import Population, from_arrays, to_arrays

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Arrays = dict[str, NDArray[Any]]
Sketch = Callable[[Population], Float]

MIGRATION = 10
"""Generations after which each island hands its best on to the next one."""

MIGRANTS = 5
ALIKE = 0.7
"""Correlation of x from which two strategies are one idea."""

_SHORTLIST = 32  # genomes of a generation for each that is tried for the archive
_TOP = 50  # elites whose likeness is measured
_STORED = tuple(one.name for one in fields(Elites) if one.name not in ("genomes", "sketch"))


class Islands:
    """Some archives side by side; the genomes of a generation are shared out by their place.

    Args:
        codebook: of all genomes.
        number: how many islands.
        size, per_niche, per_idea: of each island's archive, see `Archive`.
        min_trades: trades below which a strategy is not archived.
    """

    def __init__(
        self,
        codebook: Codebook,
        number: int,
        *,
        size: int,
        per_niche: int,
        per_idea: int,
        min_trades: int,
    ) -> None:
        none = Elites.none(codebook)
        self._codebook, self._min_trades = codebook, min_trades
        self.archives = [
            Archive(none, size=size, per_niche=per_niche, per_idea=per_idea, alike=ALIKE)
            for _ in range(number)
        ]

    def __len__(self) -> int:
        return len(self.archives)

    def bounds(self, size: int, island: int) -> tuple[int, int]:
        """First genome of an island in a generation, and the one after its last."""
        return size * island // len(self), size * (island + 1) // len(self)

    @property
    def elites(self) -> Elites:
        """The elites of all islands, each behaviour once, best first."""
        every = self.archives[0].elites
        for one in self.archives[1:]:
            every = every.join(one.elites)
        return every.take(every.ranked())

    @property
    def known(self) -> NDArray[np.uint64]:
        """Identities of all elites, [E, 2]."""
        return np.concatenate([one.elites.genomes.identity for one in self.archives])

    @property
    def best_sharpe_x(self) -> float:
        """The highest in-sample Sharpe ratio of x per bar, NaN without an elite."""
        tops = [one.elites.sharpe_x.max() for one in self.archives if len(one.elites)]
        return float(max(tops)) if tops else float("nan")

    def tell(
        self, population: Population, evaluation: Evaluation, generation: int, sketch: Sketch
    ) -> int:
        """Let the best of a generation enter.

        Returns:
            How many did.
        """
        good = fitness(evaluation)
        fit = (evaluation.n_trades >= self._min_trades) & np.isfinite(good)
        niche, tier = niches(evaluation), tiers(good, evaluation.n_bars)
        complexity, lists = population.complexity, []
        for i, island in enumerate(self.archives):
            lo, hi = self.bounds(len(population), i)
            mine = fit[lo:hi] & (tier[lo:hi] >= island.floor()[niche[lo:hi]])
            rows = np.flatnonzero(mine) + lo
            few = island.shortlist(
                evaluation.behaviour[rows],
                complexity[rows],
                tier[rows],
                good[rows],
                -(-(hi - lo) // _SHORTLIST),
            )
            rows = rows[few]
            lists.append(
                Elites(
                    genomes=population.take(rows),
                    behaviour=evaluation.behaviour[rows],
                    sharpe_x=evaluation.sharpe_x[rows],
                    fitness=good[rows],
                    tier=tier[rows],
                    n_trades=evaluation.n_trades[rows].astype(np.int64),
                    generation=np.full(rows.size, generation, dtype=np.int64),
                    niche=niche[rows],
                    sketch=np.zeros((rows.size, 0)),
                )
            )
        ends = np.cumsum([0, *map(len, lists)])
        if not ends[-1]:
            return 0
        made = normed(sketch(Population.join([one.genomes for one in lists])))
        return sum(
            island.add(replace(some, sketch=made[ends[i] : ends[i + 1]]))
            for i, (island, some) in enumerate(zip(self.archives, lists, strict=True))
        )

    def migrate(self) -> None:
        """Each island's best join the next island."""
        if len(self) == 1:
            return
        top = np.arange(MIGRANTS)
        best = [one.elites.take(top[: len(one.elites)]) for one in self.archives]
        for i, some in enumerate(best):
            self.archives[(i + 1) % len(self)].add(some)

    def measures(self) -> dict[str, float]:
        """How the elites spread over the niches, and how alike they are: see `Evolution`."""
        held = [one.elites for one in self.archives]
        rows = ranked(
            np.concatenate([one.behaviour for one in held]),
            np.concatenate([one.genomes.complexity for one in held]),
            np.concatenate([one.tier for one in held]),
            np.concatenate([one.fitness for one in held]),
        )
        niche = np.concatenate([one.niche for one in held])[rows]
        share = np.bincount(niche, minlength=N_NICHES) / max(1, rows.size)
        some = share[share > 0.0]
        top = np.concatenate([one.sketch for one in held if len(one)] or [np.zeros((0, 0))])
        top = top[rows[:_TOP]]
        n = top.shape[0]
        whole = float((top.sum(axis=0) ** 2).sum())  # of all pairs, each with itself among them
        return {
            "niches": float(some.size),
            "niche_entropy": max(0.0, float(-(some * np.log(some)).sum() / np.log(N_NICHES))),
            "likeness": (whole - n) / (n * (n - 1)) if n > 1 else 0.0,
        }

    def state(self) -> tuple[list[int], Arrays]:
        """Elites of each island, and all of them as arrays without their sketches."""
        every = [one.elites for one in self.archives]
        arrays: Arrays = {
            name: np.concatenate([getattr(some, name) for some in every]) for name in _STORED
        }
        arrays |= to_arrays(Population.join([one.genomes for one in every]), "elite_")
        return [len(one) for one in every], arrays

    def fill(self, sizes: list[int], arrays: Arrays, sketch: Sketch) -> None:
        """Take in what `state` gave."""
        genomes = from_arrays(self._codebook, arrays, "elite_")
        if not len(genomes):
            return
        stored = {name: arrays[name] for name in _STORED}
        every = Elites(genomes=genomes, sketch=normed(sketch(genomes)), **stored)
        ends = np.cumsum([0, *sizes])
        for i, island in enumerate(self.archives):
            island.elites = every.take(np.arange(ends[i], ends[i + 1]))

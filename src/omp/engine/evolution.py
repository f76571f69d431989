"""The search as a pure object: ask for genomes, tell what they did, take its state anywhere.

It owns no loop, clock, pool or file. All of a generation's randomness comes from (seed,
generation), so a search that is restored asks for exactly what the uninterrupted one would have.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from omp.domain.errors import InvalidInput, NewerFormat
from omp.engine.archive import Elites
from omp.engine.codebook import Codebook
from omp.engine.evaluation import Evaluation
from omp.engine.genome import Genome
from omp.engine.grammar import Grammar
from omp.engine.islands import MIGRATION, Arrays, Islands, Sketch
from omp.engine.population import Population, from_arrays, to_arrays
from omp.engine.seeds import key
from omp.engine.steps import neighbours
from omp.engine.templates import templates
from omp.engine.variation import Variation

FIRST_GENERATION = 2000
"""Rules drawn at random in generation 0: PBO and the luck line are judged on them alone."""

STATE_VERSION = 2
IDLE_GENERATIONS = 30
"""Generations in a row without any new elite after which a search has converged."""

# children bred for one that is wanted, until known ones are asked for again; twice that is the end
_ROUNDS = 20
_SPARE = 16  # children bred beyond those that are wanted: some repeat others


class Evolution:
    """An evolutionary search over a grammar, on islands that exchange their best now and then.

    Generation 0 is drawn at random. Generation 1 begins with classical rules and with the seeds
    and their neighbours; the rest of it and all later ones are bred from each island's archive
    (see `Archive`) by tournament, crossing and mutation, with newcomers.

    Args:
        grammar: what may be drawn.
        population: genomes of each generation after the first; generation 1 has more where the
            classical rules and the seeds with their neighbours are more.
        seed: the campaign's registered seed.
        first_generation: genomes of generation 0, at least 2,000 in a real run.
        archive_size: elites kept by all islands together.
        islands: archives that breed apart.
        per_niche: elites of one niche that an island keeps.
        per_idea: elites of one idea that an island keeps.
        min_trades: trades below which a strategy is not archived.
        seeds: declared strategies that take part, with their neighbours.

    Raises:
        InvalidInput: when a size is below 1.
    """

    def __init__(
        self,
        grammar: Grammar,
        *,
        population: int,
        seed: int,
        first_generation: int = FIRST_GENERATION,
        archive_size: int = 400,
        islands: int = 4,
        per_niche: int = 12,
        per_idea: int = 3,
        min_trades: int = 10,
        seeds: Sequence[Genome] = (),
    ) -> None:
        sizes = {
            "population": population,
            "first_generation": first_generation,
            "archive_size": archive_size,
            "islands": islands,
            "per_niche": per_niche,
            "per_idea": per_idea,
        }
        if min(sizes.values()) < 1 or seed < 0 or archive_size < islands:
            raise InvalidInput(
                f"a search with {sizes} and seed {seed}",
                allowed="sizes of at least 1, an elite for each island, a seed of at least 0",
                remedy="change [search] in the campaign",
            )
        self._settings = {**sizes, "seed": seed, "min_trades": min_trades}
        self._generation, self._entered, self._idle = 0, 0, 0
        self._begin(Codebook(grammar))
        opening = dict.fromkeys(templates(self.codebook))
        for one in seeds:
            opening |= dict.fromkeys([one, *neighbours(one)])
        self._opening = Population.of(list(opening), self.codebook)

    def _begin(self, codebook: Codebook) -> None:
        settings = self._settings
        self.codebook = codebook
        self._variation = Variation(codebook)
        self._islands = Islands(
            codebook,
            settings["islands"],
            size=settings["archive_size"] // settings["islands"],
            per_niche=settings["per_niche"],
            per_idea=settings["per_idea"],
            min_trades=settings["min_trades"],
        )

    @property
    def generation(self) -> int:
        """The generation that `ask` gives, from 0."""
        return self._generation

    @property
    def elites(self) -> Elites:
        """The elites of all islands, each behaviour once, best first."""
        return self._islands.elites

    @property
    def best_sharpe_x(self) -> float:
        """The highest in-sample Sharpe ratio of x per bar of the archive, NaN without any."""
        return self._islands.best_sharpe_x

    @property
    def finished_early(self) -> str | None:
        """Why it is of no use to go on; None to go on."""
        return "converged" if self._idle >= IDLE_GENERATIONS else None

    def measures(self) -> dict[str, float]:
        """How diverse and how far converged the search is.

        Returns:
            `entered`: strategies that entered an archive in the last generation; `idle`:
            generations in a row in which none did; `niches`: niches that hold an elite;
            `niche_entropy`: entropy of the elites over the niches, as a share of its maximum;
            `likeness`: mean correlation of x between any two of the best 50 elites (0 with fewer
            than two).
        """
        counts = {"entered": float(self._entered), "idle": float(self._idle)}
        return counts | self._islands.measures()

    def ask(self) -> Population:
        """The genomes of the next generation, the same however often it is asked.

        After generation 0 they are new to the archive, and each is asked for once, unless the
        grammar holds no others.
        """
        settings, at = self._settings, self._generation
        if at == 0:
            return self._variation.random(key(settings["seed"], 0), settings["first_generation"])
        made = [self._opening.widened()] if at == 1 else []
        missing = max(0, settings["population"] - sum(map(len, made)))
        for i in range(len(self._islands)):
            lo, hi = self._islands.bounds(missing, i)
            made += self._bred(i, hi - lo, made)
        return Population.join(made)

    def tell(self, population: Population, evaluation: Evaluation, sketch: Sketch) -> None:
        """Take in what a generation did, and move on to the next.

        Args:
            population: what `ask` gave.
            evaluation: its evaluation, row by row.
            sketch: sums of x over parts of the window, [k, D], of the few that may be archived.

        Raises:
            ValueError: when the two differ in length.
        """
        if len(population) != len(evaluation):
            raise ValueError(f"{len(population)} genomes were told {len(evaluation)} results")
        self._entered = self._islands.tell(population, evaluation, self._generation, sketch)
        self._idle = 0 if self._entered else self._idle + 1
        self._generation += 1
        if self._generation % MIGRATION == 0:
            self._islands.migrate()

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Everything needed to go on: plain JSON values, and arrays.

        The elites' sketches are left out; `restore` has them made again.
        """
        sizes, arrays = self._islands.state()
        if self._generation < 2:
            arrays |= to_arrays(self._opening.widened(), "opening_")
        head = {
            "version": STATE_VERSION,
            "settings": dict(self._settings),
            "generation": self._generation,
            "entered": self._entered,
            "idle": self._idle,
            "islands": sizes,
            "codebook": self.codebook.record(),
        }
        return head, arrays

    @classmethod
    def restore(
        cls, grammar: Grammar, head: dict[str, Any], arrays: Arrays, sketch: Sketch
    ) -> Self:
        """The search as it was when `state` was taken, on the same grammar.

        Args:
            grammar: as it was.
            head, arrays: what `state` gave.
            sketch: as for `tell`.

        Raises:
            NewerFormat: when another version wrote the state.
        """
        if head.get("version") != STATE_VERSION:
            raise NewerFormat(
                f"search state of version {head.get('version')!r}",
                allowed=str(STATE_VERSION),
                remedy="resume with the version of the program that started the run",
            )
        made = cls(grammar, **head["settings"])
        made._begin(Codebook.restore(grammar, head["codebook"]))
        made._generation = int(head["generation"])
        made._entered, made._idle = int(head["entered"]), int(head["idle"])
        if made._generation < 2:
            made._opening = from_arrays(made.codebook, arrays, "opening_")
        made._islands.fill(head["islands"], arrays, sketch)
        return made

    def _bred(self, island: int, size: int, before: list[Population]) -> list[Population]:
        """As many new genomes of one island, in pieces."""
        from omp.engine.kernels.niches import unseen

        number = key(self._settings["seed"], self._generation, island)
        parents = self._islands.archives[island].elites.genomes
        known, missing = self._islands.known, size
        made: list[Population] = []
        asked = [np.zeros((0, 2), dtype=np.uint64), *(one.identity for one in before)]
        tried = 0
        while missing and tried < 2 * _ROUNDS * size:
            some = self._variation.bred(parents, number, missing + _SPARE, start=tried)
            keep = np.empty(len(some), dtype=np.bool_)
            avoid = asked if tried >= _ROUNDS * size else [known, *asked]
            tried += len(some)
            unseen(np.concatenate(avoid), some.identity, keep)
            chosen = np.flatnonzero(keep)[:missing]
            made.append(some.take(chosen))
            asked.append(some.identity[chosen])
            missing -= chosen.size
        return made

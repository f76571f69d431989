"""The search as a pure object: ask for genomes, tell what they did, take its state anywhere.

It owns no loop, clock, pool or file. All of a generation's randomness comes from (seed,
generation), so a search that is restored asks for exactly what the uninterrupted one would have.
"""

import base64
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from omp.domain.errors import InvalidInput, NewerFormat
from omp.engine.archive import Archive, Elite, normed
from omp.engine.evaluation import Evaluation
from omp.engine.genome import Genome
from omp.engine.grammar import Grammar
from omp.engine.moves import cross, mutate
from omp.engine.seeds import Dice, stream
from omp.engine.strategy import from_genes, genes

FIRST_GENERATION = 2000
"""Rules drawn at random in generation 0: PBO and the luck line are judged on them alone."""

STATE_VERSION = 1
_NEWCOMERS = 0.1  # share of each generation that is drawn afresh
_CROSSED = 0.4  # share of the rest that has two parents
_TOURNAMENT = 3
_ALIKE = 0.7


class Evolution:
    """An evolutionary search over a grammar.

    Generation 0 is drawn at random. Later ones are bred from the archive by tournament, crossing
    and mutation, with newcomers; the archive (see `Archive`) is the elite that is never lost.

    Args:
        grammar: what may be drawn.
        population: genomes of each generation after the first.
        seed: the campaign's registered seed.
        first_generation: genomes of generation 0, at least 2,000 in a real run.
        archive_size: elites kept.
        per_niche: elites kept of one idea.
        min_trades: trades below which a strategy is not archived.

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
        per_niche: int = 6,
        min_trades: int = 10,
    ) -> None:
        sizes = {
            "population": population,
            "first_generation": first_generation,
            "archive_size": archive_size,
            "per_niche": per_niche,
        }
        if min(sizes.values()) < 1 or seed < 0:
            raise InvalidInput(
                f"a search with {sizes} and seed {seed}",
                allowed="sizes of at least 1, a seed of at least 0",
                remedy="change [search] in the campaign",
            )
        self._grammar = grammar
        self._settings = {**sizes, "seed": seed, "min_trades": min_trades}
        self._archive = Archive(archive_size, per_niche, _ALIKE, min_trades)
        self._generation = 0

    @property
    def generation(self) -> int:
        """The generation that `ask` gives next."""
        return self._generation

    @property
    def elites(self) -> tuple[Elite, ...]:
        """The archive, best first."""
        return self._archive.elites

    @property
    def best_sharpe_x(self) -> float:
        """The best in-sample Sharpe of x per bar so far; NaN before anything was archived."""
        return self.elites[0].sharpe_x if self.elites else float("nan")

    def ask(self) -> list[Genome]:
        """The genomes of the next generation; asking again gives the same ones."""
        dice = Dice(stream(self._settings["seed"], self._generation))
        size = self._settings["first_generation" if self._generation == 0 else "population"]
        if self._generation == 0 or not self.elites:
            return [self._grammar.random_genome(dice) for _ in range(size)]
        asked: dict[Genome, None] = {}
        known = {one.genome for one in self.elites}
        attempts = 0
        while len(asked) < size:
            made = self._bred(dice)
            attempts += 1
            if (made not in asked and made not in known) or attempts > 20 * size:
                asked[made] = None
            if attempts > 40 * size:
                break  # the grammar holds no more rules than these
        return list(asked)

    def tell(self, genomes: Sequence[Genome], evaluation: Evaluation) -> None:
        """Take in what a generation did, and move on to the next.

        Args:
            genomes: what `ask` gave, in its order.
            evaluation: their evaluation, row by row.

        Raises:
            ValueError: when the two differ in length.
        """
        if len(genomes) != len(evaluation):
            raise ValueError(f"{len(genomes)} genomes were told {len(evaluation)} results")
        sharpe, trades = evaluation.sharpe_x.tolist(), evaluation.n_trades.tolist()
        found = [
            Elite(
                genomes[i],
                evaluation.behaviour_hash[i],
                sharpe[i],
                trades[i],
                self._generation,
                normed(evaluation.sketch[i]),
            )
            for i in range(len(genomes))
            if self._archive.admits(sharpe[i], trades[i])
        ]
        self._archive.add(found)
        self._generation += 1

    def state(self) -> dict[str, Any]:
        """Everything needed to go on, as plain JSON values."""
        return {
            "version": STATE_VERSION,
            "settings": dict(self._settings),
            "generation": self._generation,
            "elites": [
                {
                    "direction": one.genome.direction,
                    "genes": genes(one.genome),
                    "behaviour_hash": one.behaviour_hash,
                    "sharpe_x": one.sharpe_x,
                    "n_trades": one.n_trades,
                    "generation": one.generation,
                    "sketch": base64.b64encode(one.sketch.tobytes()).decode(),
                }
                for one in self.elites
            ],
        }

    @classmethod
    def restore(cls, grammar: Grammar, state: dict[str, Any]) -> Self:
        """The search as it was when `state` was taken, on the same grammar.

        Raises:
            NewerFormat: when another version wrote the state.
        """
        if state.get("version") != STATE_VERSION:
            raise NewerFormat(
                f"search state of version {state.get('version')!r}",
                allowed=str(STATE_VERSION),
                remedy="resume with the version of the program that started the run",
            )
        made = cls(grammar, **state["settings"])
        made._generation = int(state["generation"])
        made._archive.elites = tuple(
            Elite(
                from_genes(one["direction"], one["genes"]),
                one["behaviour_hash"],
                one["sharpe_x"],
                one["n_trades"],
                one["generation"],
                np.frombuffer(base64.b64decode(one["sketch"]), dtype=np.float64),
            )
            for one in state["elites"]
        )
        return made

    def _bred(self, dice: Dice) -> Genome:
        if dice.chance(_NEWCOMERS):
            return self._grammar.random_genome(dice)
        parent = self._parent(dice)
        if dice.chance(_CROSSED):
            child = cross(parent, self._parent(dice), self._grammar, dice)
            return child if dice.chance(0.5) else mutate(child, self._grammar, dice)
        return mutate(parent, self._grammar, dice)

    def _parent(self, dice: Dice) -> Genome:
        """The best of a few elites drawn at random."""
        drawn = min(dice.below(len(self.elites)) for _ in range(_TOURNAMENT))
        return self.elites[drawn].genome

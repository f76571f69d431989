"""Many genomes as a few arrays, in canonical form: what the search breeds and the kernels read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from omp.engine.codebook import Codebook
from omp.engine.genome import DIRECTIONS, Genome, Rule, genome, rule
from omp.engine.stops import STOP_NAMES, make_stops

Int = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Population:
    """G genomes; conditions are numbers of a codebook, ascending inside a side, each once.

    Args:
        codebook: what the numbers mean.
        direction: number in `DIRECTIONS`, uint8[G].
        every: whether all conditions of the entry and of the exit must hold, bool[G, 2]; true for
            a single condition, false where there is none.
        count: conditions of the entry and of the exit, uint8[G, 2].
        conditions: their numbers, -1 behind the last, int32[G, 2, K].
        stops: numbers of the stop levels, -1 for none, int16[G, 4].
    """

    codebook: Codebook
    direction: NDArray[np.uint8]
    every: NDArray[np.bool_]
    count: NDArray[np.uint8]
    conditions: NDArray[np.int32]
    stops: NDArray[np.int16]

    def __len__(self) -> int:
        return int(self.direction.size)

    @classmethod
    def empty(cls, codebook: Codebook, size: int) -> Self:
        """Room for genomes: no conditions, no stops."""
        return cls(
            codebook,
            np.zeros(size, dtype=np.uint8),
            np.zeros((size, 2), dtype=np.bool_),
            np.zeros((size, 2), dtype=np.uint8),
            np.full((size, 2, codebook.max_conditions), -1, dtype=np.int32),
            np.full((size, 4), -1, dtype=np.int16),
        )

    @classmethod
    def of(cls, genomes: Sequence[Genome], codebook: Codebook) -> Self:
        """Genomes as a population; conditions and stops the codebook does not know are learned."""
        sides = [(one.entry, one.exit) for one in genomes]
        codebook.make_room(max((len(s.conditions) for two in sides for s in two), default=0))
        made = cls.empty(codebook, len(genomes))
        for i, one in enumerate(genomes):
            made.direction[i] = DIRECTIONS.index(one.direction)
            made.stops[i] = codebook.stops(one.stops)
            for side, held in enumerate(sides[i]):
                numbers = sorted(codebook.number(c) for c in held.conditions)
                made.count[i, side] = len(numbers)
                made.every[i, side] = held.combine == "all"
                made.conditions[i, side, : len(numbers)] = numbers
        return made

    @classmethod
    def join(cls, populations: Sequence[Self]) -> Self:
        """Several populations of one codebook, one after the other.

        Raises:
            ValueError: when there is none, or their codebooks differ.
        """
        books = {id(one.codebook) for one in populations}
        if len(books) != 1:
            raise ValueError(f"{len(populations)} populations of {len(books)} codebooks")
        wide = [one.widened() for one in populations]
        return cls(
            populations[0].codebook,
            *(
                np.concatenate([getattr(one, name) for one in wide])
                for name in ("direction", "every", "count", "conditions", "stops")
            ),
        )

    def take(self, indices: NDArray[np.int64] | NDArray[np.bool_] | Sequence[int]) -> Self:
        """Some genomes, in the order given (or where a mask is true)."""
        at = np.asarray(indices)
        at = at if at.dtype == np.bool_ else at.astype(np.int64)
        return type(self)(
            self.codebook,
            self.direction[at],
            self.every[at],
            self.count[at],
            self.conditions[at],
            self.stops[at],
        )

    def head(self, size: int) -> Self:
        """The first genomes, without a copy."""
        return type(self)(
            self.codebook,
            self.direction[:size],
            self.every[:size],
            self.count[:size],
            self.conditions[:size],
            self.stops[:size],
        )

    def widened(self) -> Self:
        """The same with as many columns as the codebook has room for now."""
        missing = self.codebook.max_conditions - self.conditions.shape[2]
        if missing <= 0:
            return self
        wide = np.pad(self.conditions, ((0, 0), (0, 0), (0, missing)), constant_values=-1)
        return type(self)(self.codebook, self.direction, self.every, self.count, wide, self.stops)

    def genome(self, i: int) -> Genome:
        """One genome as an object."""
        levels = self.codebook.stop_levels
        chosen = {
            name: levels[kind][at]
            for kind, name in enumerate(STOP_NAMES)
            if (at := int(self.stops[i, kind])) >= 0
        }
        return genome(
            DIRECTIONS[self.direction[i]], self._rule(i, 0), self._rule(i, 1), make_stops(chosen)
        )

    def genomes(self) -> list[Genome]:
        """All of them as objects."""
        return [self.genome(i) for i in range(len(self))]

    @cached_property
    def identity(self) -> NDArray[np.uint64]:
        """128-bit hash of each genome, equal where the genomes are equal, [G, 2].

        It is made of the contents of conditions and stops, not of their numbers, so two codebooks
        agree on it.
        """
        from omp.engine.kernels.identity import identities

        made = np.empty((len(self), 2), dtype=np.uint64)
        book = self.codebook
        identities(
            self.direction,
            self.every,
            self.count,
            self.conditions,
            self.stops,
            book.key,
            book.stop_keys,
            made,
        )
        return made

    @cached_property
    def complexity(self) -> Int:
        """Conditions and stops of each genome, [G]."""
        conditions = self.count.sum(axis=1, dtype=np.int64)
        total: Int = conditions + (self.stops >= 0).sum(axis=1, dtype=np.int64)
        return total

    def _rule(self, i: int, side: int) -> Rule:
        numbers = self.conditions[i, side, : self.count[i, side]].tolist()
        combine = "all" if self.every[i, side] else "any"
        return rule(combine, [self.codebook.condition(one) for one in numbers])


_ARRAYS = ("direction", "every", "count", "conditions", "stops")


def to_arrays(population: Population, prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays of a population by name, for a checkpoint."""
    return {prefix + name: getattr(population, name) for name in _ARRAYS}


def from_arrays(codebook: Codebook, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Population:
    """The population that `to_arrays` took apart, on a codebook of the same numbers."""
    return Population(codebook, *(arrays[prefix + name] for name in _ARRAYS)).widened()

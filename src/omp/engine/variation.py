"""How rules are drawn and how they change: whole populations at once, by compiled moves.

Everything follows from a key and a genome's place, so that a generation is the same on every
machine, for any number of workers and after every restart.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omp.engine import grammar as habits
from omp.engine.codebook import Codebook
from omp.engine.genome import DIRECTIONS
from omp.engine.population import Population
from omp.engine.stops import STOP_LEVELS, STOP_NAMES

Int = NDArray[np.int64]

MOVES = ("step", "replace", "add", "drop", "flip", "turn_exit", "change_stop")
"""One grid step; another condition; one more; one less; all and any exchanged; another exit, the
entry turned round or a random one; a stop set, moved or left out."""

_OFTEN = ("step", "step", "step", "replace", "replace", *MOVES[2:])


class Rows(NamedTuple):
    """The arrays of a population, as the kernels read and write them."""

    direction: NDArray[np.uint8]
    every: NDArray[np.bool_]
    counts: NDArray[np.uint8]
    conditions: NDArray[np.int32]
    stops: NDArray[np.int16]


class Tables(NamedTuple):
    """What the kernels know about a grammar: see `Codebook` for the arrays of the same name."""

    direction: int
    max_conditions: int
    own: int
    first: Int  # first operand of each indicator that can stand on the left
    size: Int  # and how many there are
    level_base: Int
    n_levels: Int
    scale: Int
    rank: Int
    pair_base: Int
    group_size: Int
    member: Int
    operand_steps: Int  # operands one grid step away, -1 for none
    stranger_steps: Int  # conditions one grid step away from each stranger, -1 for none
    left: NDArray[np.int32]
    op: NDArray[np.uint8]
    right: NDArray[np.int32]
    mirror: NDArray[np.int32]
    stop_kinds: Int
    stop_sizes: Int
    moves: Int
    state_share: float
    number_share: float
    dual_share: float
    stop_share: float
    further_share: float
    level_draws: int


class Dice(NamedTuple):
    """A stream of numbers, with room for what is being chosen from.

    Args:
        state: of the stream, [1]. steps: numbers of conditions one step away. pool: of the
            conditions of two parents.
    """

    state: NDArray[np.uint64]
    steps: Int
    pool: NDArray[np.int32]


class Breeding(NamedTuple):
    """The ways a child comes about.

    Args:
        newcomers: share drawn afresh.
        crossed: share of the rest that has two parents.
        tournament: elites drawn, the best of which becomes the parent.
    """

    newcomers: float = 0.1
    crossed: float = 0.4
    tournament: int = 3


class Variation:
    """The moves of a grammar.

    Args:
        codebook: numbers of the conditions; strangers may be learned later.
    """

    def __init__(self, codebook: Codebook) -> None:
        self.codebook = codebook
        self._steps: dict[int, tuple[int, ...]] = {}
        self._tables: Tables | None = None

    def random(self, key: int, size: int, start: int = 0) -> Population:
        """Random genomes number start, start + 1, … of a key.

        Args:
            key: of the run and generation, see `seeds.key`.
            size: how many.
            start: number of the first one.
        """
        from omp.engine.kernels.vary import draw

        made, known = Population.empty(self.codebook, size), self._known()
        draw(known, np.uint64(key), start, _dice(known, made), rows(made))
        return made

    def changed(self, population: Population, key: int, move: str | None = None) -> Population:
        """Each genome changed by one move; by one that changes it where none is named."""
        from omp.engine.kernels.vary import change

        source = population.widened()
        self._learn_steps(source)
        made = Population.empty(self.codebook, len(source))
        kind, known = -1 if move is None else MOVES.index(move), self._known()
        change(known, np.uint64(key), kind, rows(source), _dice(known, source), rows(made))
        return made

    def bred(
        self,
        parents: Population,
        key: int,
        size: int,
        start: int = 0,
        ways: Breeding | None = None,
    ) -> Population:
        """Children number start, start + 1, … of a key.

        Args:
            parents: best first; without any the children are random.
            key, size, start: as for `random`.
            ways: shares of the ways a child comes about.
        """
        from omp.engine.kernels.vary import breed

        source = parents.widened()
        self._learn_steps(source)
        made, known = Population.empty(self.codebook, size + 1), self._known()
        given, dice = rows(source), _dice(known, source)
        ways = ways or Breeding()
        breed(known, np.uint64(key), start, given, 0, len(source), ways, dice, rows(made))
        return made.head(size)

    # ------------------------------------------------------------------ inside

    def _learn_steps(self, parents: Population) -> None:
        """Look up where the strangers among the parents can step to."""
        used = parents.conditions[parents.conditions >= self.codebook.own]
        for number in np.unique(used).tolist():
            if number not in self._steps:
                self._steps[number] = self.codebook.steps(number)
                self._tables = None

    def _known(self) -> Tables:
        book = self.codebook
        if self._tables is None or self._tables.left.size != len(book):
            strange = np.full(
                (len(book) - book.own, max(map(len, self._steps.values()), default=1)), -1, np.int64
            )
            for number, steps in self._steps.items():
                strange[number - book.own, : len(steps)] = steps
            grammar = book.grammar
            some = [grammar.operands[name] for name in grammar.lefts]
            self._tables = Tables(
                direction=DIRECTIONS.index(grammar.direction),
                max_conditions=grammar.max_conditions,
                own=book.own,
                first=np.array([book.operands.index(one[0]) for one in some]),
                size=np.array([len(one) for one in some]),
                level_base=book.level_base,
                n_levels=book.n_levels,
                scale=book.scale,
                rank=book.rank,
                pair_base=book.pair_base,
                group_size=book.group_size,
                member=book.member,
                operand_steps=book.operand_steps,
                stranger_steps=strange,
                left=book.left,
                op=book.op,
                right=book.right,
                mirror=book.mirror,
                stop_kinds=np.array([STOP_NAMES.index(one) for one in grammar.stops], np.int64),
                stop_sizes=np.array([len(one) for one in STOP_LEVELS.values()]),
                moves=np.array([MOVES.index(one) for one in _OFTEN]),
                state_share=habits.STATE_SHARE,
                number_share=habits.NUMBER_SHARE,
                dual_share=habits.DUAL_EXIT_SHARE,
                stop_share=habits.STOP_SHARE,
                further_share=habits.FURTHER_SHARE,
                level_draws=habits.LEVEL_DRAWS,
            )
        return self._tables


def rows(population: Population) -> Rows:
    """The arrays of a population for the kernels."""
    return Rows(
        population.direction,
        population.every,
        population.count,
        population.conditions,
        population.stops,
    )


def _dice(known: Tables, source: Population) -> Dice:
    """Room for the steps of any condition, and for the conditions of two parents."""
    steps = max(4 * known.operand_steps.shape[1] + 2, known.stranger_steps.shape[1])
    width = max(known.max_conditions, source.conditions.shape[2])
    return Dice(np.empty(1, np.uint64), np.empty(steps, np.int64), np.empty(2 * width, np.int32))

"""The determinism sentinel: some of every generation is evaluated again, in another way.

A result that changes with the number of workers, with the batch a genome lies in or with the time
of day is no result: two runs could not be compared, and no entry of the Hall could be replayed. So
one genome in a hundred, drawn from the run's seed and its generation, is evaluated a second time by
an evaluator of its own, with another number of workers, other batches and another order, and must
give the same bits.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import Diverged
from omp.domain.failpoints import planted
from omp.engine.codebook import Codebook
from omp.engine.evaluation import Evaluation
from omp.engine.population import Population, from_arrays, to_arrays
from omp.engine.seeds import stream
from omp.mining.agreement import open_evaluator
from omp.mining.columns import Array, hash_names
from omp.mining.plan import Plan
from omp.mining.streams import Int
from omp.wire.canonical import digest

Bytes = NDArray[np.uint8]

SHARE = 0.01
"""Share of a generation's genomes that is evaluated again; at least one."""

FAULT = "sentinel.diverge"
"""The planted fault: the second evaluation gives another last bit."""

_PLACE = 0x5E47  # keeps these draws apart from those of the search, whose place is the generation
_ENOUGH = 256  # genomes that wait for each other: alone each would cost several times as much
_CHUNK = 32  # genomes a worker takes at a time in the second evaluation
_GENOMES = "genome_"

FIELDS = (
    "behaviour",
    "n_trades",
    "exposure",
    "holding",
    "turnover",
    "sharpe",
    "sharpe_x",
    "max_drawdown",
    "profit_factor",
    "market_correlation",
    "mean_x",
    "var_x",
    "block_sum",
    "block_sum_sq",
)
"""What is compared, in this order: every array of `Evaluation` that has a row per genome."""


@dataclass(frozen=True)
class Difference:
    """One genome that gave two results.

    Args:
        row: Its place among the genomes compared.
        field: The first array in which the two differ.
        first: Digest of all its numbers as they were.
        second: Digest of all its numbers as they are now.
    """

    row: int
    field: str
    first: str
    second: str


def drawn(seed: int, generation: int, n_genomes: int) -> Int:
    """Which genomes of a generation are evaluated again, in the order in which they are.

    Args:
        seed: The run's registered seed.
        generation: From 0.
        n_genomes: Genomes of the generation, 1 or more.
    """
    n_again = min(n_genomes, max(1, math.ceil(SHARE * n_genomes)))
    chance = stream(seed, _PLACE, generation)
    return chance.choice(n_genomes, size=n_again, replace=False).astype(np.int64)


def other_workers(workers: int) -> int:
    """A number of workers that is not this one."""
    return 2 if workers == 1 else 1


def bits(evaluation: Evaluation, rows: Int | None = None) -> Bytes:
    """Every number of some genomes as bytes, so that NaN equals itself and -0 is not 0, [G, B].

    Args:
        evaluation: Of all of them.
        rows: Which; None for all.
    """
    parts = []
    for name in FIELDS:
        values = getattr(evaluation, name)
        some = np.ascontiguousarray(values if rows is None else values[rows])
        parts.append(some.reshape(len(some), -1).view(np.uint8))
    return np.concatenate(parts, axis=1)


def difference(first: Bytes, second: Bytes, n_blocks: int) -> Difference | None:
    """The first genome whose two evaluations are not the same bits; None where all are.

    Args:
        first, second: `bits` of the same genomes in the same order, [G, B].
        n_blocks: CSCV blocks of the evaluations, S.
    """
    unequal = first != second
    rows = np.flatnonzero(unequal.any(axis=1))
    if not rows.size:
        return None
    row = int(rows[0])
    columns = {"behaviour": 2, "block_sum": n_blocks, "block_sum_sq": n_blocks}
    ends = np.cumsum([8 * columns.get(name, 1) for name in FIELDS])
    field = FIELDS[int(np.searchsorted(ends, unequal[row].argmax(), side="right"))]
    return Difference(row, field, digest(first[row].tobytes()), digest(second[row].tobytes()))


@dataclass(frozen=True, eq=False)
class Waiting:
    """Genomes that wait for their second evaluation.

    Args:
        genomes: The genomes.
        generation: Of each, [G].
        place: Of each in its generation, [G].
        first: `bits` of their first evaluation, [G, B].
    """

    genomes: Population
    generation: Int
    place: Int
    first: Bytes

    def __len__(self) -> int:
        return len(self.genomes)

    @classmethod
    def join(cls, parts: Sequence["Waiting"]) -> "Waiting":
        """Several, one after the other."""
        return cls(
            Population.join([one.genomes for one in parts]),
            np.concatenate([one.generation for one in parts]),
            np.concatenate([one.place for one in parts]),
            np.concatenate([one.first for one in parts]),
        )


class Sentinel:
    """Evaluates some genomes of a search again, a batch of several generations at a time.

    Args:
        plan: What is searched, with the number of workers of the first evaluation.
    """

    def __init__(self, plan: Plan) -> None:
        self._seed, self._workers = plan.seed, plan.workers
        self._again = other_workers(plan.workers)
        self._evaluator = open_evaluator(replace(plan, workers=self._again), chunk=_CHUNK)
        self._waiting: list[Waiting] = []
        self.checked = 0

    def inspect(self, generation: int, population: Population, evaluation: Evaluation) -> None:
        """Draw some genomes of a generation, and evaluate those that wait when they are enough.

        Args:
            generation: From 0.
            population: All its genomes.
            evaluation: What the search goes by.

        Raises:
            Diverged: If one of them gives other numbers than before.
        """
        rows = drawn(self._seed, generation, len(population))
        new = Waiting(
            population.take(rows),
            np.full(rows.size, generation, dtype=np.int64),
            rows,
            bits(evaluation, rows),
        )
        self._waiting.append(new)
        if sum(map(len, self._waiting)) >= _ENOUGH:
            self.settle()

    def settle(self) -> None:
        """Evaluate all that wait, the last first.

        Raises:
            Diverged: If one of them gives other numbers than before.
        """
        if not self._waiting:
            return
        waiting = Waiting.join(self._waiting)
        back = np.arange(len(waiting) - 1, -1, -1)
        second = self._evaluator.evaluate(waiting.genomes.take(back))
        if planted(FAULT):
            second = disturbed(second)
        found = difference(waiting.first, bits(second, back), second.block_lengths.size)
        if found is not None:
            generation = int(waiting.generation[found.row])
            raise diverged(
                found,
                genome=hash_names(waiting.genomes.identity[found.row : found.row + 1])[0],
                where=f"genome {waiting.place[found.row]} of generation {generation}",
                workers=(self._workers, self._again),
                generation=generation,
            )
        self.checked += len(waiting)
        self._waiting = []

    def state(self) -> tuple[dict[str, int], dict[str, Array]]:
        """What was checked and how many generations wait; the last of them, for a checkpoint."""
        head = {"checked": self.checked, "waiting": len(self._waiting)}
        if not self._waiting:
            return head, {}
        last = self._waiting[-1]
        own = {name: getattr(last, name) for name in ("generation", "place", "first")}
        return head, own | to_arrays(last.genomes, _GENOMES)

    def take_up(
        self, codebook: Codebook, head: Mapping[str, int], arrays: Mapping[str, Array]
    ) -> None:
        """Follow what `state` gave after each generation, from the first on.

        Args:
            codebook: Of the search, as it was then or later.
            head, arrays: What `state` gave.
        """
        self.checked = int(head["checked"])
        if not head["waiting"]:
            self._waiting = []
            return
        genomes = from_arrays(codebook, arrays, _GENOMES)
        figures = (arrays["generation"], arrays["place"], arrays["first"])
        self._waiting.append(Waiting(genomes, *figures))


def disturbed(evaluation: Evaluation) -> Evaluation:
    """The same with another last bit in the first genome's Sharpe ratio: the planted fault."""
    changed = evaluation.sharpe_x.copy()
    changed.view(np.uint64)[0] ^= np.uint64(1)
    return replace(evaluation, sharpe_x=changed)


def diverged(
    found: Difference,
    *,
    genome: str,
    where: str,
    workers: tuple[int, int],
    generation: int | None = None,
) -> Diverged:
    """The error that ends a run.

    Args:
        found: What differs.
        genome: Who gave two results.
        where: Its place, in words.
        workers: Of the first evaluation and of the second.
        generation: Its generation, where there is one.
    """
    return Diverged(
        f"{where} ({genome}) gave two results: {found.field} is not the same bits with "
        f"{workers[0]} workers and, in other batches, with {workers[1]}",
        allowed="the same bits for any number of workers and any batches",
        remedy="trust no result of this machine and program until the cause is found; memory, "
        "compiler cache and libraries first",
        facts={
            "generation": generation,
            "genome": genome,
            "field": found.field,
            "first": found.first,
            "second": found.second,
            "workers_first": workers[0],
            "workers_second": workers[1],
        },
    )

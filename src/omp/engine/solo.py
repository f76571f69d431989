"""One symbol that fills its window: genomes are evaluated from their trades alone, without series.

A genome costs its words, a few cycles each, and its trades, a few table rows each. Only what a
record cannot say is left to the general path: ruin, and genomes whose sums would lose digits (see
`omp.engine.kernels.account`). Positions on both sides are told in `omp.engine.turning`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from omp.engine.evaluation import Results
from omp.engine.fills import Costs
from omp.engine.population import Population
from omp.engine.records import Records, deep_falls, spans
from omp.engine.stop_tables import has_stops, stop_tables, together
from omp.engine.window import Window

if TYPE_CHECKING:
    from omp.engine.turning import Both

Int = NDArray[np.int64]
Float = NDArray[np.float64]

CHUNK = 1024  # genomes that a worker takes at a time at most
SIDES = (1, -1)  # of the directions that have one side, in the order of their numbers
_TRADES = 1 << 18  # trades that are listed before they are measured


@dataclass(frozen=True, eq=False)
class Job:
    """Genomes in the order in which they are evaluated, and the words of their conditions.

    Args:
        population: the genomes. order: their numbers.
        words: for each symbol the words of conditions, [C, W].
        place: the row in words of each condition of the codebook.
    """

    population: Population
    order: Int
    words: list[NDArray[np.uint64]]
    place: NDArray[np.int32]


class Scratch:
    """Where one worker lists trades before it measures them.

    Args:
        n: bars of the window. bounds: number of bounds. trades: that are listed at a time.
    """

    def __init__(self, n: int, bounds: int, trades: int = _TRADES) -> None:
        room = trades + 4 * n + 16
        self.first: Int = np.zeros(CHUNK, dtype=np.int64)
        self.size: Int = np.zeros(CHUNK, dtype=np.int64)
        self.bars = np.zeros(2 * room + 64, dtype=np.uint32)  # `account` looks some trades ahead
        self.rows = np.zeros(room + 64, dtype=np.uint32)
        self.cuts = np.empty((CHUNK, bounds), dtype=np.uint32)
        self.entries = np.zeros(room + 64, dtype=np.uint32)
        self.running = np.zeros(4 * (n + 2))
        self.running_both = np.zeros(8 * (n + 2))
        self.width = np.empty(n + 2)


@dataclass(frozen=True, eq=False)
class Side:
    """The tables of one side.

    Args:
        records: what entries and exits do.
        falls: highest and lowest levels and deepest falls of any span, as `account` reads them.
        powers: sums of d to the powers 1 to 4 over the bars before each bar, [T + 1, 4].
    """

    records: Records
    falls: tuple[Float, ...]
    powers: Float


class Solo:
    """The fast path of one symbol.

    Args:
        window: a window with one symbol that has every bar of it.
        costs: costs per side.
    """

    def __init__(self, window: Window, costs: Costs) -> None:
        self._one, self._costs = window.symbols[0], costs
        self._rooms: dict[tuple[int, int], Scratch] = {}
        self._sides: dict[int, Side] = {}
        self._both: Both | None = None

    def _side(self, side: int) -> Side:
        if side not in self._sides:
            records = Records(self._one, self._costs, side)
            falls = (spans(records.level).reshape(-1), *deep_falls(records.level))
            self._sides[side] = Side(records, falls, records.powers())
        return self._sides[side]

    def scratch(self, bounds: int, worker: int) -> Scratch:
        """The room of one worker for so many bounds."""
        key = (bounds, worker)
        if key not in self._rooms:
            self._rooms[key] = Scratch(self._one.rows.size, bounds)
        return self._rooms[key]

    def groups(self, job: Job, bounds: Int) -> Iterator["AnyGroup"]:
        """The genomes of a job that can be evaluated here, in groups of one side and kind.

        Args:
            job: genomes. bounds: first bar of each block and the bar after the last, [S + 1].
        """
        population = job.population
        inside = slice(int(job.order[0]), int(job.order[-1]) + 1)
        direction, stopped = population.direction[inside], has_stops(population.stops[inside])
        if self._one.session_end.size:
            stopped[:] = True
        for number, sign in enumerate(SIDES):
            ours = direction == number
            if not ours.any() or not self._side(sign).records.safe:
                continue
            for kind in (False, True):
                order = job.order[ours & (stopped == kind)]
                stops = None
                if kind and order.size:
                    stops, doubtful = stop_tables(self._side(sign).records, population, order)
                    order = order[~doubtful]
                    # neighbours share their tables of exits, which stay in the cache
                    order = order[together(population.stops[order])]
                if order.size:
                    part = Job(population, order, job.words, job.place)
                    yield Group(self._side(sign), part, bounds, stops)
        turning = direction == len(SIDES)
        if turning.any():
            yield from self._turning(job, bounds, turning, stopped)

    def _turning(
        self, job: Job, bounds: Int, turning: NDArray[np.bool_], stopped: NDArray[np.bool_]
    ) -> Iterator["AnyGroup"]:
        """Those of a job that are held on both sides."""
        from omp.engine.turning import Both, TurnGroup

        if self._both is None:
            self._both = Both(self._one, self._costs)
        if not self._both.safe:
            return
        for kind in (False, True):
            order, stops = job.order[turning & (stopped == kind)], None
            if kind and order.size:
                some = Job(job.population, order, job.words, job.place)
                stops, doubtful = self._both.stop_tables(some)
                order = order[~doubtful]
                order = order[together(job.population.stops[order])]
            if order.size:
                part = Job(job.population, order, job.words, job.place)
                yield TurnGroup(self._both, part, bounds, stops)


class AnyGroup(Protocol):
    """Genomes that are evaluated from their trades: of one side, or of both."""

    order: Int

    def account(self, out: Results, lo: int, hi: int, room: Scratch) -> None:
        """Evaluate genomes number lo to hi - 1 of the group into their rows of the results."""

    def moments(self, out: Results, lo: int, hi: int, room: Scratch) -> None:
        """The moments of x of genomes number lo to hi - 1 of the group."""


class Group:
    """Genomes of one side, all without or all with stops, and the tables they need.

    Args:
        side: tables. job: genomes. bounds: of blocks. stops: of `list_stopped`, None without.
    """

    def __init__(self, side: Side, job: Job, bounds: Int, stops: tuple[Any, ...] | None) -> None:
        self.order = job.order
        self._side, self._job, self._bounds, self._stops = side, job, bounds, stops
        powers = side.powers
        self._at_bounds = np.ascontiguousarray(powers[bounds, :2])
        total, square = float(powers[-1, 0]), float(powers[-1, 1])
        self._totals = total, square, square - total * total / side.records.n

    def _list(self, lo: int, hi: int, room: Scratch) -> int:
        from omp.engine.kernels.latch import list_trades
        from omp.engine.kernels.stops import list_stopped

        population = self._job.population
        given = (
            self.order,
            lo,
            hi,
            self._side.records.n,
            self._job.words[0],
            self._job.place,
            population.count,
            population.every,
            population.conditions,
            self._bounds,
            room.first,
            room.size,
            room.bars,
            room.rows,
            room.cuts,
        )
        if self._stops is None:
            return int(list_trades(*given))
        return int(list_stopped(*given, *self._stops))

    def account(self, out: Results, lo: int, hi: int, room: Scratch) -> None:
        """Evaluate genomes number lo to hi - 1 of the group into their rows of the results."""
        from omp.engine.kernels.account import account

        records = self._side.records
        while lo < hi:
            done = self._list(lo, hi, room)
            account(
                self.order,
                lo,
                done,
                room.first,
                room.size,
                room.bars,
                room.rows,
                room.cuts,
                float(records.side),
                room.running,
                room.width,
                records.flat,
                records.tokens,
                records.level,
                *self._side.falls,
                self._at_bounds,
                *self._totals,
                out.counts,
                out.sums,
                out.measures,
                out.hashes,
                out.block_sum,
                out.block_sum_sq,
                out.general,
            )
            lo = done

    def moments(self, out: Results, lo: int, hi: int, room: Scratch) -> None:
        """The moments of x of genomes number lo to hi - 1 of the group."""
        from omp.engine.kernels.moments import moments

        records = self._side.records
        while lo < hi:
            done = self._list(lo, hi, room)
            moments(
                self.order,
                lo,
                done,
                room.first,
                room.size,
                room.bars,
                room.rows,
                float(records.side),
                records.flat,
                self._side.powers,
                out.moments,
                out.general,
            )
            lo = done

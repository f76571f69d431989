"""One symbol that fills its window: genomes are evaluated from their trades alone, without series.

A genome costs its words, a few cycles each, and its trades, a few table rows each. Only what a
record cannot say is left to the general path: positions on both sides, ruin, and genomes whose
sums would lose digits (see `omp.engine.kernels.account`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omp.engine.evaluation import Results
from omp.engine.fills import Costs
from omp.engine.population import Population
from omp.engine.records import Records, deep_falls, spans
from omp.engine.window import Window

Int = NDArray[np.int64]
Tables = tuple[NDArray[np.float64], ...]

SIDES = (1, -1)  # of the directions that have one side, in the order of their numbers
CHUNK = 128  # genomes that a worker takes at a time
_TRADES = 1 << 15  # trades that are listed before they are measured


@dataclass(eq=False)
class Scratch:
    """Where one worker lists trades before it measures them.

    Args:
        n: bars of the window. genomes: most of them at a time. bounds: number of bounds.
    """

    n: int
    genomes: int
    bounds: int

    def __post_init__(self) -> None:
        room = _TRADES + 4 * self.n + 16
        self.first: Int = np.zeros(self.genomes, dtype=np.int64)
        self.size: Int = np.zeros(self.genomes, dtype=np.int64)
        self.bars = np.empty(2 * room + 16, dtype=np.uint32)
        self.rows = np.empty(room, dtype=np.uint32)
        self.running = np.zeros(4 * (self.n + 2))
        self.width = np.empty(self.n + 2)
        self.cuts = np.empty((self.genomes, self.bounds), dtype=np.uint32)


class Solo:
    """The fast path of one symbol.

    Args:
        window: a window with one symbol that has every bar of it.
        costs: costs per side.
        bounds: first bar of each block and the bar after the last, [S + 1], or empty.
    """

    def __init__(self, window: Window, costs: Costs, bounds: Int) -> None:
        self._one, self._costs, self._bounds = window.symbols[0], costs, bounds
        self._rooms: dict[int, Scratch] = {}
        self._made: dict[int, tuple[Records, Tables]] = {}

    def _side(self, side: int) -> tuple[Records, Tables]:
        if side not in self._made:
            records = Records(self._one, self._costs, side)
            self._made[side] = records, (spans(records.level).reshape(-1), *deep_falls(records.level))
        return self._made[side]

    def scratch(self, worker: int) -> Scratch:
        """The room of one worker."""
        if worker not in self._rooms:
            self._rooms[worker] = Scratch(self._one.rows.size, CHUNK, self._bounds.size)
        return self._rooms[worker]

    def groups(self, population: Population, rows: slice) -> Iterator[tuple[Int, "Group"]]:
        """Genomes of some rows that can be evaluated here, in groups of one side and kind."""
        direction = population.direction[rows]
        stopped = (population.stops[rows] >= 0).any(axis=1)
        if self._one.session_end.size:
            stopped[:] = True
        for number, side in enumerate(SIDES):
            ours = direction == number
            if not ours.any() or not self._side(side)[0].safe:
                continue
            for kind in (False, True):
                order = np.flatnonzero(ours & (stopped == kind)) + rows.start
                if order.size == 0:
                    continue
                group = Group(self, *self._side(side), population, kind)
                if kind:
                    order = order[~group.doubtful[order]]
                    # neighbours share their tables of exits, which stay in the cache
                    order = order[np.lexsort(population.stops[order, 2::-1].T)]
                if order.size:
                    yield order, group


class Group:
    """Genomes of one side, all without or all with stops, and the tables they need.

    Args:
        solo: the fast path. records, tables: of the side. population: the genomes.
        stopped: whether they have stops.
    """

    def __init__(
        self,
        solo: Solo,
        records: Records,
        tables: Tables,
        population: Population,
        stopped: bool,
    ) -> None:
        self.records, self._tables, self._population = records, tables, population
        self._bounds, self._open = solo._bounds, solo._one.table[0]
        self.doubtful = np.zeros(len(population), dtype=np.bool_)
        self._stops = self._stop_tables() if stopped else None
        self._before = records.sums_before(self._bounds)
        whole = records.sums_before(np.array([records.n]))[0]
        self._totals = float(whole[0]), float(whole[1])
        self._market = float(whole[1] - whole[0] * whole[0] / records.n)

    def _stop_tables(self) -> tuple[Any, ...]:
        records, population = self.records, self._population
        levels = population.codebook.stop_levels
        table = np.full((3, max(1, *(len(one) for one in levels[:3]))), -1, dtype=np.int64)
        signed = np.zeros(table.shape[1])
        for kind in range(3):
            used = np.unique(population.stops[:, kind])
            for number in used[used >= 0].tolist():
                at = records.table(kind, levels[kind][number])
                table[kind, number] = at
                if records.doubtful[at]:
                    self.doubtful |= population.stops[:, kind] == number
                if kind == 0:
                    signed[number] = records.side * levels[kind][number]
        timed = records.timed() if (population.stops[:, 3] >= 0).any() else 0
        session = records.session_table()
        if records.doubtful[session]:
            self.doubtful[:] = True
        records.settle()
        longest = np.array([int(one) for one in levels[3]] or [0], dtype=np.int64)
        return (
            population.stops,
            table,
            records.starts,
            records.keys,
            records.levels,
            self._open,
            signed,
            longest,
            timed,
            session,
        )

    def run(
        self, order: Int, lo: int, hi: int, masks: Any, place: Any, room: Scratch, out: Results
    ) -> None:
        """Evaluate genomes order[lo:hi] into their rows of the results."""
        from omp.engine.kernels.account import account
        from omp.engine.kernels.latch import list_trades
        from omp.engine.kernels.stops import list_stopped

        population, records = self._population, self.records
        while lo < hi:
            given = (
                order,
                lo,
                hi,
                records.n,
                masks,
                place,
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
            done = (
                list_trades(*given) if self._stops is None else list_stopped(*given, *self._stops)
            )
            account(
                order,
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
                *self._tables,
                self._before,
                *self._totals,
                self._market,
                out.counts,
                out.sums,
                out.measures,
                out.hashes,
                out.block_sum,
                out.block_sum_sq,
                out.general,
            )
            lo = done

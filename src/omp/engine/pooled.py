"""The general path: bar by bar, for universes and for whatever the fast path cannot tell."""

import numpy as np
from numpy.typing import NDArray

from omp.engine import solo
from omp.engine.evaluation import Results
from omp.engine.fills import Costs, Float
from omp.engine.population import Population
from omp.engine.solo import Job
from omp.engine.stop_tables import has_stops
from omp.engine.tokens import symbol_seed
from omp.engine.window import SymbolWindow, Window

Int = NDArray[np.int64]

_TRADES = 1 << 15  # that are listed before they are added to the pool
CHUNK = 16  # genomes that a worker takes at a time; their pooled series stay in its cache


class Scratch:
    """The pooled series of the genomes that one worker has in hand.

    Args:
        n: bars of the window. cash: whether cash has a yield.
    """

    def __init__(self, n: int, cash: bool) -> None:
        self.raw: Float = np.empty((CHUNK, n))
        self.excess: Float = np.empty((CHUNK, n))
        self.over: Float = np.empty((CHUNK if cash else 0, n))
        self.trades = solo.Scratch(n, 1, _TRADES)


class Pooled:
    """Genomes on every symbol of a window, pooled bar by bar.

    Args:
        window: any window. costs: costs per side. n_blocks: CSCV blocks, 0 for none.
    """

    def __init__(self, window: Window, costs: Costs, n_blocks: int) -> None:
        self._window = window
        self._rooms: dict[int, Scratch] = {}
        self._fee, self._slip = costs.commission_bps / 1e4, costs.slippage_bps / 1e4
        n = len(window)
        self._dropped = n % n_blocks if n_blocks else n
        self._seeds = [symbol_seed(one.symbol) for one in window.symbols]
        self._has_cash = bool(np.any(window.cash != 0.0))
        self._market = np.zeros(n)
        for one in window.symbols:
            self._market[one.rows] += one.table[4] - one.cash
        self._market *= window.share
        self._calm = all(_calm(one) for one in window.symbols)

    def scratch(self, worker: int) -> Scratch:
        """The room of one worker."""
        if worker not in self._rooms:
            self._rooms[worker] = Scratch(len(self._window), self._has_cash)
        return self._rooms[worker]

    def account(
        self, job: Job, levels: Float | None, out: Results, lo: int, hi: int, room: Scratch
    ) -> None:
        """Evaluate genomes number lo to hi - 1 of a job into their rows of the results.

        Args:
            levels: see `stop_levels`; None for genomes that need no walk.
        """
        from omp.engine.kernels.measure import measure_batch

        self._walk(job, levels, out, lo, hi, room)
        measure_batch(
            job.order,
            lo,
            hi,
            self._window.share,
            room.raw,
            room.over,
            room.excess,
            self._dropped,
            out.block_sum,
            out.block_sum_sq,
            self._market,
            out.measures,
        )

    def describe(
        self,
        job: Job,
        levels: Float | None,
        bounds: Int,
        out: Results,
        lo: int,
        hi: int,
        room: Scratch,
    ) -> None:
        """Moments of x, and its sums between bounds, of genomes number lo to hi - 1 of a job."""
        from omp.engine.kernels.series import series_batch

        self._walk(job, levels, out, lo, hi, room)
        series_batch(
            job.order,
            lo,
            hi,
            self._window.share,
            room.excess,
            bounds,
            out.moments,
            out.block_sum,
        )

    def fast(self, job: Job) -> NDArray[np.bool_]:
        """Which genomes of a job need no walk: long ones without stops and session ends."""
        population = job.population
        plain = ~has_stops(population.stops[job.order])
        return np.asarray(plain & (population.direction[job.order] == 0) & self._calm)

    def _add(self, job: Job, out: Results, lo: int, hi: int, room: Scratch) -> None:
        """Add the trades of genomes that need no walk; leaves the sums of their series in room."""
        from omp.engine.kernels.latch import list_trades
        from omp.engine.kernels.universe import add_trades

        population, trades = job.population, room.trades
        for i, one in enumerate(self._window.symbols):
            at, table = lo, one.table
            bounds = np.array([one.rows.size])
            level_bits = np.append(table[0], table[3, -1]).view(np.uint64)
            over_cash = table[4] - one.cash if self._has_cash else table[4]
            while at < hi:
                done = list_trades(
                    job.order,
                    at,
                    hi,
                    one.rows.size,
                    job.words[i],
                    job.place,
                    population.count,
                    population.every,
                    population.conditions,
                    bounds,
                    trades.first,
                    trades.size,
                    trades.bars,
                    trades.rows,
                    trades.cuts,
                )
                add_trades(
                    job.order,
                    at,
                    done,
                    trades.first,
                    trades.size,
                    trades.bars,
                    trades.rows,
                    table,
                    over_cash,
                    one.stamps,
                    level_bits,
                    one.rows,
                    self._fee,
                    self._slip,
                    self._seeds[i],
                    room.raw,
                    room.over,
                    room.excess,
                    out.counts,
                    out.sums,
                    out.hashes,
                    lo,
                )
                at = done
        held = room.over if self._has_cash else room.raw
        room.excess[: hi - lo] += held[: hi - lo]

    def _walk(
        self, job: Job, levels: Float | None, out: Results, lo: int, hi: int, room: Scratch
    ) -> None:
        """Walk genomes through every symbol; leaves the sums of their series in room."""
        from omp.engine.kernels.walk import walk_batch

        population = job.population
        for series in (room.raw, room.over, room.excess):
            series[: hi - lo] = 0.0
        if levels is None:
            self._add(job, out, lo, hi, room)
            return
        for i, one in enumerate(self._window.symbols):
            walk_batch(
                job.order,
                lo,
                hi,
                one.table,
                one.stamps,
                one.rows,
                one.cash,
                one.session_end,
                job.words[i],
                job.place,
                population.count,
                population.every,
                population.conditions,
                population.direction,
                levels,
                self._fee,
                self._slip,
                self._seeds[i],
                room.raw,
                room.over,
                room.excess,
                out.counts,
                out.sums,
                out.hashes,
            )


def _calm(one: SymbolWindow) -> bool:
    """Whether no price move of a symbol comes near ruin, and no session ends a position."""
    open_, close = one.prices[0], one.prices[3]
    with np.errstate(all="ignore"):
        moves = np.concatenate([close / open_, open_[1:] / close[:-1], close[1:] / close[:-1]])
    inside = (moves > 1e-6) & (moves < 1e6)
    return bool(inside.all()) and not one.session_end.size


def stop_levels(population: Population) -> Float:
    """The stops of each genome as fractions and bars, 0 where not used, [G, 4]."""
    levels = np.zeros(population.stops.shape)
    for kind, known in enumerate(population.codebook.stop_levels):
        used = population.stops[:, kind] >= 0
        table = np.array([float(one) for one in known] or [0.0])
        levels[used, kind] = table[population.stops[used, kind]]
    return levels

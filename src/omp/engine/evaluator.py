"""The evaluator of a campaign: many genomes on one window, the same bytes for any workers."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import InvalidInput
from omp.engine import pooled, solo
from omp.engine.codebook import Codebook
from omp.engine.conditions import Masks
from omp.engine.evaluation import Evaluation, Moments, Results
from omp.engine.fills import Costs
from omp.engine.genome import Genome
from omp.engine.grammar import Grammar
from omp.engine.population import Population
from omp.engine.window import Window, open_window
from omp.market.bars import Panel

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Room = TypeVar("Room")

SKETCH_SIZE = 128


class Evaluator:
    """Evaluates genomes on one window of a panel.

    Args:
        panel: the universe; only its rows from `warmup` up to `stop` are traded.
        grammar: where the genomes come from; its look-back must fit into the panel.
        costs: costs per side.
        flat_at_session_end: whether positions are closed with each session.
        n_blocks: CSCV blocks S, even; 0 for none.
        workers: threads; the results do not depend on it.
        warmup: rows before the window, which only feed indicators.
        stop: row after the window's last one; None for the end of the panel.

    Raises:
        InvalidInput: when the window is empty or shorter than its blocks, the panel shorter than
            the grammar's look-back, or a price is not finite and positive.
    """

    def __init__(
        self,
        panel: Panel,
        grammar: Grammar,
        costs: Costs,
        *,
        flat_at_session_end: bool = False,
        n_blocks: int = 16,
        workers: int = 1,
        warmup: int = 0,
        stop: int | None = None,
    ) -> None:
        self._window = open_window(panel, warmup, stop, flat_at_session_end=flat_at_session_end)
        if len(panel) <= grammar.lookback_bars:
            raise InvalidInput(
                f"{len(panel)} bars for indicators that look back {grammar.lookback_bars} bars",
                allowed=f"more than {grammar.lookback_bars} bars",
                remedy="give more bars, or fewer long indicators in [search] indicators",
            )
        n = len(self._window)
        if n_blocks < 0 or n_blocks % 2 or n < 2 * n_blocks:
            raise InvalidInput(
                f"{n_blocks} blocks of a window of {n} bars",
                allowed="an even number of blocks with at least two bars each",
                remedy="change the blocks, or give more bars",
            )
        self._grammar, self._codebook = grammar, Codebook(grammar)
        self._n_blocks, self._workers = n_blocks, max(1, workers)
        inside = self._window.symbols
        self._masks = Masks(
            [panel.bars[one.at] for one in inside],
            [one.first for one in inside],
            [one.last for one in inside],
        )
        length = n // n_blocks if n_blocks else 0
        bounds = n - length * np.arange(n_blocks, -1, -1, dtype=np.int64)
        alone = len(inside) == 1 and inside[0].rows.size == n
        self._solo = solo.Solo(self._window, costs, bounds) if alone else None
        self._pooled = pooled.Pooled(self._window, costs, n_blocks)

    @property
    def window(self) -> Window:
        """The window that is evaluated."""
        return self._window

    def evaluate(self, genomes: Population | Sequence[Genome]) -> Evaluation:
        """The metrics of each genome, in the order given."""
        population = self._population(genomes)
        out = Results(len(population), self._n_blocks)
        for rows, masks, place in self._batches(population):
            done = np.zeros(len(population), dtype=np.bool_)
            if self._solo is not None:
                for order, group in self._solo.groups(population, rows):
                    done[order] = True
                    self._share(
                        order.size,
                        solo.CHUNK,
                        self._solo.scratch,
                        lambda lo, hi, room, order=order, group=group: group.run(  # type: ignore[misc]
                            order, lo, hi, masks[0], place, room, out
                        ),
                    )
                done[out.general] = False
            rest = np.flatnonzero(~done[rows]) + rows.start
            out.clear(rest)
            self._share(
                rest.size,
                pooled.CHUNK,
                lambda _: self._pooled.scratch(population),
                lambda lo, hi, room: self._pooled.run(rest, lo, hi, masks, place, room, out),
            )
        return self._answer(out)

    def moments(self, genomes: Population | Sequence[Genome]) -> Moments:
        """The moments of the pooled x of some genomes: of survivors, say."""
        made = self._describe(self._population(genomes))[0]
        mean, var, skew, kurt = made.T.copy()
        return Moments(len(self._window), mean, var, skew, kurt)

    def sketch(self, genomes: Population | Sequence[Genome]) -> Float:
        """The pooled x of some genomes, summed over contiguous parts of the window.

        The correlation of two sketches estimates that of the two series.

        Returns:
            [G, 128]; in a window of fewer bars the parts without a bar are 0.
        """
        return self._describe(self._population(genomes))[1]

    # ------------------------------------------------------------------ inside

    def _population(self, genomes: Population | Sequence[Genome]) -> Population:
        if isinstance(genomes, Population):
            return genomes
        return Population.of(genomes, self._codebook)

    def _batches(self, population: Population) -> Iterator[tuple[slice, list[Any], Any]]:
        """Rows of a population with the words of their conditions."""
        per_genome = 2 * population.conditions.shape[2]
        size = max(1, self._masks.capacity // per_genome)
        if self._masks.holds(population.codebook):
            size = max(size, len(population))
        for lo in range(0, len(population), size):
            rows = slice(lo, min(lo + size, len(population)))
            place = self._masks.learn(population.codebook, population.conditions[rows])
            yield rows, [self._masks.words(i) for i in range(len(self._window.symbols))], place

    def _share(
        self,
        size: int,
        chunk: int,
        make_room: Callable[[int], Room],
        work: Callable[[int, int, Room], None],
    ) -> None:
        """Do work(lo, hi, room) for chunks of 0..size, each worker with a room of its own."""
        if size == 0:
            return
        starts = itertools.count(0, chunk)

        def worker(number: int) -> None:
            room = make_room(number)
            while (lo := next(starts)) < size:
                work(lo, min(size, lo + chunk), room)

        workers = min(self._workers, -(-size // chunk))
        if workers == 1:
            worker(0)
            return
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(worker, range(workers)):
                pass

    def _describe(self, population: Population) -> tuple[Float, Float]:
        """Moments, [G, 4], and sketch, [G, 128], of the pooled x."""
        from omp.engine.kernels.series import series_batch

        size, n = len(population), len(self._window)
        moments, sketch = np.empty((size, 4)), np.empty((size, SKETCH_SIZE))
        bounds = np.arange(SKETCH_SIZE + 1, dtype=np.int64) * n // SKETCH_SIZE
        aside = Results(size, 0)
        for rows, masks, place in self._batches(population):
            order = np.arange(rows.start, rows.stop)

            def work(
                lo: int, hi: int, room: Any, order: Int = order, given: Any = masks, at: Any = place
            ) -> None:
                self._pooled.walk(order, lo, hi, given, at, room, aside)
                series_batch(
                    order, lo, hi, self._window.share, room.excess, bounds, moments, sketch
                )

            self._share(order.size, pooled.CHUNK, lambda _: self._pooled.scratch(population), work)
        return moments, sketch

    def _answer(self, out: Results) -> Evaluation:
        window, n_bars, blocks = self._window, len(self._window), self._n_blocks
        years = n_bars / window.panel.periods_per_year
        held, gains, losses = out.sums.T
        factor, holding = np.full(losses.shape, np.nan), np.full(losses.shape, np.nan)
        np.divide(gains, losses, out=factor, where=losses > 0.0)
        np.divide(held, out.counts, out=holding, where=out.counts > 0)
        sharpe, drawdown, mean, var, sharpe_x, correlation = out.measures.T.copy()
        return Evaluation(
            n_bars=n_bars,
            n_trades=out.counts,
            exposure=held / window.symbol_bars,
            holding=holding,
            turnover=np.divide(out.counts, len(window.symbols) * years / 2.0, dtype=np.float64),
            sharpe=sharpe,
            sharpe_x=sharpe_x,
            max_drawdown=drawdown,
            profit_factor=factor,
            market_correlation=correlation,
            mean_x=mean,
            var_x=var,
            block_sum=out.block_sum,
            block_sum_sq=out.block_sum_sq,
            block_lengths=np.full(blocks, n_bars // blocks if blocks else 0, dtype=np.int64),
            behaviour=out.hashes,
        )

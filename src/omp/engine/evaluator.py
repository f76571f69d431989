"""The evaluator of a campaign: many genomes on one window, the same bytes for any workers."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal, TypeVar

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
_Work = Literal["account", "moments"]

SKETCH_SIZE = 128
_PIECES = 4  # of a population for each of several workers


class Evaluator:
    """Evaluates genomes on one window of a panel.

    Args:
        panel: the universe; only its rows from `warmup` up to `stop` are traded.
        grammar: where the genomes come from; its look-back must fit into the panel.
        costs: costs per side.
        flat_at_session_end: whether positions are closed with each session.
        n_blocks: CSCV blocks S, even; 0 for none.
        workers: threads; the results do not depend on it.
        chunk: genomes that a worker takes at a time at most; None for what is fastest. The results
            do not depend on it either.
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
        chunk: int | None = None,
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
        self._chunk = max(solo.CHUNK, pooled.CHUNK) if chunk is None else max(1, chunk)
        self._threads: ThreadPoolExecutor | None = None
        inside = self._window.symbols
        self._masks = Masks(
            [panel.bars[one.at] for one in inside],
            [one.first for one in inside],
            [one.last for one in inside],
        )
        length = n // n_blocks if n_blocks else 0
        self._bounds = n - length * np.arange(n_blocks, -1, -1, dtype=np.int64)
        alone = len(inside) == 1 and inside[0].rows.size == n
        self._solo = solo.Solo(self._window, costs) if alone else None
        self._pooled = pooled.Pooled(self._window, costs, n_blocks)

    @property
    def window(self) -> Window:
        """The window that is evaluated."""
        return self._window

    def evaluate(self, genomes: Population | Sequence[Genome]) -> Evaluation:
        """The metrics of each genome, in the order given."""
        population = self._population(genomes)
        out = Results(len(population), self._n_blocks)
        for job in self._jobs(population):
            rest = self._fast(job, self._bounds, "account", out)
            self._slow(rest, self._pooled.account, out)
        return self._answer(out)

    def moments(self, genomes: Population | Sequence[Genome]) -> Moments:
        """The moments of the pooled x of some genomes: of survivors, say."""
        population = self._population(genomes)
        out = Results(len(population), 0)
        for job in self._jobs(population):
            rest = self._fast(job, self._bounds[-1:], "moments", out)
            describe = partial(self._pooled.describe, bounds=self._bounds[-1:])
            self._slow(rest, describe, out)
        mean, var, skew, kurt = out.moments.T.copy()
        return Moments(len(self._window), mean, var, skew, kurt)

    def sketch(self, genomes: Population | Sequence[Genome]) -> Float:
        """The pooled x of some genomes, summed over contiguous parts of the window.

        The correlation of two sketches estimates that of the two series.

        Returns:
            [G, 128]; in a window of fewer bars the parts without a bar are 0.
        """
        population = self._population(genomes)
        out = Results(len(population), SKETCH_SIZE)
        bounds = np.arange(SKETCH_SIZE + 1, dtype=np.int64) * len(self._window) // SKETCH_SIZE
        for job in self._jobs(population):
            rest = self._fast(job, bounds, "account", out)
            self._slow(rest, partial(self._pooled.describe, bounds=bounds), out)
        return out.block_sum

    # ------------------------------------------------------------------ inside

    def _population(self, genomes: Population | Sequence[Genome]) -> Population:
        if isinstance(genomes, Population):
            return genomes
        return Population.of(genomes, self._codebook)

    def _jobs(self, population: Population) -> Iterator[solo.Job]:
        """The genomes of a population, as many at a time as the words of their conditions allow."""
        per_genome = 2 * population.conditions.shape[2]
        size = max(1, self._masks.capacity // per_genome)
        if self._masks.holds(population.codebook):
            size = max(size, len(population))
        for lo in range(0, len(population), size):
            order = np.arange(lo, min(lo + size, len(population)))
            numbers = population.conditions[lo : lo + size]
            place = self._masks.learn(population.codebook, numbers)
            words = [self._masks.words(i) for i in range(len(self._window.symbols))]
            yield solo.Job(population, order, words, place)

    def _fast(self, job: solo.Job, bounds: Int, work: _Work, out: Results) -> solo.Job:
        """Do what the fast path can; the rest of the job."""
        if self._solo is None:
            return job
        room = partial(self._solo.scratch, bounds.size)
        done = []
        for group in self._solo.groups(job, bounds):
            done.append(group.order)
            self._share(group.order.size, solo.CHUNK, room, partial(getattr(group, work), out))
        general = out.general
        if sum(one.size for one in done) != job.order.size:
            general = np.ones(len(job.population), dtype=np.bool_)
            for one in done:
                general[one] = out.general[one]
        rest = job.order[general[job.order]] if general.any() else job.order[:0]
        return solo.Job(job.population, rest, job.words, job.place)

    def _slow(self, job: solo.Job, work: Callable[..., None], out: Results) -> None:
        """Do the rest bar by bar: what needs no walk, then the others."""
        if not job.order.size:
            return
        out.clear(job.order)
        levels = pooled.stop_levels(job.population)
        fast = self._pooled.fast(job)
        for order, given in ((job.order[fast], None), (job.order[~fast], levels)):
            part = solo.Job(job.population, order, job.words, job.place)
            task = partial(work, part, given, out=out)
            self._share(order.size, pooled.CHUNK, self._pooled.scratch, partial(_call, task))

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
        chunk = min(chunk, self._chunk)
        if self._workers > 1:  # enough pieces that nobody waits long for the last one
            chunk = max(1, min(chunk, -(-size // (_PIECES * self._workers))))
        starts = itertools.count(0, chunk)

        def worker(number: int) -> None:
            room = make_room(number)
            while (lo := next(starts)) < size:
                work(lo, min(size, lo + chunk), room)

        others = min(self._workers, -(-size // chunk)) - 1
        if others == 0:
            worker(0)
            return
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._workers - 1, thread_name_prefix="evaluator")
        waiting = [self._threads.submit(worker, number) for number in range(1, others + 1)]
        worker(0)
        for one in waiting:
            one.result()

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


def _call(task: Callable[..., None], lo: int, hi: int, room: pooled.Scratch) -> None:
    task(lo=lo, hi=hi, room=room)

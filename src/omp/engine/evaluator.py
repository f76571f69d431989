"""The evaluator of a campaign: many genomes on one window, the same bytes for any workers."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import blake3
import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import InvalidInput
from omp.engine import kernels
from omp.engine.conditions import Masks
from omp.engine.evaluation import Evaluation
from omp.engine.fills import Costs
from omp.engine.genome import DIRECTIONS, Genome
from omp.engine.grammar import Grammar
from omp.engine.seeds import stream
from omp.engine.simulation import stop_row
from omp.engine.window import Window, open_window
from omp.market.bars import Panel

Float = NDArray[np.float64]
Int = NDArray[np.int64]

SKETCH_SIZE = 128
_BATCH = 4096  # genomes whose conditions are looked up together
_CHUNK = 16  # genomes a worker takes at a time; their pooled series stay in its cache


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
        if n_blocks < 0 or n_blocks % 2 or len(self._window) < 2 * n_blocks:
            raise InvalidInput(
                f"{n_blocks} blocks of a window of {len(self._window)} bars",
                allowed="an even number of blocks with at least two bars each",
                remedy="change the blocks, or give more bars",
            )
        self._costs = costs
        self._n_blocks = n_blocks
        self._workers = max(1, workers)
        inside = self._window.symbols
        self._masks = Masks(
            [panel.bars[one.at] for one in inside],
            [one.first for one in inside],
            [one.last for one in inside],
        )
        self._seeds = [np.uint64(_symbol_seed(one.symbol)) for one in inside]
        self._place, self._sign = _sketch_places(len(self._window))
        self._has_cash = bool(np.any(self._window.cash != 0.0))

    @property
    def window(self) -> Window:
        """The window that is evaluated."""
        return self._window

    def evaluate(self, genomes: Sequence[Genome]) -> Evaluation:
        """The metrics of each genome, in the order given."""
        total = _Results(len(genomes), self._n_blocks)
        batch = max(_CHUNK, min(_BATCH, self._masks.capacity // 8))
        with ThreadPoolExecutor(self._workers) as pool:
            for lo in range(0, len(genomes), batch):
                self._batch(pool, genomes[lo : lo + batch], total, lo)
        return self._answer(total)

    def _batch(
        self, pool: ThreadPoolExecutor, genomes: Sequence[Genome], total: "_Results", at: int
    ) -> None:
        size, n_bars, window = len(genomes), len(self._window), self._window
        program = _program(genomes, self._masks)
        view = total.part(at, at + size)
        dropped = n_bars % self._n_blocks if self._n_blocks else n_bars
        fee, slip = self._costs.commission_bps / 1e4, self._costs.slippage_bps / 1e4
        tables = [self._masks.words(i) for i in range(len(window.symbols))]

        def work(lo: int) -> None:
            hi = min(size, lo + _CHUNK)
            raw, excess = np.zeros((2, hi - lo, n_bars))
            over = np.zeros((hi - lo if self._has_cash else 0, n_bars))
            for i, one in enumerate(window.symbols):
                kernels.walk_batch(
                    lo,
                    hi,
                    one.table,
                    one.stamps,
                    one.rows,
                    one.cash,
                    one.session_end,
                    tables[i],
                    *program,
                    fee,
                    slip,
                    self._seeds[i],
                    raw,
                    over,
                    excess,
                    view.counts,
                    view.sums,
                    view.hashes,
                )
            kernels.measure_batch(
                lo,
                hi,
                window.share,
                raw,
                over,
                excess,
                dropped,
                view.block_sum,
                view.block_sum_sq,
                self._place,
                self._sign,
                view.sketch,
                view.measures,
            )

        for _ in pool.map(work, range(0, size, _CHUNK)):
            pass

    def _answer(self, total: "_Results") -> Evaluation:
        window, n_bars, blocks = self._window, len(self._window), self._n_blocks
        years = n_bars / window.panel.periods_per_year
        losses = total.sums[:, 2]
        factor = np.full(losses.shape, np.nan)
        np.divide(total.sums[:, 1], losses, out=factor, where=losses > 0.0)
        sharpe, drawdown, mean, var, skew, kurt, sharpe_x = total.measures.T.copy()
        return Evaluation(
            n_bars=n_bars,
            n_trades=total.counts,
            exposure=total.sums[:, 0] / window.symbol_bars,
            turnover=np.divide(total.counts, len(window.symbols) * years / 2.0, dtype=np.float64),
            sharpe=sharpe,
            sharpe_x=sharpe_x,
            max_drawdown=drawdown,
            profit_factor=factor,
            mean_x=mean,
            var_x=var,
            skew_x=skew,
            kurt_x=kurt,
            block_sum=total.block_sum,
            block_sum_sq=total.block_sum_sq,
            block_lengths=np.full(blocks, n_bars // blocks if blocks else 0, dtype=np.int64),
            behaviour=total.hashes,
            sketch=total.sketch,
        )


class _Results:
    """The arrays that kernels write into, one row per genome."""

    def __init__(self, size: int, blocks: int) -> None:
        self.counts = np.zeros(size, dtype=np.int64)
        self.sums = np.zeros((size, 3))
        self.hashes = np.zeros((size, 2), dtype=np.uint64)
        self.block_sum, self.block_sum_sq = np.zeros((size, blocks)), np.zeros((size, blocks))
        self.sketch = np.zeros((size, SKETCH_SIZE))
        self.measures = np.zeros((size, 7))

    def part(self, lo: int, hi: int) -> "_Results":
        """Views of the rows lo..hi-1."""
        made = _Results.__new__(_Results)
        made.__dict__.update({name: array[lo:hi] for name, array in self.__dict__.items()})
        return made


def _program(
    genomes: Sequence[Genome], masks: Masks
) -> tuple[Int, Int, NDArray[np.bool_], Int, Float]:
    """Genomes as arrays: bounds and rows of their conditions, combines, directions, stops."""
    index = masks.learn(one for genome in genomes for one in genome.conditions)
    pointers = np.empty((len(genomes), 3), dtype=np.int64)
    every = np.empty((len(genomes), 2), dtype=np.bool_)
    direction = np.empty(len(genomes), dtype=np.int64)
    levels = np.empty((len(genomes), 4))
    chosen: list[int] = []
    for g, genome in enumerate(genomes):
        start = len(chosen)
        chosen.extend(index[one] for one in genome.entry.conditions)
        middle = len(chosen)
        chosen.extend(index[one] for one in genome.exit.conditions)
        pointers[g] = start, middle, len(chosen)
        every[g] = genome.entry.combine == "all", genome.exit.combine == "all"
        direction[g] = DIRECTIONS.index(genome.direction)
        levels[g] = stop_row(genome.stops)
    return pointers, np.array(chosen, dtype=np.int64), every, direction, levels


def _symbol_seed(symbol: str) -> int:
    return int.from_bytes(blake3.blake3(symbol.encode()).digest()[:8], "little")


def _sketch_places(n_bars: int) -> tuple[Int, Float]:
    """For each bar one of SKETCH_SIZE places and a sign, always the same ones."""
    dice = stream(20_150_101, n_bars)
    place = dice.integers(0, SKETCH_SIZE, n_bars)
    return np.asarray(place, dtype=np.int64), dice.choice((-1.0, 1.0), n_bars)

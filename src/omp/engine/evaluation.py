"""What an evaluation answers, one row per genome."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Metrics of G genomes in one window, net of costs, pooled over the symbols.

    NaN stands for undefined. All Sharpe ratios and moments are per bar.

    Args:
        n_bars: bars of the window, T.
        n_trades: trades of all symbols, [G].
        exposure: share of symbol bars in a position, [G].
        holding: mean bars held per trade, its entry and exit bars included, [G].
        turnover: value traded (both sides) over account value, per year, [G].
        sharpe: of R - p * cash, the return over cash, [G].
        sharpe_x: of x, the excess return, [G].
        max_drawdown: of the pooled account, positive fraction, [G].
        profit_factor: gains over losses of the trades; NaN without a loss, [G].
        market_correlation: of R - p * cash with the mean r - cash of the symbols, [G].
        mean_x, var_x: mean and variance (ddof 1) of x, [G].
        block_sum, block_sum_sq: sums of x and of its square in each CSCV block, [G, S].
        block_lengths: bars of each block; the oldest T mod S bars lie in none, [S].
        behaviour: 128-bit hash of entry and exit bars, exit reason and level, direction and
            symbol of every trade, uint64[G, 2].
    """

    n_bars: int
    n_trades: Int
    exposure: Float
    holding: Float
    turnover: Float
    sharpe: Float
    sharpe_x: Float
    max_drawdown: Float
    profit_factor: Float
    market_correlation: Float
    mean_x: Float
    var_x: Float
    block_sum: Float
    block_sum_sq: Float
    block_lengths: Int
    behaviour: NDArray[np.uint64]

    def __len__(self) -> int:
        return int(self.n_trades.size)

    @cached_property
    def behaviour_hash(self) -> tuple[str, ...]:
        """The behaviour of each genome as 32 hex digits."""
        return tuple(f"{high:016x}{low:016x}" for high, low in self.behaviour.tolist())


@dataclass(frozen=True, eq=False)
class Moments:
    """Moments of the pooled x of k genomes, per bar; NaN stands for undefined.

    Args:
        n: bars of the window.
        mean, var, skew, kurt: mean, variance (ddof 1), skewness, kurtosis (a normal has 3), [k].
    """

    n: int
    mean: Float
    var: Float
    skew: Float
    kurt: Float


class Results:
    """The arrays that kernels write into, one row per genome.

    Args:
        size: genomes. blocks: CSCV blocks.
    """

    def __init__(self, size: int, blocks: int) -> None:
        self.counts = np.zeros(size, dtype=np.int64)
        self.sums = np.zeros((size, 3))
        self.hashes = np.zeros((size, 2), dtype=np.uint64)
        self.block_sum, self.block_sum_sq = np.zeros((size, blocks)), np.zeros((size, blocks))
        self.measures = np.zeros((size, 6))
        self.general = np.zeros(size, dtype=np.bool_)
        self.moments = np.zeros((size, 4))

    def clear(self, rows: Int) -> None:
        """Set some rows back, so that they can be made anew."""
        for array in (self.counts, self.sums, self.hashes):
            array[rows] = 0

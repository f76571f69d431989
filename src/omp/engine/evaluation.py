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
        turnover: value traded (both sides) over account value, per year, [G].
        sharpe: of R - p * cash, the return over cash, [G].
        sharpe_x: of x, the excess return, [G].
        max_drawdown: of the pooled account, positive fraction, [G].
        profit_factor: gains over losses of the trades; NaN without a loss, [G].
        mean_x, var_x, skew_x, kurt_x: moments of x (variance ddof 1, kurtosis of a normal 3), [G].
        block_sum, block_sum_sq: sums of x and of its square in each CSCV block, [G, S].
        block_lengths: bars of each block; the oldest T mod S bars lie in none, [S].
        behaviour: 128-bit hash of entry and exit bars, exit reason and level, direction and
            symbol of every trade, uint64[G, 2].
        sketch: x folded onto K signed sums; the correlation of two sketches estimates that of
            two x series, [G, K].
    """

    n_bars: int
    n_trades: Int
    exposure: Float
    turnover: Float
    sharpe: Float
    sharpe_x: Float
    max_drawdown: Float
    profit_factor: Float
    mean_x: Float
    var_x: Float
    skew_x: Float
    kurt_x: Float
    block_sum: Float
    block_sum_sq: Float
    block_lengths: Int
    behaviour: NDArray[np.uint64]
    sketch: Float

    def __len__(self) -> int:
        return int(self.n_trades.size)

    @cached_property
    def behaviour_hash(self) -> tuple[str, ...]:
        """The behaviour of each genome as 32 hex digits."""
        return tuple(f"{high:016x}{low:016x}" for high, low in self.behaviour.tolist())

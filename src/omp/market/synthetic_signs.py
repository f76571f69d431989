"""Sign-randomised data: real magnitudes whose direction is drawn anew."""

import numpy as np
from numpy.typing import NDArray

from omp.market.bars import Bars, Panel
from omp.market.synthetic_edges import PERIODS_PER_YEAR

Float = NDArray[np.float64]


def turned_bars(
    real: Panel,
    symbols: tuple[str, ...],
    calendar: NDArray[np.int64],
    drift_sharpe: float | Float,
    rng: np.random.Generator,
) -> tuple[tuple[Bars, ...], Float]:
    """Real bars, each left as it is or turned round, by one coin for all symbols of a bar.

    The coin leaves a bar as it is with probability (1 + k R) / 2, R the real move of the pool; so
    the drift of a bar is k R^2, in proportion to its variance, and, as in `fair_drift`, no timing
    rule has alpha.

    Args:
        real: the data whose magnitudes are kept.
        symbols: new names, in the order of the panel.
        calendar: new times of the union calendar, [T].
        drift_sharpe: annual Sharpe of holding the pool; one number, or one a bar, [T].
        rng: where the coin comes from.

    Returns:
        the bars, and their true drift [S, T].
    """
    moved = np.zeros((len(real.bars), len(real)))
    there = np.zeros((len(real.bars), len(real)))
    for k, (one, row) in enumerate(zip(real.bars, real.row, strict=True)):
        moved[k, row] = np.diff(np.log(one.close), prepend=np.log(one.open[0]))
        there[k, row] = 1.0
    pool = moved.sum(axis=0) / there.sum(axis=0)
    size = float(np.sqrt((pool**2).mean()))
    tilt = drift_sharpe / float(np.sqrt(PERIODS_PER_YEAR)) / size
    keep = rng.random(len(real)) < np.clip(0.5 * (1.0 + tilt * pool), 0.0, 1.0)
    sign = np.where(keep, 1.0, -1.0)
    bars = tuple(
        turned(symbol, one, calendar[row], sign[row])
        for symbol, one, row in zip(symbols, real.bars, real.row, strict=True)
    )
    return bars, np.asarray(tilt * pool * moved)


def turned(symbol: str, real: Bars, timestamp: NDArray[np.int64], sign: Float) -> Bars:
    """The bars with the moves of each bar multiplied by its sign; a turned high becomes a low."""
    opened, close = np.log(real.open), np.log(real.close)
    night = np.concatenate([[0.0], opened[1:] - close[:-1]]) * sign
    body = (close - opened) * sign
    up, down = np.log(real.high) - opened, np.log(real.low) - opened
    top, bottom = np.where(sign > 0, up, -down), np.where(sign > 0, down, -up)
    new_close = opened[0] + np.cumsum(night + body)
    new_open = new_close - body
    o, c = np.exp(new_open), np.exp(new_close)
    high = np.maximum(np.exp(new_open + top), np.maximum(o, c))
    low = np.minimum(np.exp(new_open + bottom), np.minimum(o, c))
    return Bars(symbol, timestamp, o, high, low, c, real.volume, real.features)

"""Noise, and bars around it: ranges and volumes that obey the logic of open, high, low, close."""

import numpy as np
from numpy.typing import NDArray

from omp.market.bars import Bars
from omp.market.synthetic_edges import NIGHT_SHARE, SIGMA, bar_drift
from omp.market.synthetic_rhythm import EVERY_DAY, Rhythm

Float = NDArray[np.float64]

START_PRICE = 100.0
DEGREES_OF_FREEDOM = 5.0
GARCH_ALPHA, GARCH_BETA = 0.08, 0.90
CALM, WILD = 0.7, 1.9  # volatility of the two regimes, relative
STAY_CALM, STAY_WILD = 0.99, 0.97


def common_noise(rng: np.random.Generator, shape: tuple[int, int], correlation: float) -> Float:
    """Standard normal noise [S, T] with one correlation between every two series."""
    own = rng.standard_normal(shape)
    shared = rng.standard_normal((1, shape[1]))
    return np.asarray(np.sqrt(correlation) * shared + np.sqrt(1.0 - correlation) * own)


def moves(
    night: Float,
    day: Float,
    scale: Float,
    drift: Float,
    rhythm: Rhythm = EVERY_DAY,
    night_drift: Float | None = None,
) -> tuple[Float, Float]:
    """Log moves over night and over the day, whose expected return is the drift.

    Args:
        night, day: standard noise, [S, T].
        scale: volatility of each bar relative to its rhythm, [S, T].
        drift: expected return of each bar over the day, [S, T].
        rhythm: how variance is spread over the bars.
        night_drift: expected return over the night before each bar, [S, T]; none by default.
    """
    night_var = NIGHT_SHARE * SIGMA**2 * rhythm.night
    day_var = (1.0 - NIGHT_SHARE) * SIGMA**2 * rhythm.day
    gained = 0.0 if night_drift is None else np.log1p(night_drift)
    return (
        np.sqrt(night_var) * scale * night - night_var * scale**2 / 2.0 + gained,
        np.sqrt(day_var) * scale * day - day_var * scale**2 / 2.0 + np.log1p(drift),
    )


def fair_drift(scale: Float, drift_sharpe: float | Float) -> Float:
    """A session's drift in proportion to the variance of each bar.

    With it the regression of any timing rule on the market has no alpha (a constant drift would
    pay whoever is long in calm weather): the market has drift and no edge (Merton 1980).
    """
    return np.asarray(bar_drift(drift_sharpe) * scale**2)


def garch(
    night: Float, day: Float, rng: np.random.Generator, rhythm: Rhythm = EVERY_DAY
) -> tuple[Float, Float, Float]:
    """Noise with Student tails, and the volatility it drives: GARCH(1,1), unit mean variance.

    Bollerslev (1987): h[t+1] = (1 - a - b) + a e[t]^2 + b h[t], innovations t with 5 degrees.
    """
    n_series, n_bars = night.shape
    tails = np.sqrt((DEGREES_OF_FREEDOM - 2.0) / rng.chisquare(DEGREES_OF_FREEDOM, (1, n_bars)))
    night, day = night * tails, day * tails
    gap, body = NIGHT_SHARE * rhythm.night, (1.0 - NIGHT_SHARE) * rhythm.day
    total = np.sqrt(gap / (gap + body)) * night + np.sqrt(body / (gap + body)) * day
    variance = np.ones((n_series, n_bars))
    for t in range(1, n_bars):
        before = variance[:, t - 1]
        shock = np.minimum(before * total[:, t - 1] ** 2, 100.0)
        variance[:, t] = (
            (1.0 - GARCH_ALPHA - GARCH_BETA) + GARCH_ALPHA * shock + GARCH_BETA * before
        )
    return night, day, np.sqrt(variance)


def regimes(shape: tuple[int, int], rng: np.random.Generator) -> Float:
    """Volatility of a market that is calm or wild, one hidden Markov chain for all symbols."""
    draws = rng.random(shape[1])
    wild = np.zeros(shape[1], dtype=np.bool_)
    for t in range(1, shape[1]):
        stay = STAY_WILD if wild[t - 1] else STAY_CALM
        wild[t] = wild[t - 1] if draws[t] < stay else not wild[t - 1]
    share = (1.0 - STAY_CALM) / (2.0 - STAY_CALM - STAY_WILD)
    level = np.where(wild, WILD, CALM) / np.sqrt(share * WILD**2 + (1.0 - share) * CALM**2)
    return np.broadcast_to(level, shape).copy()


def bars_around(
    symbols: tuple[str, ...],
    timestamp: NDArray[np.int64],
    night: Float,
    day: Float,
    scale: Float,
    rng: np.random.Generator,
    rhythm: Rhythm = EVERY_DAY,
) -> tuple[Bars, ...]:
    """Bars from log moves: extremes of a Brownian bridge, volumes that rise with the range.

    The largest value of a Brownian bridge from 0 to b with variance v is
    (b + sqrt(b^2 - 2 v ln U)) / 2, U uniform; the smallest likewise (Karatzas & Shreve, 4.3.40).
    """
    close_log = np.cumsum(night + day, axis=1)
    open_log = close_log - day
    variance = (1.0 - NIGHT_SHARE) * SIGMA**2 * scale**2 * rhythm.day
    reach = np.sqrt(day**2 - 2.0 * variance * np.log(1.0 - rng.random((2, *day.shape))))
    opened, close = START_PRICE * np.exp(open_log), START_PRICE * np.exp(close_log)
    high = np.maximum(
        START_PRICE * np.exp(open_log + (day + reach[0]) / 2.0), np.maximum(opened, close)
    )
    low = np.minimum(
        START_PRICE * np.exp(open_log + (day - reach[1]) / 2.0), np.minimum(opened, close)
    )
    busy = 0.6 * np.log(np.maximum(np.log(high / low), 1e-6) / SIGMA)
    slow = _slow_noise(rng.standard_normal(day.shape))
    volume = np.rint(1e6 * np.exp(busy + 0.25 * slow)).clip(1.0)
    return tuple(
        Bars(symbol, timestamp, opened[k], high[k], low[k], close[k], volume[k])
        for k, symbol in enumerate(symbols)
    )


def _slow_noise(noise: Float, memory: float = 0.8) -> Float:
    """Standard noise with a memory of one bar."""
    slow = noise.copy()
    for t in range(1, noise.shape[1]):
        slow[:, t] = memory * slow[:, t - 1] + np.sqrt(1.0 - memory**2) * noise[:, t]
    return slow

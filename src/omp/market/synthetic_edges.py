"""Planted edges: a market whose drift follows a condition of the grammar, and its true Sharpe.

The dial is the true annual Sharpe of the planted rule's excess return x (evidence procedure,
step 2), before costs. The rule buys at the open after a close on which its condition holds and
sells at the open after a close on which it does not, exactly as the execution model fills it; so
the edge lies between open and close, and the move over night carries none.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from omp.market import synthetic_rhythm
from omp.market.synthetic_rhythm import EVERY_DAY, Rhythm

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

SIGMA = synthetic_rhythm.SIGMA
NIGHT_SHARE = synthetic_rhythm.NIGHT_SHARE
PERIODS_PER_YEAR = synthetic_rhythm.PERIODS_PER_YEAR
CALIBRATION_PATHS = 96
CALIBRATION_ROUNDS = 5
CALIBRATION_SEED = 20_240_101


@dataclass(frozen=True)
class Edge:
    """A condition of the grammar that a drift can follow.

    Args:
        name: short name, unique.
        indicator: name of the grammar's indicator.
        length: its look-back in bars.
        op: `>` (the market runs on) or `<` (it turns back).
        level: the number it is compared with.
    """

    name: str
    indicator: str
    length: int
    op: str
    level: float

    @property
    def strategy(self) -> dict[str, Any]:
        """The true rule in the shape of strategy.toml (entry, exit)."""
        left = {"indicator": self.indicator, "length": self.length}
        away = "<" if self.op == ">" else ">"
        return {
            "entry": _rule({"left": left, "op": self.op, "right": self.level}),
            "exit": _rule({"left": left, "op": away, "right": self.level}),
        }


def _rule(condition: dict[str, Any]) -> dict[str, Any]:
    return {"combine": "all", "conditions": [condition]}


def _table() -> dict[str, Edge]:
    listed = []
    for op, word in ((">", "trend"), ("<", "turn")):
        listed += [Edge(f"{word}-roc-{n}", "roc", n, op, 0.0) for n in (10, 20)]
        listed += [Edge(f"{word}-distance-{n}", "distance", n, op, 0.0) for n in (20, 50)]
        listed += [Edge(f"{word}-rsi-{n}", "rsi", n, op, 50.0) for n in (14, 21)]
    return {edge.name: edge for edge in listed}


EDGES: dict[str, Edge] = _table()
"""Conditions on the level of roc, rsi and distance (close above its average), all on the grids
that a search draws from; every campaign with momentum or price indicators can express or come
near them."""


class RateOfChange:
    """Whether close / close[n] - 1 is above zero, in step with TA-Lib's ROC."""

    def __init__(self, n: int, width: int) -> None:
        self.n, self.seen = n, 0
        self.ring = np.zeros((n, width))

    def push(self, close: Float) -> Float | None:
        """ROC of the newest close, None while it is not defined."""
        slot = self.seen % self.n
        value = None if self.seen < self.n else (close / self.ring[slot] - 1.0) * 100.0
        self.ring[slot] = close
        self.seen += 1
        return value


class Distance:
    """Distance of the close from its simple average in per cent (TA-Lib's SMA)."""

    def __init__(self, n: int, width: int) -> None:
        self.n, self.seen = n, 0
        self.ring = np.zeros((n, width))

    def push(self, close: Float) -> Float | None:
        """Distance of the newest close, None while it is not defined."""
        self.ring[self.seen % self.n] = close
        self.seen += 1
        return None if self.seen < self.n else (close / self.ring.mean(axis=0) - 1.0) * 100.0


class RelativeStrength:
    """Wilder's RSI as TA-Lib has it: a plain mean of the first n changes, then his smoothing."""

    def __init__(self, n: int, width: int) -> None:
        self.n, self.seen = n, 0
        self.last = np.zeros(width)
        self.gain, self.loss = np.zeros(width), np.zeros(width)

    def push(self, close: Float) -> Float | None:
        """RSI of the newest close, None while it is not defined."""
        change = close - self.last if self.seen else np.zeros_like(close)
        self.last = close
        up, down = np.maximum(change, 0.0), np.maximum(-change, 0.0)
        if self.seen <= self.n:
            self.gain, self.loss = self.gain + up / self.n, self.loss + down / self.n
        else:
            self.gain += (up - self.gain) / self.n
            self.loss += (down - self.loss) / self.n
        self.seen += 1
        if self.seen <= self.n:
            return None
        total = self.gain + self.loss
        return 100.0 * np.divide(self.gain, total, out=np.zeros_like(total), where=total > 0)


INDICATORS: dict[str, Callable[[int, int], Any]] = {
    "roc": RateOfChange,
    "distance": Distance,
    "rsi": RelativeStrength,
}


def follow(
    edge: Edge,
    night: Float,
    day: Float,
    base: float | Float,
    gap: Float,
    last_bar: int,
    rhythm: Rhythm = EVERY_DAY,
) -> tuple[Float, Bool]:
    """Let the drift of each bar follow the state of the condition at the close before it.

    Args:
        edge: the condition.
        night, day: log moves close to open and open to close, without drift over the day, [S, T].
        base: drift of a bar while the state is not yet defined or the edge is dead; one number,
            or one a bar, [T].
        gap: by how much the drift of a session in state exceeds that out of state, [S]; a bar has
            as much of it as of the day's variance, and the mean stays base when half of the bars
            are in state.
        last_bar: the edge is alive before this bar and dead from it on.
        rhythm: how variance is spread over the bars.

    Returns:
        drift of each bar as a fraction [S, T], and whether the rule is long during it [S, T].
    """
    n_series, n_bars = day.shape
    indicator = INDICATORS[edge.indicator](edge.length, n_series)
    drift = np.full((n_series, n_bars), base)
    state = np.zeros((n_series, n_bars), dtype=np.bool_)
    close = np.ones(n_series)
    above = edge.op == ">"
    share = np.full(n_series, 0.5)
    pull = np.broadcast_to(rhythm.day, n_bars)
    for t in range(n_bars):
        if t:
            value = indicator.push(close)
            if value is not None:
                state[:, t] = (value > edge.level) if above else (value < edge.level)
                if t < last_bar:
                    drift[:, t] += gap * pull[t] * (state[:, t] - share)
        close = close * np.exp(night[:, t] + day[:, t] + np.log1p(drift[:, t]))
    return drift, state


def positions(state: Bool) -> tuple[Bool, Bool, Bool]:
    """Where the rule holds over night, over the day, and during a bar by the execution model.

    A bar in state is held over its day; the bar after the last one in state is left at its open,
    and its move over night is still held.
    """
    before = np.zeros_like(state)
    before[..., 1:] = state[..., :-1]
    return before, state, state | before


def true_sharpe(
    over_night: Bool | Float,
    over_day: Bool | Float,
    held: Bool | Float,
    drift: Float,
    correlation: float = 0.0,
    *,
    rhythm: Rhythm = EVERY_DAY,
    night_drift: Float | None = None,
) -> float:
    """Annual Sharpe of x that positions are due by the market's known law, noise averaged out.

    Args:
        over_night, over_day: whether the move over night and over the day is held, [S, T]; a
            share between 0 and 1 for an ensemble.
        held: the position in the sense of the execution model during each bar, likewise, [S, T].
        drift: true drift of each bar, earned over the day, [S, T].
        correlation: of the noise between any two symbols.
        rhythm: how variance is spread over the bars.
        night_drift: true drift over the night before each bar, [S, T]; none by default.

    Returns:
        The annual Sharpe of the mean of x over the symbols; 0 where no position is ever held.
    """
    n_series = len(held)
    exposure = held.mean(axis=1, keepdims=True)
    mean = float((over_day * drift - exposure * drift.mean(axis=1, keepdims=True)).mean())
    if night_drift is not None:
        asset = night_drift.mean(axis=1, keepdims=True)
        mean += float((over_night * night_drift - exposure * asset).mean())
    variance = 0.0
    parts = (
        (NIGHT_SHARE, rhythm.night, over_night),
        (1.0 - NIGHT_SHARE, rhythm.day, over_day),
    )
    for share, spread, flags in parts:
        weight = flags - exposure
        common = weight.sum(axis=0) ** 2
        own = (weight**2).sum(axis=0)
        mixed = (1.0 - correlation) * own + correlation * common
        variance += share * SIGMA**2 * float((spread * mixed).mean()) / n_series**2
    year = math.sqrt(rhythm.periods_per_year)
    return mean / math.sqrt(variance) * year if variance > 0.0 else 0.0


@cache
def calibrated_gap(
    name: str, dial: float, drift_sharpe: float, n_bars: int, timeframe: str = "1d"
) -> float:
    """The gap between the two drifts that makes the rule's true Sharpe equal the dial.

    Found by fixed-point iteration on many paths of a fixed seed, since the drift itself changes
    how often the condition holds.
    """
    if dial == 0.0:
        return 0.0
    rng = np.random.default_rng(CALIBRATION_SEED)
    shape = (CALIBRATION_PATHS, n_bars)
    spread = synthetic_rhythm.rhythm(timeframe, n_bars)
    over_night = bar_drift(drift_sharpe) * spread.night_drift
    night = normal_moves(rng.standard_normal(shape), NIGHT_SHARE * spread.night)
    night += np.log1p(over_night)
    day = normal_moves(rng.standard_normal(shape), (1.0 - NIGHT_SHARE) * spread.day)
    base = bar_drift(drift_sharpe) * spread.day_drift
    gap = 2.0 * bar_drift(dial)
    for _ in range(CALIBRATION_ROUNDS):
        gaps = np.full(CALIBRATION_PATHS, gap)
        drift, state = follow(EDGES[name], night, day, base, gaps, n_bars, spread)
        flags = positions(state)
        reached = _mean_sharpe(flags, drift, spread, over_night)
        # what drift alone would give
        plain = _mean_sharpe(flags, np.full_like(drift, base), spread, over_night)
        gap *= (dial - plain) / (reached - plain)
    return gap


def _mean_sharpe(
    flags: tuple[Bool, Bool, Bool], drift: Float, rhythm: Rhythm, night_drift: Float
) -> float:
    """The mean over single-symbol paths of the Sharpe that positions are due."""
    night, day, held = flags
    rows = [slice(k, k + 1) for k in range(len(drift))]
    gap = np.broadcast_to(night_drift, drift[:1].shape) if night_drift.any() else None
    found = [
        true_sharpe(night[k], day[k], held[k], drift[k], rhythm=rhythm, night_drift=gap)
        for k in rows
    ]
    return float(np.mean(found))


@overload
def bar_drift(annual_sharpe: float) -> float: ...
@overload
def bar_drift(annual_sharpe: float | Float) -> float | Float: ...
def bar_drift(annual_sharpe: float | Float) -> float | Float:
    """The drift of a session (a daily bar) that gives a buy-and-hold Sharpe, a year."""
    return annual_sharpe * SIGMA / float(np.sqrt(PERIODS_PER_YEAR))


def normal_moves(noise: Float, variance_share: float | Float) -> Float:
    """Log moves of zero expected return from standard noise; the share one number, or one a bar."""
    variance = variance_share * SIGMA**2
    return np.asarray(np.sqrt(variance) * noise - variance / 2.0)

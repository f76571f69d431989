"""`simulate`: the execution model for one instrument and two columns of signals."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from omp.domain.errors import InvalidInput
from omp.engine.conditions import pack
from omp.engine.fills import (
    REASONS,
    SIDES,
    Bool,
    Costs,
    Fills,
    Float,
    Order,
    Trade,
    check_prices,
    check_signal,
)
from omp.engine.genome import DIRECTIONS, Stops
from omp.engine.liquidity import VolumeSlippage
from omp.engine.oracle import oracle

Engine = Literal["kernel", "oracle"]
_NONE = np.empty(0, dtype=np.bool_)
NO_IMPACT: Float = np.empty(0)


@dataclass(frozen=True, eq=False)
class Simulation:
    """What a rule earned in one window.

    Args:
        returns: net return of each bar, float64[T]; the first is 0.
        equity: account value after each bar, starting from 1, float64[T].
        position: position held during each bar (-1, 0, 1), float64[T].
        trades: in the order of their entries.
    """

    returns: Float
    equity: Float
    position: Float
    trades: tuple[Trade, ...]

    def sharpe(self, periods_per_year: float = 1.0) -> float:
        """Mean over standard deviation (ddof 1) of all bars, times the root of bars per year.

        NaN where it is undefined: fewer than two bars, or returns that never vary.
        """
        return sharpe(self.returns) * math.sqrt(periods_per_year)

    @property
    def max_drawdown(self) -> float:
        """The deepest fall from a peak as a positive fraction; the start counts as a peak."""
        return max_drawdown(self.returns)


def sharpe(returns: Float) -> float:
    """Sharpe ratio per bar (ddof 1), NaN where undefined."""
    deviation = float(np.std(returns, ddof=1)) if returns.size > 1 else 0.0
    return float(np.mean(returns)) / deviation if deviation > 0.0 else math.nan


def compounded(returns: Float) -> Float:
    """Account value after each bar, starting from 1."""
    return np.cumprod(np.add(1.0, returns), dtype=np.float64)


def max_drawdown(returns: Float) -> float:
    """Deepest fall of the compounded account from its peak, which starts at 1."""
    if returns.size == 0:
        return 0.0
    equity = compounded(returns)
    peak = np.maximum(np.maximum.accumulate(equity), 1.0)
    return float(np.max((peak - equity) / peak))


def simulate(
    open: ArrayLike,
    high: ArrayLike,
    low: ArrayLike,
    close: ArrayLike,
    entry: ArrayLike,
    exit: ArrayLike,
    *,
    direction: str = "long",
    commission_bps: float = 0.0,
    slippage_bps: float = 0.0,
    stop_loss: float | None = None,
    take_profit: float | None = None,
    trailing: float | None = None,
    max_bars: int | None = None,
    session_end: ArrayLike | None = None,
    volume: ArrayLike | None = None,
    volume_slippage: VolumeSlippage | None = None,
    engine: Engine = "kernel",
) -> Simulation:
    """What a rule would have earned, by docs/reference/execution-model.md.

    Args:
        open, high, low, close: prices of each bar, [T].
        entry, exit: signals at the close of each bar, booleans [T]; they act at the next open.
        direction: long, short or long_short.
        commission_bps, slippage_bps: costs per side in basis points.
        stop_loss, take_profit, trailing: distances as fractions; None for none.
        max_bars: bars after which a position is closed at the next open; None for none.
        session_end: True on bars after whose close no position may be held, [T].
        volume: units traded during each bar, [T]; for `volume_slippage`.
        volume_slippage: slippage that grows with the share of the volume taken.
        engine: the compiled `kernel`, or the plain `oracle` that judges it.

    Raises:
        InvalidInput: when a price is NaN, infinite, zero or negative, a column has another
            length, or a setting lies outside its range.
    """
    prices = (_column(open), _column(high), _column(low), _column(close))
    check_prices(*prices)
    n_bars = prices[0].size
    impact, refused = None, None
    if volume_slippage is not None:
        traded = _column(volume if volume is not None else np.empty(0))
        impact, refused = volume_slippage.of(prices[0], traded)
    order = Order(
        direction,
        Costs(commission_bps, slippage_bps),
        Stops(stop_loss, take_profit, trailing, max_bars),
        None
        if session_end is None
        else check_signal("session_end", np.asarray(session_end), n_bars),
        impact=impact,
        refused=refused,
    )
    enter = check_signal("entry", np.asarray(entry), n_bars)
    leave = check_signal("exit", np.asarray(exit), n_bars)
    fills = run(prices, enter, leave, order, engine)
    return Simulation(fills.returns, compounded(fills.returns), fills.position, fills.trades)


def _column(values: ArrayLike) -> Float:
    given = np.asarray(values)
    if given.size and given.dtype.kind not in "fiu":
        raise InvalidInput(
            f"a column of type {given.dtype}",
            allowed="real numbers",
            remedy="convert the column to numbers first",
        )
    return np.ascontiguousarray(given, dtype=np.float64)


def run(
    prices: tuple[Float, Float, Float, Float], entry: Bool, exit: Bool, order: Order, engine: Engine
) -> Fills:
    """One symbol in one window by either engine; prices and signals are already checked."""
    if engine == "oracle":
        return oracle(prices, entry, exit, order)
    if engine == "kernel":
        return _kernel(prices, entry, exit, order)
    raise InvalidInput(f"engine = {engine!r}", allowed="kernel or oracle", remedy="use one of them")


def bar_table(prices: tuple[Float, Float, Float, Float]) -> Float:
    """Open, high, low, close and close-to-close return (0 in the first bar), [5, T]."""
    close = prices[3]
    change = np.zeros(close.size)
    change[1:] = close[1:] / close[:-1] - 1.0
    return np.stack([*prices, change])


def stop_row(stops: Stops) -> Float:
    """Stops as the kernel reads them: 0 where not used, [4]."""
    held = (stops.stop_loss, stops.take_profit, stops.trailing, stops.max_bars)
    return np.array([0.0 if one is None else float(one) for one in held])


def _kernel(
    prices: tuple[Float, Float, Float, Float], entry: Bool, exit: Bool, order: Order
) -> Fills:
    from omp.engine import kernels

    n = prices[0].size
    opens, closes = pack(entry), pack(exit)
    direction = DIRECTIONS.index(order.direction)
    kernels.signals(direction, opens, closes)
    returns, held = np.zeros(n), np.zeros(n)
    marks, values = np.empty((n, 5), dtype=np.int64), np.empty((n, 2))
    slip = order.costs.slippage_bps / 1e4
    count = kernels.walk(
        bar_table(prices),
        opens,
        closes,
        -1 if direction == 1 else 1,
        direction == 2,
        order.costs.commission_bps / 1e4,
        slip,
        stop_row(order.stops),
        _NONE if order.session_end is None else order.session_end,
        _NONE if order.missed is None else order.missed,
        NO_IMPACT if order.impact is None else order.impact,
        _NONE if order.refused is None else order.refused,
        returns,
        held,
        marks,
        values,
    )
    paid = np.full(n, slip) if order.impact is None else slip + order.impact
    trades = (_trade(prices[0], marks[k], values[k], paid) for k in range(count))
    return Fills(returns, held, tuple(trades))


def _trade(open_: Float, mark: NDArray[np.int64], value: Float, slip: Float) -> Trade:
    entry_bar, exit_bar, side, reason, at_open = (int(one) for one in mark)
    level, net = float(value[0]), float(value[1])
    bought, sold = side * float(slip[entry_bar]), side * float(slip[exit_bar])
    return Trade(
        entry_bar,
        exit_bar,
        SIDES[side],
        float(open_[entry_bar]) * (1 + bought),
        level * (1 - sold),
        net,
        REASONS[reason],
        level,
        bool(at_open),
    )

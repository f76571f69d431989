"""The judge: one bar after the other, one rule after the other.

It says docs/reference/execution-model.md in code, slow and plain on purpose. Every
compiled kernel must agree with it.
"""

import numpy as np

from omp.engine.fills import (
    END,
    REASONS,
    RUIN,
    SIDES,
    SIGNAL,
    STOP,
    TARGET,
    TIME,
    TRAIL,
    Bool,
    Fills,
    Float,
    Order,
    Trade,
)


class _Position:
    """One open position: what it was bought for and what it did so far."""

    def __init__(self, side: int, bar: int, open_price: float, missed: bool) -> None:
        self.side = side
        self.bar = bar
        self.open = open_price
        self.best = open_price
        self.growth = 1.0
        self.missed = missed


class _Account:
    """Books the legs of one symbol's bars and its trades."""

    def __init__(
        self, prices: tuple[Float, Float, Float, Float], order: Order, returns: Float, held: Float
    ) -> None:
        self.open, self.high, self.low, self.close = prices
        self.order = order
        self.commission = order.costs.commission_bps / 1e4
        self.returns = returns
        self.held = held
        self.position: _Position | None = None
        self.trades: list[Trade] = []
        self.ruined = False

    def slippage(self, t: int) -> float:
        """Slippage of a fill in bar t, a fraction."""
        extra = 0.0 if self.order.impact is None else float(self.order.impact[t])
        return self.order.costs.slippage_bps / 1e4 + extra

    def enter(self, t: int, side: int) -> None:
        if self.order.refused is not None and self.order.refused[t]:
            return
        missed = self.order.missed is not None and bool(self.order.missed[t])
        self.position = _Position(side, t, float(self.open[t]), missed)

    def hold(self, p: _Position, t: int) -> None:
        """Mark the position at the close of bar t."""
        price = float(self.close[t])
        c, s = self.commission, self.slippage(t)
        if p.side > 0:
            bought = p.open * (1 + s) * (1 + c) if t == p.bar else float(self.close[t - 1])
            self._book(p, t, price / bought - 1, price, False)
        elif t == p.bar:
            self._book(p, t, -(price / (p.open * (1 - s)) - 1) - c, price, False)
        else:
            self._book(p, t, -(price / float(self.close[t - 1]) - 1), price, False)

    def leave(self, p: _Position, t: int, price: float, reason: int, *, at_open: bool) -> None:
        """Close the position in bar t at a price (before slippage)."""
        c, s = self.commission, self.slippage(t)
        if p.side > 0:
            bought = p.open * (1 + s) * (1 + c) if t == p.bar else float(self.close[t - 1])
            leg = price * (1 - s) * (1 - c) / bought - 1
        elif t == p.bar:
            leg = -(price * (1 + s) / (p.open * (1 - s)) - 1) - 2 * c
        else:
            leg = -(price * (1 + s) / float(self.close[t - 1]) - 1) - c
        if self._book(p, t, leg, price, at_open):
            self._record(p, t, price, reason, at_open)

    def _book(self, p: _Position, t: int, leg: float, price: float, at_open: bool) -> bool:
        """Add a leg to bar t; False when it ruined the account."""
        if p.missed:
            return True
        ruin = leg <= -1.0
        if ruin:
            leg = -1.0
        before = float(self.returns[t])
        self.returns[t] = leg if before == 0.0 else (1 + before) * (1 + leg) - 1
        self.held[t] = p.side
        p.growth *= 1 + leg
        if ruin:
            self._record(p, t, price, RUIN, at_open)
            self.ruined = True
        return not ruin

    def _record(self, p: _Position, t: int, price: float, reason: int, at_open: bool) -> None:
        self.position = None
        if p.missed:
            return
        self.trades.append(
            Trade(
                entry_bar=p.bar,
                exit_bar=t,
                side=SIDES[p.side],
                entry_price=p.open * (1 + p.side * self.slippage(p.bar)),
                exit_price=price * (1 - p.side * self.slippage(t)),
                net_return=p.growth - 1,
                reason=REASONS[reason],
                level=price,
                at_open=at_open,
            )
        )


def oracle(
    prices: tuple[Float, Float, Float, Float], entry: Bool, exit: Bool, order: Order
) -> Fills:
    """Simulate one symbol in one window, bar by bar.

    Args:
        prices: open, high, low, close of the window's bars, each [T], checked by `check_prices`.
        entry, exit: signals at the close of each bar, [T].
        order: direction, costs, stops.
    """
    n = int(prices[0].size)
    returns, held = np.zeros(n), np.zeros(n)
    account = _Account(prices, order, returns, held)
    for t in range(1, n):
        _at_the_open(account, t, bool(entry[t - 1]), bool(exit[t - 1]))
        if account.position is not None and not account.ruined:
            _within_the_bar(account, account.position, t, last=t == n - 1)
        if account.ruined:
            break
    return Fills(returns, held, tuple(account.trades))


def _at_the_open(account: _Account, t: int, entry: bool, exit: bool) -> None:
    """Act at the open of bar t on the signals of the close before."""
    order = account.order
    opens, closes = entry and not exit, exit
    wanted = 1 if order.direction in ("long", "long_short") else -1
    price = float(account.open[t])
    p = account.position
    if p is None:
        if opens:
            account.enter(t, wanted)
        elif order.direction == "long_short" and exit and not entry:
            account.enter(t, -1)
        return
    if order.direction == "long_short":
        turn = (exit and not entry) if p.side > 0 else opens
        if turn:
            account.leave(p, t, price, SIGNAL, at_open=True)
            if not account.ruined:
                account.enter(t, -p.side)
            return
    elif closes:
        account.leave(p, t, price, SIGNAL, at_open=True)
        return
    if order.stops.max_bars is not None and t - p.bar >= order.stops.max_bars:
        account.leave(p, t, price, TIME, at_open=True)


def _within_the_bar(account: _Account, p: _Position, t: int, *, last: bool) -> None:
    """Gap, stop, target, end of session, end of window, in this order; else hold to the close."""
    side, stops = p.side, account.order.stops
    open_, high, low = (float(one[t]) for one in (account.open, account.high, account.low))
    worst, best = (low, high) if side > 0 else (high, low)

    stop, reason = None, STOP
    if stops.stop_loss is not None:
        stop = p.open * (1 - side * stops.stop_loss)
    if stops.trailing is not None:
        trail = p.best * (1 - side * stops.trailing)
        if stop is None or side * trail > side * stop:
            stop, reason = trail, TRAIL
    target = None if stops.take_profit is None else p.open * (1 + side * stops.take_profit)

    if t > p.bar and stop is not None and side * open_ <= side * stop:
        account.leave(p, t, open_, reason, at_open=True)
    elif t > p.bar and target is not None and side * open_ >= side * target:
        account.leave(p, t, open_, TARGET, at_open=True)
    elif stop is not None and side * worst <= side * stop:
        account.leave(p, t, stop, reason, at_open=False)
    elif target is not None and side * best >= side * target:
        account.leave(p, t, target, TARGET, at_open=False)
    elif account.order.session_end is not None and account.order.session_end[t]:
        account.leave(p, t, float(account.close[t]), TIME, at_open=False)
    elif last:
        account.leave(p, t, float(account.close[t]), END, at_open=False)
    else:
        account.hold(p, t)
        p.best = max(p.best, high) if side > 0 else min(p.best, low)

"""Parity with engines that were not written here, on random signals with costs and stops.

What coincides is asserted to the last trade and 1e-9 of the account; each known difference is shown
by an example of its own and listed in docs/reference/parity.md.
"""

import os
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

os.environ.setdefault("RAPTORBT_NO_VERSION_CHECK", "1")
os.environ.setdefault("TQDM_DISABLE", "1")

from omp.engine import Simulation, simulate

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
SEEDS = range(12)
CLEAN = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12)
"""Without a bar that a signal leaves at its open and that touches a stop later."""
CASH = 1e15  # backtesting.py deals in whole units


@dataclass(frozen=True, eq=False)
class Case:
    open: Float
    high: Float
    low: Float
    close: Float
    entry: Bool
    exit: Bool

    def ours(self, **words: object) -> Simulation:
        return simulate(self.open, self.high, self.low, self.close, self.entry, self.exit, **words)  # type: ignore[arg-type]


def case(seed: int, n_bars: int = 400, *, calm: bool = False) -> Case:
    """Random bars and signals; in calm ones moves happen over night, not within the bar."""
    rng = np.random.default_rng(seed)
    night, day, reach = (0.02, 0.001, 0.0005) if calm else (0.006, 0.012, 0.006)
    body = rng.normal(0.0, day, n_bars)
    close = 100.0 * np.exp(np.cumsum(body + rng.normal(0.0, night, n_bars)))
    open_ = close * np.exp(-body)
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, reach, n_bars)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, reach, n_bars)))
    entry = rng.random(n_bars) < 0.15
    leave = rng.random(n_bars) < 0.08
    return Case(open_, high, low, close, entry & ~leave, leave)


def shifted(signal: Bool) -> Bool:
    moved = np.zeros_like(signal)
    moved[1:] = signal[:-1]
    return moved


def equity_without_the_last_closing(done: Simulation, *costs_bps: float) -> Float:
    """Our account, a position that is open at the end marked and not closed, as others do."""
    equity = done.equity.copy()
    if done.trades and done.trades[-1].reason == "end":
        for one in costs_bps:
            equity[-1] /= 1.0 - one / 1e4
    return equity


def bars(done: Simulation) -> list[tuple[int, int]]:
    return [(one.entry_bar, one.exit_bar) for one in done.trades]


# ------------------------------------------------------------------ vectorbt


def vectorbt_portfolio(one: Case, fee: float, slip: float, **stops: float):  # type: ignore[no-untyped-def]
    import vectorbt as vbt
    from vectorbt.portfolio.enums import StopEntryPrice, StopExitPrice

    words: dict[str, object] = {}
    if stops:
        words = {
            **stops,
            "open": one.open,
            "high": one.high,
            "low": one.low,
            "stop_entry_price": StopEntryPrice.Price,
            "stop_exit_price": StopExitPrice.StopMarket,
        }
    return vbt.Portfolio.from_signals(
        one.close,
        shifted(one.entry),
        shifted(one.exit),
        price=one.open,
        fees=fee / 1e4,
        slippage=slip / 1e4,
        init_cash=1.0,
        freq="1d",
        **words,
    )


def require_vectorbt(one: Case, done: Simulation, made, fee: float, slip: float) -> None:  # type: ignore[no-untyped-def]
    records = made.trades.records
    assert bars(done) == list(zip(records["entry_idx"], records["exit_idx"], strict=True))
    closed = (records["status"] == 1).to_numpy()
    ours = np.array([(t.entry_price, t.exit_price) for t in done.trades]).reshape(-1, 2)
    theirs = records[["entry_price", "exit_price"]].to_numpy()
    assert np.allclose(ours[:, 0], theirs[:, 0], rtol=1e-12)
    assert np.allclose(ours[closed, 1], theirs[closed, 1], rtol=1e-12)
    expected = equity_without_the_last_closing(done, fee, slip)
    assert np.allclose(expected, made.value().to_numpy(), rtol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("fee", "slip"), [(0.0, 0.0), (5.0, 0.0), (7.0, 3.0)])
def test_vectorbt_has_the_same_trades_and_account(seed: int, fee: float, slip: float) -> None:
    one = case(seed)
    done = one.ours(commission_bps=fee, slippage_bps=slip)
    assert len(done.trades) > 10
    require_vectorbt(one, done, vectorbt_portfolio(one, fee, slip), fee, slip)


@pytest.mark.parametrize("seed", CLEAN)
def test_vectorbt_has_the_same_stops_and_targets_after_the_entry_bar(seed: int) -> None:
    one = case(seed, calm=True)
    loss, gain = 0.03, 0.04
    done = one.ours(commission_bps=5.0, slippage_bps=2.0, stop_loss=loss, take_profit=gain)
    assert not any(_signal_bar_also_touches(one, t, loss, gain) for t in done.trades)
    assert {t.reason for t in done.trades} >= {"stop", "target", "signal"}
    made = vectorbt_portfolio(one, 5.0, 2.0, sl_stop=loss, tp_stop=gain)
    require_vectorbt(one, done, made, 5.0, 2.0)


def _signal_bar_also_touches(one: Case, trade, loss: float, gain: float) -> bool:  # type: ignore[no-untyped-def]
    start, t = one.open[trade.entry_bar], trade.exit_bar
    if trade.reason != "signal":
        return False
    stopped = one.low[t] <= start * (1 - loss) < one.open[t]
    return bool(stopped or one.high[t] >= start * (1 + gain) > one.open[t])


def test_vectorbt_looks_at_stops_only_after_the_entry_bar() -> None:
    flat = np.full(6, 100.0)
    low = flat.copy()
    low[2] = 90.0
    signal = np.arange(6) == 1
    one = Case(flat, flat, low, flat, signal, np.zeros(6, dtype=np.bool_))
    assert [(t.exit_bar, t.reason) for t in one.ours(stop_loss=0.05).trades] == [(2, "stop")]
    assert vectorbt_portfolio(one, 0.0, 0.0, sl_stop=0.05).trades.records["status"].tolist() == [0]


def test_vectorbt_lets_a_stop_later_in_the_bar_come_before_an_exit_at_its_open() -> None:
    flat = np.full(6, 100.0)
    low = flat.copy()
    low[4] = 90.0
    one = Case(flat, flat, low, flat, np.arange(6) == 0, np.arange(6) == 3)
    assert [(t.exit_bar, t.exit_price) for t in one.ours(stop_loss=0.05).trades] == [(4, 100.0)]
    records = vectorbt_portfolio(one, 0.0, 0.0, sl_stop=0.05).trades.records
    assert records[["exit_idx", "exit_price"]].to_numpy().tolist() == [[4, 95.0]]


# ------------------------------------------------------------------ backtesting.py


def backtesting_run(one: Case, fee: float, loss: float = 0.0, gain: float = 0.0, *, side: int = 1):  # type: ignore[no-untyped-def]
    """backtesting.py wants levels with the order: the rule is told the open it will get."""
    import pandas as pd
    from backtesting import Backtest, Strategy

    class Rule(Strategy):  # type: ignore[misc]
        def init(self) -> None:
            pass

        def next(self) -> None:
            t = len(self.data) - 1
            if self.position:
                if one.exit[t]:
                    self.position.close()
            elif one.entry[t] and t + 1 < one.open.size:
                start = one.open[t + 1]
                order = self.buy if side > 0 else self.sell
                order(
                    sl=start * (1 - side * loss) if loss else None,
                    tp=start * (1 + side * gain) if gain else None,
                )

    frame = pd.DataFrame(
        {"Open": one.open, "High": one.high, "Low": one.low, "Close": one.close},
        index=pd.date_range("2000-01-03", periods=one.open.size),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of the position that is open at the end
        stats = Backtest(frame, Rule, cash=CASH, commission=fee / 1e4).run()
    done = stats["_strategy"]
    closed = sorted(
        (t.entry_bar, t.exit_bar, t.entry_price, t.exit_price) for t in done.closed_trades
    )
    return closed, len(done.trades), stats["_equity_curve"]["Equity"].to_numpy() / CASH


def stop_and_gapped_target(one: Case, done: Simulation, loss: float) -> bool:
    """Whether a bar opens beyond the target and falls to the stop."""
    return any(
        t.reason == "target"
        and t.at_open
        and one.low[t.exit_bar] <= one.open[t.entry_bar] * (1 - loss)
        for t in done.trades
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("loss", "gain"), [(0.0, 0.0), (0.02, 0.0), (0.0, 0.03), (0.02, 0.03)])
def test_backtesting_py_has_the_same_trades_and_account(
    seed: int, loss: float, gain: float
) -> None:
    one = case(seed)
    done = one.ours(commission_bps=5.0, stop_loss=loss or None, take_profit=gain or None)
    assert not stop_and_gapped_target(one, done, loss)
    closed, still_open, equity = backtesting_run(one, 5.0, loss, gain)
    ours = [t for t in done.trades if t.reason != "end"]
    assert [(t.entry_bar, t.exit_bar) for t in ours] == [row[:2] for row in closed]
    assert len(done.trades) - len(ours) == still_open
    prices = np.array([(t.entry_price, t.exit_price) for t in ours])
    assert np.allclose(prices, np.array([row[2:] for row in closed]), rtol=1e-12)
    assert np.allclose(equity_without_the_last_closing(done, 5.0), equity, rtol=1e-9)
    reasons = {t.reason for t in done.trades}
    assert ("stop" in reasons) == bool(loss)
    assert ("target" in reasons) == bool(gain)


@pytest.mark.parametrize("seed", SEEDS)
def test_backtesting_py_has_the_same_short_trades(seed: int) -> None:
    """Its shorts hold a number of units, ours a share of the account: the fills are the same."""
    one = case(seed)
    done = one.ours(direction="short", stop_loss=0.04, take_profit=0.05)
    closed, _, equity = backtesting_run(one, 0.0, 0.04, 0.05, side=-1)
    ours = [t for t in done.trades if t.reason != "end"]
    assert [(t.entry_bar, t.exit_bar) for t in ours] == [row[:2] for row in closed]
    prices = np.array([(t.entry_price, t.exit_price) for t in ours])
    assert np.allclose(prices, np.array([row[2:] for row in closed]), rtol=1e-12)
    assert not np.allclose(done.equity, equity, rtol=1e-6)


def test_backtesting_py_stops_in_a_bar_that_opened_beyond_the_target() -> None:
    open_ = np.array([100.0, 100.0, 100.0, 110.0, 100.0, 100.0])
    low = np.array([100.0, 100.0, 100.0, 90.0, 100.0, 100.0])
    close = np.full(6, 100.0)
    one = Case(open_, open_, low, close, np.arange(6) == 1, np.zeros(6, dtype=np.bool_))
    done = one.ours(stop_loss=0.05, take_profit=0.05)
    assert [(t.exit_bar, t.exit_price, t.reason) for t in done.trades] == [(3, 110.0, "target")]
    closed, _, _ = backtesting_run(one, 0.0, 0.05, 0.05)
    assert [row[1:] for row in closed] == [(3, 100.0, 95.0)]


# ------------------------------------------------------------------ raptorbt


def raptorbt_run(one: Case, fee: float, slip: float, loss: float = 0.0, gain: float = 0.0):  # type: ignore[no-untyped-def]
    import raptorbt

    config = raptorbt.BacktestConfig(
        initial_capital=1e9,
        fees=fee / 1e4,
        slippage=slip / 1e4,
        fill_timing="next_bar_open",
        periods_per_year=252.0,
    )
    if loss:
        config.set_fixed_stop(loss)
    if gain:
        config.set_fixed_target(gain)
    stamps = np.arange(one.open.size, dtype=np.int64) * 86_400_000_000_000
    volume = np.ones(one.open.size)
    return raptorbt.run_single_backtest(
        stamps, one.open, one.high, one.low, one.close, volume, one.entry, one.exit, config=config
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("fee", "slip"), [(0.0, 0.0), (5.0, 0.0), (5.0, 3.0)])
def test_raptorbt_has_the_same_trades_and_account(seed: int, fee: float, slip: float) -> None:
    one = case(seed)
    done = one.ours(commission_bps=fee, slippage_bps=slip)
    found = raptorbt_run(one, fee, slip)
    trades = found.trades()
    assert bars(done) == [(t.entry_idx, t.exit_idx) for t in trades]
    closed = slice(None, -1 if done.trades[-1].reason == "end" else None)
    ours = np.array([(t.entry_price, t.exit_price) for t in done.trades[closed]])
    theirs = np.array([(t.entry_price, t.exit_price) for t in trades[closed]])
    assert np.allclose(ours, theirs, rtol=1e-12)
    expected = equity_without_the_last_closing(done, fee, slip)
    assert np.allclose(expected, found.equity_curve() / 1e9, rtol=1e-9)


def test_raptorbt_fills_a_gapped_target_at_its_level() -> None:
    open_ = np.array([100.0, 100.0, 100.0, 110.0, 110.0, 110.0])
    one = Case(open_, open_, open_, open_, np.arange(6) == 1, np.zeros(6, dtype=np.bool_))
    assert [(t.exit_bar, t.exit_price) for t in one.ours(take_profit=0.05).trades] == [(3, 110.0)]
    trades = raptorbt_run(one, 0.0, 0.0, gain=0.05).trades()
    assert [(t.exit_idx, t.exit_price) for t in trades] == [(3, 105.0)]

"""Engines that were not written here, each asked the same question in its own best way.

They are optional: the bench names those that are not installed and goes on without them.
"""

import importlib
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from omp.engine.fills import Bool, Float
from omp.lab.bench.mix import FEE_BPS, Draw, Question

FEE = FEE_BPS / 1e4


@dataclass(frozen=True, eq=False)
class Answer:
    """What an engine says of some rules; the last bar's closing cost is charged to all.

    Args:
        trades: trades of each rule, the one that is still open at the end included, [G].
        sharpe: per bar, [G]. max_drawdown: positive fraction, [G].
    """

    trades: Float
    sharpe: Float
    max_drawdown: Float


@dataclass(frozen=True)
class Peer:
    """One foreign engine.

    Args:
        name: as the table shows it. package: what must be installed.
        answer: rules to figures, untouched by what only the comparison needs.
        bars: times as fast as it we want to be at (5,000, 100,000) bars; None asks nothing.
        sample: rules it is given at (5,000, 100,000) bars.
        first_bar: whether it asks for a signal on the very first bar.
    """

    name: str
    package: str
    answer: Callable[[Question, Draw], Answer]
    bars: tuple[float | None, float | None]
    sample: tuple[int, int]
    first_bar: bool = True

    @property
    def version(self) -> str | None:
        """The installed version, None where it is missing."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


def _shifted(signal: Bool) -> Bool:
    """What was decided at the close acts in the next bar."""
    moved = np.zeros_like(signal)
    moved[1:] = signal[:-1]
    return moved


def _stacked(question: Question, draw: Draw) -> tuple[Bool, Bool]:
    """Entries and exits of the next bar as columns, [T, G]."""
    n_bars = question.prices.shape[1]
    enter, leave = np.empty((2, n_bars, len(draw)), dtype=np.bool_)
    for g in range(len(draw)):
        entry, exit_ = question.signals(draw, g)
        enter[:, g] = _shifted(entry & ~exit_)
        leave[:, g] = _shifted(exit_)
    return enter, leave


def vectorbt_portfolio(question: Question, draw: Draw) -> Answer:
    """vectorbt's Portfolio, all rules as columns of one call."""
    vbt = importlib.import_module("vectorbt")
    enter, leave = _stacked(question, draw)
    open_, close = question.prices[0][:, None], question.prices[3][:, None]
    made = vbt.Portfolio.from_signals(
        close, enter, leave, price=open_, fees=FEE, init_cash=1.0, freq="1D"
    )
    trades = np.asarray(made.trades.count(), dtype=np.float64).reshape(-1)
    made.trades.profit_factor()
    sharpe = np.asarray(made.sharpe_ratio(), dtype=np.float64).reshape(-1)
    deepest = np.asarray(made.max_drawdown(), dtype=np.float64).reshape(-1)
    return Answer(trades, sharpe / np.sqrt(365.0), np.abs(deepest))


def vectorbt_compiled(question: Question, draw: Draw) -> Answer:
    """vectorbt's compiled functions called directly, without its Portfolio."""
    nb = importlib.import_module("vectorbt.portfolio.nb")
    rnb = importlib.import_module("vectorbt.returns.nb")
    enter, leave = _stacked(question, draw)
    shape = enter.shape
    open_, close = question.prices[0][:, None], question.prices[3][:, None]
    groups, cash = np.ones(shape[1], dtype=np.int64), np.ones(shape[1])
    orders, _ = nb.simulate_from_signals_nb(
        shape,
        groups,
        cash,
        nb.build_call_seq(shape, groups, 0),
        long_entries=enter,
        long_exits=leave,
        price=open_,
        fees=np.array([[FEE]]),
        close=close,
        use_stops=False,
    )
    col_map = importlib.import_module("vectorbt.records.nb").col_map_nb(orders["col"], shape[1])
    wide = np.broadcast_to(close, shape)
    trades = nb.get_exit_trades_nb(orders, wide, col_map)
    money = nb.cash_nb(nb.cash_flow_nb(shape, orders, col_map, False), cash)
    assets = nb.assets_nb(nb.asset_flow_nb(shape, orders, col_map, 2))
    value = nb.value_nb(money, nb.asset_value_nb(wide, assets))
    returns = np.zeros(shape)
    np.divide(value[1:], value[:-1], out=returns[1:])
    returns[1:] -= 1.0
    sharpe = rnb.sharpe_ratio_nb(returns, 1.0, 0.0, 1)
    deepest = rnb.max_drawdown_nb(returns)
    count = np.bincount(trades["col"], minlength=shape[1]).astype(np.float64)
    return Answer(count, sharpe, np.abs(deepest))


def raptorbt(question: Question, draw: Draw) -> Answer:
    """raptorbt's batch call: the bars are converted once for all rules."""
    engine = importlib.import_module("raptorbt")
    one = question.panel.bars[0]
    config = engine.BacktestConfig(
        initial_capital=1e9,
        fees=FEE,
        slippage=0.0,
        fill_timing="next_bar_open",
        periods_per_year=252.0,
    )
    items = []
    for g in range(len(draw)):
        entry, exit_ = question.signals(draw, g)
        items.append(engine.BatchSingleItem(str(g), entry & ~exit_, exit_, config=config))
    found = engine.batch_single_backtest(
        one.timestamp, one.open, one.high, one.low, one.close, one.volume, items
    )
    metrics = [result.metrics for _, result in found]
    trades = np.array([m.total_trades for m in metrics], dtype=np.float64)
    sharpe = np.array([m.sharpe_ratio for m in metrics]) / np.sqrt(252.0)
    return Answer(
        trades,
        np.where(trades > 0, sharpe, np.nan),  # it says 0 where nothing is defined
        np.array([m.max_drawdown_pct for m in metrics]) / 100.0,
    )


def backtesting_py(question: Question, draw: Draw) -> Answer:
    """backtesting.py, one rule after the other; units are whole, so the account is large."""
    bt = importlib.import_module("backtesting")
    frame = backtesting_frame(question)
    found = np.empty((len(draw), 3))
    for g in range(len(draw)):
        entry, exit_ = question.signals(draw, g)
        wants, leaves = entry & ~exit_, exit_

        class Rule(bt.Strategy):  # type: ignore[name-defined,misc]
            entry, exit = wants, leaves

            def init(self) -> None:
                pass

            def next(self) -> None:
                t = len(self.data) - 1
                if self.position:
                    if self.exit[t]:
                        self.position.close()
                elif self.entry[t]:
                    self.buy()

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of the position that is open at the end
            stats = bt.Backtest(frame, Rule, cash=1e15, commission=FEE).run()
        value = stats["_equity_curve"]["Equity"].to_numpy() / 1e15
        returns = np.diff(value, prepend=1.0) / np.concatenate([[1.0], value[:-1]])
        done = stats["_strategy"]
        found[g] = (
            len(done.closed_trades) + len(done.trades),
            ratio(returns),
            -stats["Max. Drawdown [%]"] / 100.0,
        )
    return Answer(found[:, 0], found[:, 1], found[:, 2])


def backtesting_frame(question: Question) -> Any:
    """The bars as backtesting.py wants them."""
    pandas = importlib.import_module("pandas")
    one = question.panel.bars[0]
    columns = {"Open": one.open, "High": one.high, "Low": one.low, "Close": one.close}
    return pandas.DataFrame(columns, index=pandas.to_datetime(one.timestamp))


def ratio(returns: Float) -> float:
    """Mean over standard deviation (ddof 1), NaN where undefined."""
    deviation = float(np.std(returns, ddof=1))
    return float(np.mean(returns)) / deviation if deviation > 0.0 else float("nan")


def quieten() -> None:
    """Before the first peer is imported: no question to a server, no progress bars."""
    os.environ.setdefault("RAPTORBT_NO_VERSION_CHECK", "1")
    os.environ.setdefault("TQDM_DISABLE", "1")


PEERS = (
    Peer("vectorbt, Portfolio", "vectorbt", vectorbt_portfolio, (300.0, 130.0), (200, 20)),
    Peer(
        "vectorbt, its compiled functions", "vectorbt", vectorbt_compiled, (None, None), (200, 20)
    ),
    Peer("raptorbt, batch", "raptorbt", raptorbt, (100.0, 55.0), (200, 20)),
    Peer("backtesting.py", "backtesting", backtesting_py, (15_000.0, None), (6, 1), False),
)

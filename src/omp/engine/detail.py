"""One genome in full: its trades and series, for artifacts, stress and the look."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import InvalidInput
from omp.engine.conditions import Series
from omp.engine.fills import NOISE, Bool, Costs, Float, Order, Trade
from omp.engine.genome import Genome
from omp.engine.liquidity import VolumeSlippage
from omp.engine.seeds import stream
from omp.engine.simulation import Engine, compounded, max_drawdown, run, sharpe
from omp.engine.window import SymbolWindow, Window, open_window
from omp.market.bars import Panel

Int = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SymbolDetail:
    """What a genome did in one symbol.

    Args:
        symbol: its name.
        timestamp: UTC nanoseconds of its bars inside the window, [n].
        returns: net return of each bar, [n].
        position: position held during each bar (-1, 0, 1), [n].
        excess: x of each bar, [n].
        trades: in the order of their entries; bars count from this symbol's first bar.
    """

    symbol: str
    timestamp: Int
    returns: Float
    position: Float
    excess: Float
    trades: tuple[Trade, ...]


@dataclass(frozen=True, eq=False)
class Detail:
    """What a genome did in one window; pooled series are means over the symbols with each bar.

    Args:
        timestamp: calendar of the window, UTC nanoseconds, [T].
        returns: pooled net return R, [T].
        over_cash: pooled R - p * cash, [T].
        excess: pooled x, [T].
        position: pooled position, [T].
        market: mean close-to-close return of the symbols, [T].
        cash: yield of cash during each bar, [T].
        symbols: one entry per symbol with bars inside.
        periods_per_year: bars per year.
    """

    timestamp: Int
    returns: Float
    over_cash: Float
    excess: Float
    position: Float
    market: Float
    cash: Float
    symbols: tuple[SymbolDetail, ...]
    periods_per_year: float

    @property
    def equity(self) -> Float:
        """Account value after each bar, starting from 1, [T]."""
        return compounded(self.returns)

    @property
    def n_trades(self) -> int:
        """Trades of all symbols."""
        return sum(len(one.trades) for one in self.symbols)

    @property
    def exposure(self) -> float:
        """Share of symbol bars in a position."""
        held = sum(float(np.abs(one.position).sum()) for one in self.symbols)
        return held / sum(one.position.size for one in self.symbols)

    @property
    def turnover(self) -> float:
        """Value traded (both sides) over account value, per year."""
        years = self.returns.size / self.periods_per_year
        return 2.0 * self.n_trades / (len(self.symbols) * years)

    @property
    def sharpe(self) -> float:
        """Sharpe ratio per bar of the return over cash; NaN where undefined."""
        return sharpe(self.over_cash)

    @property
    def sharpe_x(self) -> float:
        """Sharpe ratio per bar of the excess return x; NaN where undefined."""
        return sharpe(self.excess)

    @property
    def max_drawdown(self) -> float:
        """Deepest fall of the pooled account from a peak, positive fraction."""
        return max_drawdown(self.returns)

    @property
    def profit_factor(self) -> float:
        """Gains over losses of the trades; NaN without a loss."""
        results = [trade.net_return for one in self.symbols for trade in one.trades]
        losses = -sum(one for one in results if one < -NOISE)
        return sum(one for one in results if one > NOISE) / losses if losses > 0.0 else math.nan


def detail(
    genome: Genome,
    panel: Panel,
    costs: Costs,
    *,
    engine: Engine = "kernel",
    flat_at_session_end: bool = False,
    warmup: int = 0,
    stop: int | None = None,
    cost_factor: float = 1.0,
    delay_bars: int = 0,
    missed_share: float = 0.0,
    missed_seed: int = 0,
    signals: Mapping[str, tuple[Bool, Bool]] | None = None,
    volume_slippage: VolumeSlippage | None = None,
) -> Detail:
    """Simulate one genome on the rows `warmup` to `stop` of a panel.

    Args:
        genome: the strategy.
        panel: the universe; rows before `warmup` only feed indicators.
        costs: costs per side.
        engine: the compiled `kernel` or the `oracle`.
        flat_at_session_end: whether positions are closed with each session.
        warmup: rows before the window.
        stop: row after the window's last one; None for the end of the panel.
        cost_factor: costs are multiplied by it.
        delay_bars: bars that every signal comes later; one that would come from before the window
            does not count.
        missed_share: share of trades that are missed, drawn bar by bar from `missed_seed`: the
            trade runs its course, the account takes no part.
        missed_seed: seed of the draw.
        signals: entry and exit columns per symbol over all its bars, instead of the genome's
            own (for replays of recorded or shifted signals).
        volume_slippage: slippage that grows with the share of the volume taken; its capital is
            spread evenly over the symbols.

    Raises:
        InvalidInput: when the window is empty, a price is not finite and positive, or an
            argument is outside its range.
    """
    if delay_bars < 0 or not 0.0 <= missed_share <= 1.0 or cost_factor < 0.0:
        raise InvalidInput(
            f"delay of {delay_bars} bars, {missed_share} of trades missed, costs x {cost_factor}",
            allowed="delay and cost factor of at least 0, a share from 0 to 1",
            remedy="change the argument",
        )
    window = open_window(panel, warmup, stop, flat_at_session_end=flat_at_session_end)
    paid = costs.times(cost_factor)
    details = []
    for one in window.symbols:
        entry, leave = (
            signals[one.symbol] if signals is not None else signal_columns(genome, panel, one.at)
        )
        inside = slice(one.first, one.last)
        impact, refused = _liquidity(volume_slippage, panel, one, len(window.symbols))
        order = Order(
            genome.direction,
            paid,
            genome.stops,
            one.session_end if flat_at_session_end else None,
            _missed(one, missed_share, missed_seed),
            impact,
            refused,
        )
        fills = run(
            one.prices,
            _delayed(entry[inside], delay_bars),
            _delayed(leave[inside], delay_bars),
            order,
            engine,
        )
        excess = _excess(one, fills.returns, fills.position)
        details.append(
            SymbolDetail(
                one.symbol, one.stamps, fills.returns, fills.position, excess, fills.trades
            )
        )
    return _pooled(window, tuple(details))


def signal_columns(genome: Genome, panel: Panel, at: int) -> tuple[Bool, Bool]:
    """Entry and exit of a genome at the close of every bar of symbol number `at`, each [n]."""
    series = Series(panel.bars[at])
    return series.fires(genome.entry), series.fires(genome.exit)


def _delayed(signal: Bool, bars: int) -> Bool:
    moved = np.zeros_like(signal)
    moved[bars:] = signal[: signal.size - bars] if bars else signal
    return moved


def _missed(one: SymbolWindow, share: float, seed: int) -> Bool | None:
    if share == 0.0:
        return None
    name = int.from_bytes(one.symbol.encode()[:32], "little")
    return stream(seed, name).random(one.rows.size) < share


def _liquidity(
    model: VolumeSlippage | None, panel: Panel, one: SymbolWindow, symbols: int
) -> tuple[Float | None, Bool | None]:
    if model is None:
        return None, None
    volume = panel.bars[one.at].volume[one.first : one.last]
    return model.shared(symbols).of(one.prices[0], volume)


def _excess(one: SymbolWindow, returns: Float, position: Float) -> Float:
    """x = R - p cash - e (r - cash), with e the mean position over the window."""
    mean_position = float(position.mean())
    excess: Float = returns - position * one.cash - mean_position * (one.table[4] - one.cash)
    return excess


def _pooled(window: Window, details: tuple[SymbolDetail, ...]) -> Detail:
    sums = {name: np.zeros(len(window)) for name in ("returns", "over", "excess", "position")}
    for place, one in zip(window.symbols, details, strict=True):
        sums["returns"][place.rows] += one.returns
        sums["over"][place.rows] += one.returns - one.position * place.cash
        sums["excess"][place.rows] += one.excess
        sums["position"][place.rows] += one.position
    pooled = {name: total * window.share for name, total in sums.items()}
    return Detail(
        timestamp=window.timestamp,
        returns=pooled["returns"],
        over_cash=pooled["over"],
        excess=pooled["excess"],
        position=pooled["position"],
        market=window.market,
        cash=window.cash,
        symbols=details,
        periods_per_year=window.panel.periods_per_year,
    )

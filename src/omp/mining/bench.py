"""The test bench: one window of a panel on which any strategy can be run in any variant.

Stage B, the stress suite, the look and the replay all run strategies here, so they cannot differ
in how signals become positions. Signals come from every bar up to the window's end, warm-up
included; positions start flat at the window's first bar.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from omp.engine.conditions import Series, pack
from omp.engine.fills import Costs, Fills, Order
from omp.engine.genome import DIRECTIONS, Genome
from omp.engine.liquidity import VolumeSlippage
from omp.engine.simulation import NO_IMPACT, Engine, run, stop_row
from omp.engine.steps import Levels, neighbours
from omp.engine.window import open_window
from omp.market.bars import Bars, Panel
from omp.mining.streams import Bool, Float, Int, Streams, mixed, sharpe

NOISE_SHARE = 0.1
"""Noise of a price, as a share of the standard deviation of its symbol's bar returns."""


@dataclass(frozen=True)
class Subject:
    """What is judged: one strategy, or an ensemble with weights.

    Args:
        members: Genomes with their weights; one of weight 1 for a single strategy.
        key: Genome hash of the whole; seeds every draw, so that draws belong to the subject.
    """

    members: tuple[tuple[Genome, float], ...]
    key: str


@dataclass(frozen=True)
class PlacedTrade:
    """A trade with its symbol and instants (UTC ns of the bars' opens)."""

    symbol: str
    entry_ns: int
    exit_ns: int
    side: str
    entry_price: float
    exit_price: float
    net_return: float
    bars_held: int
    reason: str
    member: int = 0


class Bench:
    """One window, one cost model, every variant.

    Args:
        panel: Bars up to the window's end at least; earlier ones are warm-up.
        window: The window as positions on the panel's calendar.
        costs: Costs per side.
        flat_at_session_end: Whether no position may be held over a session's end.
        liquidity: Size of the account and what it pays for the volume it takes; None for nothing.
        feature_levels: Levels of a user's own columns, for rules one step aside.
    """

    def __init__(
        self,
        panel: Panel,
        window: slice,
        costs: Costs,
        *,
        flat_at_session_end: bool = False,
        liquidity: VolumeSlippage | None = None,
        feature_levels: Levels | None = None,
    ) -> None:
        calendar = panel.timestamp
        cut = panel.window(int(calendar[0]), int(calendar[window.stop - 1]))
        self.flat_at_session_end = flat_at_session_end
        self.window = open_window(
            cut, window.start, window.stop, flat_at_session_end=flat_at_session_end
        )
        self.costs, self.liquidity = costs, liquidity
        self._feature_levels: Levels = feature_levels or {}
        self.symbols = tuple(one.symbol for one in self.window.symbols)
        self.periods_per_year = panel.periods_per_year
        self.timestamp: Int = self.window.timestamp
        self.cash: Float = self.window.cash
        shape = (self.timestamp.size, len(self.symbols))
        self._bars = [cut.bars[one.at] for one in self.window.symbols]
        self._present: Bool = np.zeros(shape, dtype=np.bool_)
        self._asset: Float = np.zeros(shape)
        self._over: Float = np.zeros(shape)
        for k, one in enumerate(self.window.symbols):
            self._present[one.rows, k] = True
            self._asset[one.rows, k] = one.table[4]
            self._over[one.rows, k] = one.table[4] - one.cash
        self._series: dict[int | None, list[Series]] = {None: [Series(one) for one in self._bars]}
        self._base = lru_cache(maxsize=256)(self._run_plain)
        self._signals = lru_cache(maxsize=256)(self._compute_signals)
        self._limits = lru_cache(maxsize=1024)(self._compute_limits)
        self._fills = lru_cache(maxsize=64)(self._compute_fills)

    # ------------------------------------------------------------------ runs

    def streams(
        self,
        subject: Subject,
        *,
        costs: Costs | None = None,
        delay_bars: int = 0,
        missed_share: float = 0.0,
        draw: int = 0,
        noise: int | None = None,
        account: float = 1.0,
    ) -> Streams:
        """Run a subject in one variant.

        Args:
            subject: What to run.
            costs: Other costs than the bench's.
            delay_bars: Bars by which every signal acts later.
            missed_share: Share of entries that are missed, drawn at random.
            draw: Number of that draw.
            noise: Number of the noisy prices that signals see; None for the true ones.
            account: Size of the account, times the bench's; matters where volume is priced.
        """
        plain = costs is None and not delay_bars and not missed_share and noise is None
        plain = plain and account == 1.0
        parts = []
        for at, (genome, _) in enumerate(subject.members):
            if plain:
                parts.append(self._base(genome))
                continue
            rng = (
                np.random.default_rng([int(subject.key[:16], 16), at, draw])
                if missed_share
                else None
            )
            parts.append(
                self._run(
                    genome, costs or self.costs, delay_bars, missed_share, rng, noise, account
                )
            )
        return parts[0] if len(parts) == 1 else mixed(parts, [w for _, w in subject.members])

    def trades(self, subject: Subject, *, engine: Engine = "kernel") -> tuple[PlacedTrade, ...]:
        """Every trade of a subject, by entry, then symbol, then member."""
        placed = [
            trade
            for at, (genome, _) in enumerate(subject.members)
            for trade in self._placed(genome, at, engine)
        ]
        return tuple(sorted(placed, key=lambda one: (one.entry_ns, one.symbol, one.member)))

    def fills(self, genome: Genome, symbol: int, *, engine: Engine = "kernel") -> Fills:
        """What a genome did on one symbol, by the kernel or by the plain oracle."""
        return self._fills(genome, symbol, engine)

    def _compute_fills(self, genome: Genome, symbol: int, engine: Engine) -> Fills:
        opens, closes = self.signals(genome)[symbol]
        order = self._order(genome, self.costs, symbol)
        table = self.window.symbols[symbol].table
        return run((table[0], table[1], table[2], table[3]), opens, closes, order, engine)

    def signals(self, genome: Genome, noise: int | None = None) -> list[tuple[Bool, Bool]]:
        """Entry and exit signals at the close of each bar in the window, for each symbol."""
        return self._signals(genome, noise)

    def series(self, symbol: int, bars: int | None = None) -> Series:
        """What indicators see of one symbol: warm-up and window, or `bars` bars of the window."""
        whole = self._series[None][symbol]
        if bars is None:
            return whole
        return Series(self._bars[symbol].slice(0, self.window.symbols[symbol].first + bars))

    def neighbour_sharpes(self, genome: Genome) -> list[float | None]:
        """Per-bar Sharpe of x of every genome one parameter step away."""
        around = neighbours(genome, self._feature_levels)
        return [sharpe(self._run_plain(one).excess()) for one in around]

    def stepped(self, subject: Subject, draw: int) -> Streams:
        """A subject whose members have each moved one random parameter step."""
        rng = np.random.default_rng([int(subject.key[:16], 16), 1 << 20, draw])
        parts = []
        for genome, _ in subject.members:
            around = neighbours(genome, self._feature_levels) or [genome]
            parts.append(self._base(around[int(rng.integers(len(around)))]))
        return mixed(parts, [weight for _, weight in subject.members])

    # ---------------------------------------------------------------- inside

    def _run_plain(self, genome: Genome) -> Streams:
        return self._run(genome, self.costs, 0, 0.0, None, None, 1.0)

    def _run(
        self,
        genome: Genome,
        costs: Costs,
        delay_bars: int,
        missed_share: float,
        rng: np.random.Generator | None,
        noise: int | None,
        account: float,
    ) -> Streams:
        returns, position = np.zeros(self._present.shape), np.zeros(self._present.shape)
        for k, (opens, closes) in enumerate(self._signals(genome, noise)):
            order = self._order(genome, costs, k, account)
            if rng is not None:
                order = replace(order, missed=rng.random(opens.size) < missed_share)
            earned, held = self._walk(
                k, _later(opens, delay_bars), _later(closes, delay_bars), order
            )
            rows = self.window.symbols[k].rows
            returns[rows, k] = earned
            position[rows, k] = held
        return Streams(
            self.timestamp, self._present, returns, position, self._asset, self._over, self.cash
        )

    def _walk(self, symbol: int, entry: Bool, leave: Bool, order: Order) -> tuple[Float, Float]:
        """Bar returns and positions by the kernel, without making the list of trades."""
        from omp.engine import kernels

        nothing = np.empty(0, dtype=np.bool_)
        n_bars = entry.size
        opens, closes = pack(entry), pack(leave)
        direction = DIRECTIONS.index(order.direction)
        kernels.signals(direction, opens, closes)
        returns, held = np.zeros(n_bars), np.zeros(n_bars)
        marks, values = np.empty((n_bars, 5), dtype=np.int64), np.empty((n_bars, 2))
        kernels.walk(
            self.window.symbols[symbol].table,
            opens,
            closes,
            -1 if direction == 1 else 1,
            direction == 2,
            order.costs.commission_bps / 1e4,
            order.costs.slippage_bps / 1e4,
            stop_row(order.stops),
            nothing if order.session_end is None else order.session_end,
            nothing if order.missed is None else order.missed,
            NO_IMPACT if order.impact is None else order.impact,
            nothing if order.refused is None else order.refused,
            returns,
            held,
            marks,
            values,
        )
        return returns, held

    def _order(self, genome: Genome, costs: Costs, symbol: int, account: float = 1.0) -> Order:
        ends = self.window.symbols[symbol].session_end
        impact, refused = self._limits(symbol, account)
        return Order(
            genome.direction,
            costs,
            genome.stops,
            ends if ends.size else None,
            impact=impact,
            refused=refused,
        )

    def _compute_limits(self, symbol: int, account: float) -> tuple[Float | None, Bool | None]:
        """What volume adds to the slippage of each bar, and where it allows no entry."""
        if self.liquidity is None:
            return None, None
        one = self.window.symbols[symbol]
        ours = self.liquidity.times(account).shared(len(self.symbols))
        return ours.of(one.prices[0], self._bars[symbol].volume[one.first : one.last])

    def _compute_signals(self, genome: Genome, noise: int | None) -> list[tuple[Bool, Bool]]:
        if noise not in self._series:
            self._series[noise] = [
                Series(_noisy(one, k, noise or 0)) for k, one in enumerate(self._bars)
            ]
        return [
            (series.fires(genome.entry)[one.first :], series.fires(genome.exit)[one.first :])
            for series, one in zip(self._series[noise], self.window.symbols, strict=True)
        ]

    def _placed(self, genome: Genome, member: int, engine: Engine) -> list[PlacedTrade]:
        placed = []
        for k, inside in enumerate(self.window.symbols):
            placed += [
                PlacedTrade(
                    inside.symbol,
                    int(inside.stamps[one.entry_bar]),
                    int(inside.stamps[one.exit_bar]),
                    one.side,
                    one.entry_price,
                    one.exit_price,
                    one.net_return,
                    one.bars_held,
                    one.reason,
                    member,
                )
                for one in self.fills(genome, k, engine=engine).trades
            ]
        return placed


def _later(signal: Bool, bars: int) -> Bool:
    if not bars:
        return signal
    moved = np.zeros_like(signal)
    moved[bars:] = signal[:-bars]
    return moved


def _noisy(bars: Bars, symbol: int, draw: int) -> Bars:
    """The bars with every price off by a little; high and low still enclose open and close."""
    rng = np.random.default_rng([draw, symbol])
    spread = float(np.std(np.diff(np.log(bars.close)))) if len(bars) > 2 else 0.0
    shake = np.exp(NOISE_SHARE * spread * rng.standard_normal((4, len(bars))))
    open_, close = bars.open * shake[0], bars.close * shake[3]
    high = np.maximum.reduce([bars.high * shake[1], open_, close])
    low = np.minimum.reduce([bars.low * shake[2], open_, close])
    return Bars(bars.symbol, bars.timestamp, open_, high, low, close, bars.volume, bars.features)

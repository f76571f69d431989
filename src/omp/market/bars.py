"""Bars of one symbol, and panels of several symbols on one common calendar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Rows = slice | Int

PRICE_FIELDS = ("open", "high", "low", "close")
FIELDS = (*PRICE_FIELDS, "volume")


@dataclass(frozen=True, eq=False)
class Bars:
    """Closed bars of one symbol in ascending time.

    Args:
        symbol: the instrument's name.
        timestamp: UTC nanoseconds of each bar's open (a daily bar: midnight of its session), [T].
        open, high, low, close: prices in the currency of the venue, [T].
        volume: units traded during the bar, [T].
        features: the user's own columns by name, NaN where a value is missing, [T] each.
        traded: prices and volume as traded by the names of `FIELDS`, where the bars are adjusted
            for splits and dividends; empty where they are not, [T] each.

    Raises:
        ValueError: when the columns differ in length or time does not strictly ascend.
    """

    symbol: str
    timestamp: Int
    open: Float
    high: Float
    low: Float
    close: Float
    volume: Float
    features: Mapping[str, Float] = field(default_factory=dict)
    traded: Mapping[str, Float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "timestamp", np.ascontiguousarray(self.timestamp, dtype=np.int64))
        columns = {name: np.ascontiguousarray(getattr(self, name), np.float64) for name in FIELDS}
        for name, column in columns.items():
            object.__setattr__(self, name, column)
        own = {name: np.ascontiguousarray(one, np.float64) for name, one in self.features.items()}
        object.__setattr__(self, "features", own)
        as_was = {name: np.ascontiguousarray(one, np.float64) for name, one in self.traded.items()}
        object.__setattr__(self, "traded", as_was)
        for name, column in (*columns.items(), *own.items(), *as_was.items()):
            if column.shape != self.timestamp.shape or column.ndim != 1:
                raise ValueError(
                    f"{self.symbol}: column {name} has shape {column.shape}, the timestamps have "
                    f"{self.timestamp.shape}; every column needs one value per bar"
                )
        own = {k: np.ascontiguousarray(v, dtype=np.float64) for k, v in self.features.items()}
        object.__setattr__(self, "features", own)
        short = sorted(name for name, one in own.items() if one.shape != self.timestamp.shape)
        if short:
            raise ValueError(f"{self.symbol}: features {', '.join(short)} need one value per bar")
        if self.timestamp.size > 1 and not bool((np.diff(self.timestamp) > 0).all()):
            raise ValueError(f"{self.symbol}: the timestamps of bars must strictly ascend")

    def __len__(self) -> int:
        return int(self.timestamp.size)

    def window(self, first_ns: int, last_ns: int) -> "Bars":
        """The bars from first_ns to last_ns, both bounds (UTC nanoseconds) included."""
        start = int(np.searchsorted(self.timestamp, first_ns, side="left"))
        stop = int(np.searchsorted(self.timestamp, last_ns, side="right"))
        return self.slice(start, max(start, stop))

    def slice(self, start: int, stop: int) -> "Bars":
        """The bars number start (counted from 0) up to and without number stop."""
        return self.take(slice(start, stop))

    def take(self, cut: Rows) -> "Bars":
        """The bars of these numbers, ascending, with all their columns."""
        return Bars(
            self.symbol,
            self.timestamp[cut],
            self.open[cut],
            self.high[cut],
            self.low[cut],
            self.close[cut],
            self.volume[cut],
            {name: column[cut] for name, column in self.features.items()},
            {name: column[cut] for name, column in self.traded.items()},
        )

    def followed_by(self, later: "Bars") -> "Bars":
        """These bars and later ones of the same symbol."""
        shared = [name for name in self.features if name in later.features]
        joined = [np.concatenate([getattr(self, name), getattr(later, name)]) for name in FIELDS]
        opened, high, low, close, volume = joined
        own = {name: np.concatenate([self.features[name], later.features[name]]) for name in shared}
        both = self.traded and later.traded
        as_was = {
            name: np.concatenate([self.as_traded(name), later.as_traded(name)])
            for name in (FIELDS if both else ())
        }
        stamps = np.concatenate([self.timestamp, later.timestamp])
        return Bars(self.symbol, stamps, opened, high, low, close, volume, own, as_was)

    def as_traded(self, name: str) -> Float:
        """A column of `FIELDS` as it was traded: lots, ticks and fees a share are checked on it."""
        found: Float = self.traded[name] if name in self.traded else getattr(self, name)
        return found


@dataclass(frozen=True, eq=False)
class Panel:
    """A universe of symbols on the sorted union of their bar times.

    Args:
        symbols: names in ascending order, one per entry of `bars`.
        timeframe: such as "1d".
        venue: the venue's name, such as "us".
        bars: the bars of each symbol.
        timestamp: the sorted union of all bar times, UTC nanoseconds, [T].
        row: for each symbol, the index in `timestamp` of each of its bars.
        cash: yield of cash during each bar, as a fraction (0 where none is given), [T].
        periods_per_year: bars per year, for annual figures.
    """

    symbols: tuple[str, ...]
    timeframe: str
    venue: str
    bars: tuple[Bars, ...]
    timestamp: Int
    row: tuple[Int, ...]
    cash: Float
    periods_per_year: float

    def __len__(self) -> int:
        return int(self.timestamp.size)

    @property
    def n_bars(self) -> int:
        """Bars of all symbols together."""
        return sum(len(one) for one in self.bars)

    def window(self, first_ns: int, last_ns: int) -> "Panel":
        """The panel from first_ns to last_ns inclusive; symbols without a bar in it drop out."""
        kept = [one.window(first_ns, last_ns) for one in self.bars]
        inside = (self.timestamp >= first_ns) & (self.timestamp <= last_ns)
        return self._rebuilt([one for one in kept if len(one)], self.cash[inside], inside)

    def select(self, symbols: Sequence[str]) -> "Panel":
        """The panel of these symbols alone, on the union of their own bar times.

        Raises:
            KeyError: when a symbol is not in the panel.
        """
        unknown = [name for name in symbols if name not in self.symbols]
        if unknown:
            raise KeyError(f"not in this panel: {', '.join(unknown)}; it has {self.symbols}")
        kept = [one for one in self.bars if one.symbol in set(symbols)]
        every = np.ones(len(self), dtype=np.bool_)
        return self._rebuilt(kept, self.cash, every)

    def _rebuilt(self, kept: list[Bars], cash: Float, inside: NDArray[np.bool_]) -> "Panel":
        made = make_panel(kept, self.timeframe, self.venue, self.periods_per_year)
        at = np.searchsorted(self.timestamp[inside], made.timestamp)
        return make_panel(kept, self.timeframe, self.venue, self.periods_per_year, cash[at])


def make_panel(
    bars: Sequence[Bars],
    timeframe: str,
    venue: str,
    periods_per_year: float,
    cash: Float | None = None,
) -> Panel:
    """Lay the bars of several symbols on their common calendar, symbols in ascending order.

    Args:
        bars: one entry per symbol; their order does not matter.
        timeframe: such as "1d".
        venue: the venue's name.
        periods_per_year: bars per year.
        cash: yield of cash during each bar of the union calendar, [T]; none given means 0.

    Raises:
        ValueError: when a symbol appears twice, or cash does not fit the calendar.
    """
    ordered = tuple(sorted(bars, key=lambda one: one.symbol))
    symbols = tuple(one.symbol for one in ordered)
    if len(set(symbols)) != len(symbols):
        raise ValueError(f"a symbol appears twice in {symbols}; give each its own bars once")
    stamps = [one.timestamp for one in ordered]
    union = np.unique(np.concatenate(stamps)) if stamps else np.empty(0, dtype=np.int64)
    union = union.astype(np.int64, copy=False)
    row = tuple(np.searchsorted(union, stamp).astype(np.int64) for stamp in stamps)
    yields = np.zeros(union.size) if cash is None else np.ascontiguousarray(cash, dtype=np.float64)
    if yields.shape != union.shape:
        raise ValueError(f"cash has {yields.size} values, the calendar {union.size} bars")
    return Panel(symbols, timeframe, venue, ordered, union, row, yields, float(periods_per_year))

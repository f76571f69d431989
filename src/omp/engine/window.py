"""The window of a panel that an evaluation speaks about: its rows, shares and session ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import InvalidInput
from omp.engine.fills import Bool, Float, check_prices
from omp.engine.simulation import bar_table
from omp.market.bars import Panel

Int = NDArray[np.int64]
_DAY_NS = 86_400 * 10**9
_KEPT_TABLES = 50  # symbols of a universe up to which their tables are kept


@dataclass(frozen=True, eq=False)
class SymbolWindow:
    """One symbol inside the window.

    Args:
        symbol: its name. at: its place in the panel.
        first, last: bars inside are number first up to, without, last.
        rows: place of each bar in the window's calendar, [n].
        prices: open, high, low, close, each [n].
        stamps: UTC nanoseconds of each bar, [n].
        cash: yield of cash during each bar; the first bar, which earns nothing, has 0, [n].
        session_end: True on the last bar of each session; empty where positions may stay, [n].
        kept: whether `table` is kept, or made anew for each use to spare memory.
    """

    symbol: str
    at: int
    first: int
    last: int
    rows: Int
    prices: tuple[Float, Float, Float, Float]
    stamps: Int
    cash: Float
    session_end: Bool
    kept: bool

    @property
    def table(self) -> Float:
        """Open, high, low, close, close-to-close return (first 0), [5, n]; not to be written."""
        known: Float | None = self.__dict__.get("_table")
        if known is None:
            known = bar_table(self.prices)
            if self.kept:
                self.__dict__["_table"] = known
        return known


@dataclass(frozen=True, eq=False)
class Window:
    """The rows of a panel from `warmup` up to, without, `stop`.

    Args:
        panel: the whole panel; bars before the window only feed indicators.
        timestamp: calendar of the window, [T].
        symbols: the symbols that have a bar inside.
        share: 1 over the number of symbols with each bar, [T].
        market: mean close-to-close return over the symbols with each bar, [T].
        cash: yield of cash during each bar, [T].
    """

    panel: Panel
    timestamp: Int
    symbols: tuple[SymbolWindow, ...]
    share: Float
    market: Float
    cash: Float

    def __len__(self) -> int:
        return int(self.timestamp.size)

    @property
    def symbol_bars(self) -> int:
        """Bars of all symbols inside the window."""
        return sum(int(one.rows.size) for one in self.symbols)


def open_window(
    panel: Panel, warmup: int = 0, stop: int | None = None, *, flat_at_session_end: bool = False
) -> Window:
    """Cut a window out of a panel.

    Args:
        panel: bars of a universe.
        warmup: rows of the panel before the window's first one; they only feed indicators.
        stop: row after the window's last one; None for the end of the panel.
        flat_at_session_end: whether positions are closed with each session (a UTC day).

    Raises:
        InvalidInput: when the window is empty or holds a price that is not finite and positive.
    """
    last_row = len(panel) if stop is None else stop
    if not 0 <= warmup < last_row <= len(panel):
        raise InvalidInput(
            f"a window from row {warmup} to row {last_row} of a panel of {len(panel)} rows",
            allowed="0 <= first < last <= rows of the panel",
            remedy="shorten the warm-up, or take a panel with more bars",
        )
    n = last_row - warmup
    cash = np.ascontiguousarray(panel.cash[warmup:last_row], dtype=np.float64)
    count, total, nothing = np.zeros(n), np.zeros(n), np.zeros(n)
    has_cash = bool(np.any(cash != 0.0))
    symbols = []
    for at, (bars, row) in enumerate(zip(panel.bars, panel.row, strict=True)):
        first = int(np.searchsorted(row, warmup, side="left"))
        last = int(np.searchsorted(row, last_row, side="left"))
        if first == last:
            continue
        rows = np.ascontiguousarray(row[first:last] - warmup)
        stamps = np.ascontiguousarray(bars.timestamp[first:last])
        inside = slice(first, last)
        prices = (bars.open[inside], bars.high[inside], bars.low[inside], bars.close[inside])
        _check(bars.symbol, prices)
        kept = len(panel.symbols) <= _KEPT_TABLES
        symbol_cash = cash[rows] if has_cash else nothing[: rows.size]
        symbol_cash[0] = 0.0
        ends = _session_ends(stamps) if flat_at_session_end else np.empty(0, dtype=np.bool_)
        symbols.append(
            SymbolWindow(
                bars.symbol, at, first, last, rows, prices, stamps, symbol_cash, ends, kept
            )
        )
        count[rows] += 1.0
        total[rows] += symbols[-1].table[4]
    share = np.divide(1.0, count, out=np.zeros(n), where=count > 0)
    return Window(
        panel,
        np.ascontiguousarray(panel.timestamp[warmup:last_row]),
        tuple(symbols),
        share,
        total * share,
        cash,
    )


def _check(symbol: str, prices: tuple[Float, Float, Float, Float]) -> None:
    try:
        check_prices(*prices)
    except InvalidInput as fault:
        raise InvalidInput(
            f"{symbol}: {fault.asked}", allowed=fault.allowed, remedy=fault.remedy
        ) from fault


def _session_ends(stamps: Int) -> Bool:
    """True on the last bar of each UTC day."""
    ends = np.ones(stamps.size, dtype=np.bool_)
    ends[:-1] = np.diff(stamps // _DAY_NS) != 0
    return ends

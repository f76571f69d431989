"""What a simulation is told and what it tells: costs, orders in, fills and trades out."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import InvalidInput
from omp.engine.genome import DIRECTIONS, Stops

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

REASONS = ("signal", "stop", "target", "trail", "time", "end", "ruin")
SIGNAL, STOP, TARGET, TRAIL, TIME, END, RUIN = range(len(REASONS))
SIDES = {1: "long", -1: "short"}
NOISE = 1e-12
"""A trade whose net return is no further from 0 neither gains nor loses: it is rounding."""
PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Costs:
    """Costs per side, in basis points of the traded value (1 bp = 0.0001).

    Args:
        commission_bps: fee of the broker and the exchange, from 0 up to 1000.
        slippage_bps: distance between the fill and the quoted price, from 0 up to 1000.
    """

    commission_bps: float = 0.0
    slippage_bps: float = 0.0

    def __post_init__(self) -> None:
        for name in ("commission_bps", "slippage_bps"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1000.0:
                raise InvalidInput(
                    f"{name} = {value!r}", allowed="0 to 1000 basis points", remedy="change it"
                )

    def times(self, factor: float) -> "Costs":
        """These costs multiplied by a factor."""
        return Costs(self.commission_bps * factor, self.slippage_bps * factor)


@dataclass(frozen=True)
class Trade:
    """One position from its entry to its exit.

    Args:
        entry_bar, exit_bar: bars of the fills, counted from the window's first bar.
        side: long or short.
        entry_price, exit_price: fills with slippage.
        net_return: product of the bar returns of the trade, less 1.
        reason: one of REASONS; `end` flags a position that was still open.
        level: fill of the exit before slippage.
        at_open: whether the exit filled at the open of its bar.
    """

    entry_bar: int
    exit_bar: int
    side: str
    entry_price: float
    exit_price: float
    net_return: float
    reason: str
    level: float = field(compare=False, default=np.nan)
    at_open: bool = field(compare=False, default=False)

    @property
    def bars_held(self) -> int:
        """Bars in the position; a bar left at its open does not count."""
        return self.exit_bar - self.entry_bar + (0 if self.at_open else 1)


@dataclass(frozen=True)
class Order:
    """How signals become positions.

    Args:
        direction: long, short or long_short.
        costs: costs per side.
        stops: stops in fractions of the entry open, and the longest holding in bars.
        session_end: True on bars after whose close no position may be held, [T]; None for none.
        missed: True on bars whose entry is missed: the trade runs its course without us, [T].
        impact: slippage of each bar beyond that of the costs, a fraction, [T]; None for none.
        refused: True on bars in which no position may be opened, [T]; None for none.
    """

    direction: str = "long"
    costs: Costs = field(default_factory=Costs)
    stops: Stops = field(default_factory=Stops)
    session_end: Bool | None = None
    missed: Bool | None = None
    impact: Float | None = None
    refused: Bool | None = None

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise InvalidInput(
                f"direction = {self.direction!r}", allowed=", ".join(DIRECTIONS), remedy="use one"
            )


@dataclass(frozen=True, eq=False)
class Fills:
    """What one symbol did in one window.

    Args:
        returns: net return of each bar, [T].
        position: position held during each bar: -1, 0 or 1, [T].
        trades: in the order of their entries.
    """

    returns: Float
    position: Float
    trades: tuple[Trade, ...]


def check_prices(open: Float, high: Float, low: Float, close: Float) -> None:
    """Refuse prices that no position can be marked with.

    Raises:
        InvalidInput: when the columns differ in length, or a price is NaN, infinite, zero or
            negative; the message names the column and the bar.
    """
    columns = dict(zip(PRICES, (open, high, low, close), strict=True))
    lengths = {name: column.shape for name, column in columns.items()}
    if len(set(lengths.values())) != 1 or open.ndim != 1:
        raise InvalidInput(
            f"price columns of shapes {lengths}",
            allowed="four columns of one length",
            remedy="give one price of each kind per bar",
        )
    for name, column in columns.items():
        bad = ~(np.isfinite(column) & (column > 0.0))
        if bad.any():
            at = int(np.argmax(bad))
            raise InvalidInput(
                f"{name} of bar {at} is {column[at]}",
                allowed="finite prices above 0",
                remedy="repair or remove the bar; nothing is filled in silently",
            )


def check_signal(name: str, signal: NDArray[np.generic], n_bars: int) -> Bool:
    """A signal as booleans of the window's length.

    Raises:
        InvalidInput: when it has another length or a type that is not true or false.
    """
    column = np.asarray(signal)
    if column.shape != (n_bars,) or column.dtype.kind not in "bui":
        raise InvalidInput(
            f"{name} has shape {column.shape} and type {column.dtype}",
            allowed=f"{n_bars} values that are true or false",
            remedy="give one boolean per bar",
        )
    if column.dtype.kind != "b" and not np.isin(column, (0, 1)).all():
        at = int(np.argmax(~np.isin(column, (0, 1))))
        raise InvalidInput(
            f"{name} of bar {at} is {column[at]}",
            allowed="true or false, 1 or 0",
            remedy="a side is chosen by direction, not by the sign of a signal",
        )
    return np.ascontiguousarray(column != 0)

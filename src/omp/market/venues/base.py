"""What a venue declares: its sessions and their hours, its terms of trade and charges by date."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import InvalidInput
from omp.domain.timeframes import MINUTES

__all__ = [
    "DAY_NS",
    "MINUTES",
    "Charges",
    "Dated",
    "Hours",
    "Sessions",
    "Terms",
    "Venue",
    "calendar_sessions",
]

Sessions = NDArray[np.datetime64]
DAY_NS = 86_400_000_000_000


@dataclass(frozen=True)
class Terms:
    """Terms of trade from a date on, until the next terms begin.

    Args:
        since: first session they hold for.
        commission_bps: commission and fees per side.
        slippage_bps: assumed slippage per side.
        tick: smallest price step, in the venue's currency.
        lot: units of a round lot.
        opens, closes: local times of the regular session, "HH:MM".
        source: where the figures come from.
    """

    since: date
    commission_bps: float
    slippage_bps: float
    tick: float
    lot: int
    opens: str
    closes: str
    source: str

    @property
    def session_minutes(self) -> int:
        """Length of the regular session."""
        start, stop = (int(text[:2]) * 60 + int(text[3:]) for text in (self.opens, self.closes))
        return stop - start


@dataclass(frozen=True)
class Dated:
    """A figure from a date on, until the next one of its table begins.

    Args:
        since: first session it holds for.
        value: the figure, in the unit that the table says.
        source: where it comes from.
    """

    since: date
    value: float
    source: str


@dataclass(frozen=True)
class Charges:
    """What is charged beside commission and slippage, and what a position needs; all by date.

    Args:
        settlement_days: sessions from trade to settlement (T + n).
        day_trade_bps: commission and fees per side where bought and sold in one session; an empty
            table means the plain commission.
        sell_fee_bps: fee on the value of a sale.
        sell_fee_per_share: fee on each share sold, in the venue's currency. A fee a share counts
            shares as traded, never adjusted ones.
        sell_fee_cap: the most that the fee a share comes to in one sale.
        borrow_bps_annual: assumed yearly fee of borrowing shares for a short position.
    """

    settlement_days: tuple[Dated, ...] = ()
    day_trade_bps: tuple[Dated, ...] = ()
    sell_fee_bps: tuple[Dated, ...] = ()
    sell_fee_per_share: tuple[Dated, ...] = ()
    sell_fee_cap: tuple[Dated, ...] = ()
    borrow_bps_annual: tuple[Dated, ...] = ()

    def on(self, table: str, day: date) -> float | None:
        """The figure of a table that held on a day; None where none is declared for it."""
        held = [one.value for one in getattr(self, table) if one.since <= day]
        return held[-1] if held else None


@dataclass(frozen=True, eq=False)
class Hours:
    """Sessions with their exact hours, half days and late openings included.

    Args:
        days: session dates, datetime64[D], [S].
        opens_ns, closes_ns: first instant of the session and first after it, UTC ns, [S].
    """

    days: Sessions
    opens_ns: NDArray[np.int64]
    closes_ns: NDArray[np.int64]


@dataclass(frozen=True)
class Venue:
    """A market as one file of declarations.

    Args:
        name: short name, as in `[campaign] market`.
        title: name for people.
        currency: ISO code.
        timezone: IANA name of the local time.
        daily_bars_per_year: mean number of sessions a year, for annual figures.
        terms: the dated terms, oldest first.
        sessions: gives the session dates from one date to another, both included
            (datetime64[D]), or None when the calendar does not reach that far.
        override: what this file corrects in the calendar it uses, in words.
        charges: what is charged beside commission and slippage, and settlement, by date.
        fractional_lot: units of a lot in the market for odd lots; 0 where there is none apart.
        hours: gives the sessions with their hours, or None when the calendar does not reach that
            far.
        bars_per_session: mean number of bars a session by timeframe, over the years 2010 to 2019
            of the calendar; whole bars of the regular session where a timeframe is not listed.
    """

    name: str
    title: str
    currency: str
    timezone: str
    daily_bars_per_year: float
    terms: tuple[Terms, ...]
    sessions: Callable[[date, date], Sessions | None]
    override: str = ""
    charges: Charges = Charges()
    fractional_lot: int = 0
    hours: Callable[[date, date], Hours | None] | None = None
    bars_per_session: Mapping[str, float] = field(default_factory=dict)

    def terms_on(self, day: date) -> Terms:
        """The terms that held on a day; the oldest declared ones for days before them."""
        held = [one for one in self.terms if one.since <= day]
        return held[-1] if held else self.terms[0]

    def bars_per_year(self, timeframe: str) -> float:
        """Bars a year of a timeframe: sessions a year times whole bars a session.

        Raises:
            InvalidInput: when the timeframe is none of the known ones.
        """
        if timeframe == "1d":
            return self.daily_bars_per_year
        if timeframe not in MINUTES:
            raise InvalidInput(
                f"timeframe {timeframe!r}",
                allowed=", ".join(("1d", *MINUTES)),
                remedy="name one of these timeframes",
            )
        if timeframe in self.bars_per_session:
            return self.daily_bars_per_year * self.bars_per_session[timeframe]
        per_session = -(-self.terms[-1].session_minutes // MINUTES[timeframe])
        return self.daily_bars_per_year * per_session


def calendar_sessions(code: str) -> Callable[[date, date], Sessions | None]:
    """Sessions of an exchange_calendars calendar, loaded on first use and kept."""
    kept: dict[int, Sessions] = {}

    def sessions(first: date, last: date) -> Sessions | None:
        start_year = min(first.year, 1990)
        if start_year not in kept:
            import exchange_calendars

            start = f"{start_year}-01-01"
            try:
                found = exchange_calendars.get_calendar(code, start=start).sessions
            except ValueError:  # the calendar does not reach back so far: unknown, never guessed
                return None
            kept[start_year] = found.to_numpy().astype("datetime64[D]")
        days = kept[start_year]
        low, high = np.datetime64(first, "D"), np.datetime64(last, "D")
        if not days.size or high > days[-1]:
            return None
        return days[(days >= low) & (days <= high)]

    return sessions

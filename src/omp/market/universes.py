"""Universes: which symbols belong to a list, and since when and until when.

A bar outside the membership of its symbol is no bar of the universe: it is neither traded nor
counted. Each spell of membership is a series of its own (the second spell of AAL is `AAL_2`), so
that no indicator and no position reaches across the time outside; the first bars of a spell only
feed the indicators.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from omp.domain.errors import InvalidInput
from omp.market.bars import Bars, Int
from omp.market.importers.base import refused
from omp.market.venues import Venue
from omp.market.venues.base import DAY_NS

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)
COLUMNS = ("ticker", "start_date", "end_date")
IBOV_FILE = Path(__file__).parent / "ibov.csv"


@dataclass(frozen=True)
class Universe:
    """A named list of members.

    Args:
        name: such as "sp500".
        spells: symbol → spells as (first day, first day outside), ascending.
        is_point_in_time: whether membership is that of each day; if not, the list is that of one
            day and holds what survived (or became large) until then.
        source: where the list comes from, and its date.
    """

    name: str
    spells: Mapping[str, tuple[tuple[date, date], ...]]
    is_point_in_time: bool
    source: str


@dataclass(frozen=True)
class Listed:
    """A universe that can be named, for the list of them."""

    name: str
    venue: str
    meaning: str
    is_point_in_time: bool
    needs_file: bool


UNIVERSES = (
    Listed("sp500", "us", "S&P 500 by a membership file (ticker,start_date,end_date)", True, True),
    Listed("ibov", "br", "Ibovespa of January to April 2021, 81 shares: static", False, False),
    Listed("custom", "any", "the symbols or the membership file you name", False, False),
)


def ibov() -> Universe:
    """The Ibovespa's portfolio of January to April 2021 (B3's third preview, 28 December 2020)."""
    names = IBOV_FILE.read_text(encoding="ascii").strip().split(",")
    return static("ibov", names, "B3, portfolio of January to April 2021; one day's list")


def static(name: str, symbols: Sequence[str], source: str) -> Universe:
    """A list without dates: its members are members for ever."""
    spells = dict.fromkeys(symbols, ((FIRST_DAY, LAST_DAY),))
    return Universe(name, spells, is_point_in_time=False, source=source)


def named_universe(name: str, membership: Path | None, symbols: Sequence[str] = ()) -> Universe:
    """A universe by its name and its list.

    Args:
        name: such as "ibov", or a name of the user's own.
        membership: its members by date.
        symbols: or its symbols.

    Raises:
        InvalidInput: when the name needs a list and there is none.
        DataNotReady: `membership`, when the file cannot be used.
    """
    if membership is not None:
        return read_membership(membership, name)
    if symbols:
        return static(name, symbols, "named by the user: one day's list")
    if name == "ibov":
        return ibov()
    raise InvalidInput(
        f"the universe {name!r} without a list",
        allowed="ibov, or any name with --membership FILE or --symbols A,B",
        remedy="name the membership file or the symbols",
    )


def sessions(stamps: Int, timeframe: str, place: Venue) -> Int:
    """Day number (since 1970-01-01) of the local date of each bar, [T]."""
    if timeframe == "1d":
        return stamps // DAY_NS
    zone = ZoneInfo(place.timezone)
    import polars as pl

    local = pl.Series(stamps).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone.key)
    return local.dt.date().cast(pl.Int32).to_numpy().astype(np.int64)


def read_membership(path: Path, name: str) -> Universe:
    """A table `ticker,start_date,end_date`; the end is the first day outside, empty means never.

    Raises:
        DataNotReady: `membership`, with the line, when a row cannot be used or spells overlap.
    """
    import polars as pl

    try:
        text = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _faulty(path, str(error).splitlines()[0]) from error
    lacking = [column for column in COLUMNS if column not in text.columns]
    if lacking or not text.height:
        raise _faulty(path, f"it has no {'column ' + ', '.join(lacking) if lacking else 'row'}")
    spells: dict[str, list[tuple[date, date]]] = {}
    for number, (ticker, start, end) in enumerate(text.select(COLUMNS).rows(), 2):
        try:
            first = date.fromisoformat(start.strip())
            after = date.fromisoformat(end.strip()) if end and end.strip() else LAST_DAY
        except (ValueError, AttributeError):
            raise _faulty(path, f"line {number} reads {ticker},{start},{end}") from None
        if not ticker or after <= first:
            raise _faulty(path, f"line {number} reads {ticker},{start},{end}")
        spells.setdefault(ticker.strip(), []).append((first, after))
    for ticker, own in spells.items():
        own.sort()
        if any(later[0] < earlier[1] for earlier, later in pairwise(own)):
            raise _faulty(path, f"the spells of {ticker} overlap")
    return Universe(
        name,
        {ticker: tuple(own) for ticker, own in spells.items()},
        is_point_in_time=True,
        source=path.name,
    )


def members(universe: Universe, bars: Sequence[Bars], sessions: Sequence[Int]) -> tuple[Bars, ...]:
    """The bars within membership, one series a spell.

    Args:
        universe: the list.
        bars: bars by symbol.
        sessions: day number (since 1970-01-01) of the session of each bar, per symbol.

    Raises:
        InvalidInput: when no symbol of the data ever is a member.
    """
    made: list[Bars] = []
    taken = {one.symbol for one in bars}
    for one, days in zip(bars, sessions, strict=True):
        number = 0
        for first, after in universe.spells.get(one.symbol, ()):
            low, high = (int(np.datetime64(day, "D").astype(np.int64)) for day in (first, after))
            start, stop = (int(np.searchsorted(days, edge)) for edge in (low, high))
            if stop <= start:
                continue
            number += 1
            name = one.symbol if number == 1 else f"{one.symbol}_{number}"
            if number > 1 and name in taken:
                raise InvalidInput(
                    f"a spell of {one.symbol} would be called {name}, as another symbol is",
                    allowed="data without that name",
                    remedy=f"leave {name} out when importing",
                )
            made.append(replace(one.slice(start, stop), symbol=name))
    if not made:
        named = ", ".join(sorted(universe.spells)[:8])
        raise InvalidInput(
            f"no symbol of the data is in {universe.name}",
            allowed=f"symbols such as {named}",
            remedy="name the symbols as the list does, or use another list",
        )
    return tuple(made)


def _faulty(path: Path, what: str) -> Exception:
    return refused(
        path.name,
        "membership",
        what,
        allowed="ticker,start_date,end_date with ISO dates; an empty end means still a member",
        remedy="correct the membership file",
    )

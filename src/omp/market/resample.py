"""Longer bars from shorter ones, session by session.

A bar is labelled with its opening instant: steps of its length from the opening of the session, so
the last one of a session may be shorter; a daily bar is labelled midnight UTC of its session. Open
is that of the first bar, close of the last, high and low the extremes, the volume the sum, an own
column its last value. Bars outside the session are left out and no bar holds two sessions.
"""

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import DataNotReady, InvalidInput
from omp.domain.timeframes import DAILY
from omp.market.bars import FIELDS, Bars, Float, Int
from omp.market.venues import Venue
from omp.market.venues.base import DAY_NS, MINUTES, Hours

MINUTE_NS = 60_000_000_000


def resample(
    bars: Sequence[Bars], source: str, target: str, place: Venue, *, boundary_ns: int
) -> tuple[Bars, ...]:
    """The bars of each symbol at a longer timeframe.

    The first and the last session of the data are left out where they are not whole, and so is the
    one bar that would hold instants from both sides of the sealed boundary.

    Args:
        bars: bars of one timeframe, both parts of their snapshot.
        source, target: names of the timeframes.
        place: the venue, whose sessions and hours count.
        boundary_ns: first sealed instant of the lineage, UTC ns.

    Raises:
        InvalidInput: when the target is not a whole multiple of the source.
        DataNotReady: when the venue's calendar does not reach as far as the data.
    """
    _require_multiple(source, target)
    step_ns = MINUTES[source] * MINUTE_NS
    hours = _hours(bars, place)
    placed = [(one, *_placed(one.timestamp, step_ns, hours)) for one in bars]
    every = [(one.timestamp[kept], at) for one, kept, at in placed]
    whole = _whole_sessions(every, step_ns, hours)
    made = []
    for one, kept, at in placed:
        inside = whole[at]
        rows = np.flatnonzero(kept)[inside]
        if rows.size:
            longer = _grouped(one, rows, at[inside], hours, target, boundary_ns)
            made += [longer] if len(longer) else []
    if not made:
        raise DataNotReady(
            f"no whole session of {place.name} is in the {source} bars",
            allowed="bars within the sessions of their venue",
            remedy="check the venue and the time zone of the data",
            faults=("no_session",),
        )
    return tuple(made)


def _require_multiple(source: str, target: str) -> None:
    shorter = MINUTES.get(source)
    longer = MINUTES.get(target)
    if shorter is None or (longer is not None and (longer <= shorter or longer % shorter)):
        fits = [name for name, one in MINUTES.items() if shorter and one > shorter]
        allowed = [name for name in fits if shorter and MINUTES[name] % shorter == 0]
        raise InvalidInput(
            f"bars of {source} cannot make bars of {target}",
            allowed=", ".join([*allowed, DAILY]) if shorter else "data of less than a day",
            remedy="name a longer timeframe that is a whole multiple",
        )


def _hours(bars: Sequence[Bars], place: Venue) -> Hours:
    first = min(int(one.timestamp[0]) for one in bars) - DAY_NS
    last = max(int(one.timestamp[-1]) for one in bars) + DAY_NS
    days = [date.fromisoformat(str(np.datetime64(one, "ns"))[:10]) for one in (first, last)]
    found = place.hours(days[0], days[1]) if place.hours else None
    if found is None:
        raise DataNotReady(
            f"the {place.name} calendar does not cover {days[0]} to {days[1]}",
            allowed="bars within the calendar of their venue",
            remedy="narrow the data, or name the right venue",
            faults=("calendar",),
        )
    return found


def _placed(stamps: Int, step_ns: int, hours: Hours) -> tuple[NDArray[np.bool_], Int]:
    """Which bars overlap a session, and the number of that session for those that do."""
    at = np.searchsorted(hours.opens_ns, stamps + step_ns - 1, side="right") - 1
    kept = (at >= 0) & (stamps < hours.closes_ns[np.maximum(at, 0)])
    return kept, at[kept]


def _whole_sessions(
    placed: Sequence[tuple[Int, Int]], step_ns: int, hours: Hours
) -> NDArray[np.bool_]:
    """Of each session whether it may be used: not if it is the first or last and is cut off."""
    usable = np.ones(hours.days.size, dtype=np.bool_)
    present = [(stamps, at) for stamps, at in placed if at.size]
    if not present:
        return usable
    first = min(int(at[0]) for _, at in present)
    last = max(int(at[-1]) for _, at in present)
    begins = min(int(stamps[0]) for stamps, at in present if at[0] == first)
    ends = max(int(stamps[-1]) + step_ns for stamps, at in present if at[-1] == last)
    if begins >= hours.opens_ns[first] + step_ns:
        usable[first] = False
    if ends < hours.closes_ns[last]:
        usable[last] = False
    return usable


def _grouped(one: Bars, rows: Int, at: Int, hours: Hours, target: str, boundary_ns: int) -> Bars:
    stamps = one.timestamp[rows]
    if target == DAILY:
        bucket = np.zeros_like(stamps)
        label = hours.days[at].astype("datetime64[ns]").astype(np.int64)
    else:
        length_ns = MINUTES[target] * MINUTE_NS
        bucket = np.maximum(stamps - hours.opens_ns[at], 0) // length_ns
        label = hours.opens_ns[at] + bucket * length_ns
    is_new = np.ones(rows.size, dtype=np.bool_)
    is_new[1:] = (np.diff(at) != 0) | (np.diff(bucket) != 0)
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], rows.size) - 1
    keep = ~((label[starts] < boundary_ns) & (stamps[ends] >= boundary_ns))
    how: dict[str, Callable[[Float], Float]] = {
        "open": lambda column: column[starts],
        "high": lambda column: np.maximum.reduceat(column, starts),
        "low": lambda column: np.minimum.reduceat(column, starts),
        "close": lambda column: column[ends],
        "volume": lambda column: np.add.reduceat(column, starts),
    }
    opened, high, low, close, volume = (
        how[name](getattr(one, name)[rows])[keep] for name in FIELDS
    )
    own = {name: column[rows][ends][keep] for name, column in one.features.items()}
    was = {name: how[name](column[rows])[keep] for name, column in one.traded.items()}
    return Bars(one.symbol, label[starts][keep], opened, high, low, close, volume, own, was)

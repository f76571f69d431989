"""The rules of readiness that need the venue's calendar: gaps, and bars on days without trade."""

from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np
from numpy.typing import NDArray

from omp.market.readiness_rule import DAY_NS, Context, Finding, Unknown
from omp.market.venues.base import Sessions

NAMED_DAYS = 3


def gap(context: Context) -> Iterable[Finding]:
    """A session between the first and the last bar of a symbol has no bar."""
    sessions = _sessions(context)
    for symbol, stamps in _stamps(context):
        own = _days(stamps)
        expected = sessions[(sessions >= own[0]) & (sessions <= own[-1])]
        lacking = np.setdiff1d(expected, own)
        if lacking.size:
            detail = f"{lacking.size} of {expected.size} sessions have no bar: {_named(lacking)}"
            yield Finding(
                symbol,
                _ns(lacking[0]),
                detail,
                "fill the missing sessions from another source, or accept gap if it did not trade",
                int(lacking.size),
            )


def off_calendar(context: Context) -> Iterable[Finding]:
    """A bar lies on a day that was no session, or a daily bar carries a time of day."""
    sessions = _sessions(context)
    for symbol, stamps in _stamps(context):
        days = _days(stamps)
        strange = stamps[~np.isin(days, sessions) | (stamps % DAY_NS != 0)]
        if strange.size:
            detail = f"{strange.size} bars on days without a session: {_named(_days(strange))}"
            yield Finding(
                symbol,
                int(strange[0]),
                detail,
                f"check dates and time zone against the {context.venue.name} calendar, drop the "
                "bars, or accept off_calendar",
                int(strange.size),
            )


def _sessions(context: Context) -> Sessions:
    if context.timeframe != "1d":
        raise Unknown(f"sessions of {context.timeframe} bars cannot be judged yet, only 1d")
    stamps = context.ordered["timestamp"].to_numpy()
    if not stamps.size:
        raise Unknown("no bar has a usable time")
    first, last = (_date(int(one)) for one in (stamps.min(), stamps.max()))
    found = context.venue.sessions(first, last)
    if found is None:
        raise Unknown(f"the {context.venue.name} calendar does not cover {first} to {last}")
    return found


def _stamps(context: Context) -> Iterator[tuple[str, NDArray[np.int64]]]:
    for rows in context.ordered.partition_by("symbol", maintain_order=True):
        yield str(rows["symbol"][0]), rows["timestamp"].to_numpy()


def _days(stamps: NDArray[np.int64]) -> Sessions:
    return stamps.astype("datetime64[ns]").astype("datetime64[D]")


def _date(time_ns: int) -> date:
    return date.fromisoformat(str(np.datetime64(time_ns, "ns").astype("datetime64[D]")))


def _ns(day: np.datetime64) -> int:
    return int(day.astype("datetime64[ns]").astype(np.int64))


def _named(days: Sessions) -> str:
    listed = ", ".join(str(day) for day in days[:NAMED_DAYS])
    return listed + (", …" if days.size > NAMED_DAYS else "")

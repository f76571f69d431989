"""Hours of sessions: an exchange calendar's, or a clock set by the summer time of another zone."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from omp.market.venues.base import Hours, Sessions

MINUTE_NS = 60_000_000_000


def calendar_hours(code: str) -> Callable[[date, date], Hours | None]:
    """Hours of an exchange_calendars calendar, half days included, loaded on first use."""
    kept: dict[int, Hours] = {}

    def hours(first: date, last: date) -> Hours | None:
        start_year = min(first.year, 1990)
        if start_year not in kept:
            import exchange_calendars

            try:
                found = exchange_calendars.get_calendar(code, start=f"{start_year}-01-01")
            except ValueError:  # the calendar does not reach back so far: unknown, never guessed
                return None
            days = found.sessions.to_numpy().astype("datetime64[D]")
            opens, closes = (
                column.to_numpy().astype("datetime64[ns]").astype(np.int64)
                for column in (
                    found.opens.dt.tz_convert(None),
                    found.closes.dt.tz_convert(None),
                )
            )
            kept[start_year] = Hours(days, opens, closes)
        return between(kept[start_year], first, last)

    return hours


def closing_by_summer_of(
    base: Callable[[date, date], Hours | None],
    *,
    timezone: str,
    abroad: str,
    summer: str,
    winter: str,
) -> Callable[[date, date], Hours | None]:
    """The same sessions, closing at one local time while a zone abroad keeps summer time.

    Args:
        base: gives sessions and openings.
        timezone: the venue's zone.
        abroad: the zone whose summer time counts.
        summer, winter: the local closing times, "HH:MM".
    """
    here, there = ZoneInfo(timezone), ZoneInfo(abroad)

    def hours(first: date, last: date) -> Hours | None:
        found = base(first, last)
        if found is None:
            return None
        closes = [_close(day, here, there, summer, winter) for day in found.days.tolist()]
        return Hours(found.days, found.opens_ns, np.asarray(closes, dtype=np.int64))

    return hours


def clock_hours(
    sessions: Callable[[date, date], Sessions | None], timezone: str, opens: str, closes: str
) -> Callable[[date, date], Hours | None]:
    """Every session from one local time to another."""
    zone = ZoneInfo(timezone)

    def hours(first: date, last: date) -> Hours | None:
        days = sessions(first, last)
        if days is None:
            return None
        start, stop = (
            np.asarray([_at(day, text, zone) for day in days.tolist()], dtype=np.int64)
            for text in (opens, closes)
        )
        return Hours(days, start, stop)

    return hours


def between(hours: Hours, first: date, last: date) -> Hours | None:
    """The sessions from one date to another, both included; None beyond the calendar's end."""
    low, high = np.datetime64(first, "D"), np.datetime64(last, "D")
    if not hours.days.size or high > hours.days[-1]:
        return None
    inside = (hours.days >= low) & (hours.days <= high)
    return Hours(hours.days[inside], hours.opens_ns[inside], hours.closes_ns[inside])


def _close(day: date, here: ZoneInfo, there: ZoneInfo, summer: str, winter: str) -> int:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=there)
    return _at(day, summer if noon.dst() else winter, here)


def _at(day: date, text: str, zone: ZoneInfo) -> int:
    local = datetime(day.year, day.month, day.day, tzinfo=zone)
    local = local.replace(hour=int(text[:2]), minute=int(text[3:]))
    since = local - datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
    return int(since / timedelta(minutes=1)) * MINUTE_NS

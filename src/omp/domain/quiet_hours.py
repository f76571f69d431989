"""Quiet hours: times of the week in which nothing new starts.

    mon-fri 08:30-18:00 America/Sao_Paulo     each working day, by the clock on that wall
    22:00-06:00 Europe/Madrid                 every night; a night belongs to the day it begins on

It is quiet while the clock on the wall of the zone shows such a time, so that a change to or from
daylight saving time moves nothing but the hour that is skipped or comes twice.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALLOWED = '"[mon-fri ]HH:MM-HH:MM ZONE", such as "mon-fri 08:30-18:00 America/Sao_Paulo"'
LONGEST = timedelta(days=8)
"""Nobody looks further ahead than this for the end of the quiet hours."""

_FORM = re.compile(r"(?:([a-z,-]+) +)?(\d\d):(\d\d)-(\d\d):(\d\d) +([A-Za-z0-9_+/-]+)")
_MINUTES = 24 * 60


@dataclass(frozen=True)
class QuietHours:
    """One stretch of the day, on some days of the week.

    Args:
        days: On which it begins, 0 is Monday.
        begin_min: Minute of the day at which it begins, 0 to 1439.
        end_min: Minute of the day at which it is over, 0 to 1440; not after `begin_min`: of the
            day after.
    """

    text: str
    days: frozenset[int]
    begin_min: int
    end_min: int
    zone: ZoneInfo

    def holds(self, at: datetime) -> bool:
        """Whether it is quiet at an (aware) instant."""
        return self._left_min(at) > 0

    def _left_min(self, at: datetime) -> int:
        """Minutes until it is over by the clock on the wall; 0 when it is not quiet."""
        wall = at.astimezone(self.zone)
        minute, day = 60 * wall.hour + wall.minute, wall.weekday()
        if self.begin_min < self.end_min:
            inside = day in self.days and self.begin_min <= minute < self.end_min
            return self.end_min - minute if inside else 0
        if day in self.days and minute >= self.begin_min:
            return _MINUTES - minute + self.end_min
        return self.end_min - minute if (day - 1) % 7 in self.days and minute < self.end_min else 0


@lru_cache(maxsize=256)
def parse(text: str) -> QuietHours:
    """Quiet hours from their text.

    Raises:
        ValueError: Says what is wrong with it.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} names no hours of a zone")
    days, zone = found[1], found[6]
    begin, end = _minute(found[2], found[3]), _minute(found[4], found[5])
    if begin in (_MINUTES, end):
        raise ValueError(f"{text!r} begins and ends at one time; the whole day is 00:00-24:00")
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {zone!r}") from None
    return QuietHours(text, _days(days), begin, end, place)


def quiet_until(hours: Iterable[QuietHours], now: datetime) -> datetime | None:
    """The instant at which the quiet hours that hold `now` are over; None when none holds.

    Hours that follow each other without a gap are one; the answer is exact to the minute and at
    most `LONGEST` ahead.
    """
    kept = tuple(hours)
    if not any(one.holds(now) for one in kept):
        return None
    at = now.astimezone(UTC).replace(second=0, microsecond=0)
    until = at + LONGEST
    step = timedelta(minutes=1)
    while at < until:
        left = max(one._left_min(at) for one in kept)  # noqa: SLF001 - of this module
        if left == 0:
            break
        at += step * min(30, left)
    while at > now and not any(one.holds(at - step) for one in kept):
        at -= step
    return at


def _minute(hours: str, minutes: str) -> int:
    minute = 60 * int(hours) + int(minutes)
    if int(minutes) > 59 or minute > _MINUTES:
        raise ValueError(f"{hours}:{minutes} is no time of day")
    return minute


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        ends = part.split("-")
        if len(ends) > 2 or any(one not in DAYS for one in ends):
            raise ValueError(f"{part!r} names no days; they are {', '.join(DAYS)}")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        found.update((first + i) % 7 for i in range((last - first) % 7 + 1))
    return frozenset(found)

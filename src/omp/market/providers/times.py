"""Times as providers write them."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def utc(text: str) -> datetime:
    """An RFC 3339 instant, in UTC; digits beyond microseconds are cut."""
    head, dot, rest = text.partition(".")
    if dot:
        digits = rest.rstrip("Z").split("+")[0].split("-")[0]
        zone = rest[len(digits) :]
        text = f"{head}.{digits[:6].ljust(6, '0')}{zone}"
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def of_millis(millis: float) -> datetime:
    """Milliseconds since 1970, in UTC."""
    return datetime.fromtimestamp(millis / 1000.0, UTC)


def local_day(at: datetime, zone: ZoneInfo) -> str:
    """The session's date of a daily bar that carries its local midnight."""
    return at.astimezone(zone).date().isoformat()


def end_of(day: date, zone: ZoneInfo) -> str:
    """The last second of a local day, as RFC 3339."""
    return datetime.combine(day, time(23, 59, 59), zone).isoformat()

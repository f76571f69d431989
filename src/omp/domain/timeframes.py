"""Lengths of a bar: their names, and other spellings of the same."""

from collections.abc import Mapping

from omp.domain.errors import InvalidInput

MINUTES: Mapping[str, int] = {"1m": 1, "5m": 5, "10m": 10, "15m": 15, "30m": 30, "1h": 60}
"""Minutes of the lengths below a day."""

DAILY = "1d"
TIMEFRAMES: tuple[str, ...] = (*MINUTES, DAILY)
"""Every length, the shortest first; the only spelling that is written anywhere."""

ALIASES: Mapping[str, str] = {
    **{f"{minutes}min": name for name, minutes in MINUTES.items() if minutes < 60},
    "60m": "1h",
    "60min": "1h",
    "hourly": "1h",
    "daily": DAILY,
}
"""Other spellings that are read."""


def timeframe_of(text: str) -> str:
    """The name of a length of bars, whichever way it is spelled.

    Raises:
        InvalidInput: when it is none.
    """
    name = ALIASES.get(text, text)
    if name not in TIMEFRAMES:
        raise InvalidInput(
            f"timeframe {text!r}",
            allowed=", ".join(TIMEFRAMES),
            remedy="name one of these timeframes; 5min is read as 5m, daily as 1d",
        )
    return name

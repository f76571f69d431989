"""Tables and values for people: plain text that is the same on a terminal and in a file."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

_GOOD = frozenset(
    {"running", "completed", "pass", "active", "promoted", "enabled", "resolved", "ok"}
)
_BAD = frozenset({"failed", "reject", "quarantined", "removed", "SEV-0", "SEV-1", "failing"})
_NOTE = frozenset(
    {"queued", "paused", "wait", "waiting", "research", "unknown", "flagged", "open", "SEV-2"}
)
_CODES = {"good": "32", "bad": "31", "note": "33", "head": "1"}

Format = Callable[[Any], str]


def has_colour() -> bool:
    """Colour only on a terminal, and never against NO_COLOR."""
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def _paint(text: str, tone: str) -> str:
    return f"\x1b[{_CODES[tone]}m{text}\x1b[0m"


def _tone(word: str) -> str | None:
    for tone, words in (("good", _GOOD), ("bad", _BAD), ("note", _NOTE)):
        if word in words:
            return tone
    return None


def clean(text: str) -> str:
    """Text without control characters, so that no name from a file can move the cursor."""
    return "".join(one if one.isprintable() else "?" for one in text)


def plain(value: Any) -> str:
    """One value in words."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(plain(one) for one in value) or "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items()) or "-"
    return clean(str(value))


def number(digits: int) -> Format:
    """A float with so many digits after the point."""
    return lambda value: "-" if value is None else f"{value:.{digits}f}"


def share(value: Any) -> str:
    """A fraction as per cent."""
    return "-" if value is None else f"{100 * value:.1f} %"


def seconds(value: Any) -> str:
    """A duration in the largest fitting units."""
    if value is None:
        return "-"
    left = max(0, round(value))
    if left < 60:
        return f"{left} s"
    if left < 3600:
        return f"{left // 60} min {left % 60:02d} s"
    if left < 86400:
        return f"{left // 3600} h {left % 3600 // 60:02d} min"
    return f"{left // 86400} d {left % 86400 // 3600} h"


def instant(value: Any) -> str:
    """An ISO instant to the second, UTC."""
    if not value:
        return "-"
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError:
        return clean(str(value))
    if when.tzinfo is not None:
        when = when.astimezone(UTC)
    return when.strftime("%Y-%m-%d %H:%M:%S")


def table(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[tuple[str, str] | tuple[str, str, Format]],
    *,
    empty: str = "nothing here",
) -> list[str]:
    """Rows as aligned columns.

    Args:
        rows: Records.
        columns: (key, heading) or (key, heading, format) of each column.
        empty: What to say when there is no row.
    """
    formats = [column[2] if len(column) == 3 else plain for column in columns]
    cells = [
        [fmt(row.get(column[0])) for column, fmt in zip(columns, formats, strict=True)]
        for row in rows
    ]
    if not cells:
        return [empty]
    heads = [column[1] for column in columns]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    colour = has_colour()
    lines = [_line(heads, widths, colour=colour, is_head=True)]
    return lines + [_line(row, widths, colour=colour) for row in cells]


def _line(
    cells: Sequence[str], widths: Sequence[int], *, colour: bool, is_head: bool = False
) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    padded[-1] = cells[-1]
    if colour:
        padded = [_coloured(cell, is_head=is_head) for cell in padded]
    return "  ".join(padded).rstrip()


def _coloured(cell: str, *, is_head: bool) -> str:
    tone = "head" if is_head else _tone(cell.strip())
    return _paint(cell, tone) if tone else cell


def record(
    values: Mapping[str, Any], formats: Mapping[str, Format] | None = None, *, indent: str = ""
) -> list[str]:
    """One record, a line a key."""
    formats = formats or {}
    width = max((len(key) for key in values), default=0)
    lines = []
    for key, value in values.items():
        text = formats.get(key, plain)(value)
        tone = _tone(text) if has_colour() else None
        lines.append(f"{indent}{key.ljust(width)}  {_paint(text, tone) if tone else text}")
    return lines

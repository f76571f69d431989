"""The calendar picture of a snapshot: each symbol's months, whole or with sessions missing.

Drawn from the snapshot's `calendar.json` and its certificate; each row also says in words and
numbers what its picture shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HEIGHT = 16
MANY_MISSING = 0.2
"""From this share of a month's sessions on, a month counts as bad."""

WHOLE, GAP, BAD, FAULT, ACCEPTED = "whole", "gap", "bad", "fault", "accepted"
WORDS = {
    WHOLE: "every session has its bars",
    GAP: "sessions without bars",
    BAD: "many sessions without bars",
    FAULT: "a fault of readiness",
    ACCEPTED: "a fault that was accepted",
}


@dataclass(frozen=True)
class Cell:
    """Consecutive months of one kind: from `x` on, `width` wide, both in pixels."""

    x: int
    width: int
    kind: str
    title: str


@dataclass(frozen=True)
class Row:
    """One symbol."""

    symbol: str
    cells: tuple[Cell, ...]
    words: str
    first: str
    last: str
    sessions: int
    missing: int
    faults: int


@dataclass(frozen=True)
class Picture:
    """The whole: its rows, the worst first, and the years above them.

    Args:
        years: (x, year) of each label.
        sealed_x: where the sealed part begins; None where that is not known.
        n_symbols: how many rows there are in all.
        calendar: `venue`, or `own bars` where the venue's calendar does not reach.
    """

    rows: tuple[Row, ...]
    years: tuple[tuple[int, str], ...]
    width: int
    height: int
    sealed_x: int | None
    n_symbols: int
    calendar: str

    @property
    def symbols_at_fault(self) -> int:
        return sum(1 for row in self.rows if row.missing or row.faults)


def picture(
    calendar: Mapping[str, Any] | None,
    certificate: Mapping[str, Any],
    *,
    boundary: str,
    limit: int | None = None,
) -> Picture | None:
    """The picture of a snapshot; None where its months were not counted, or cannot be read.

    Args:
        calendar: What `calendar.json` says.
        certificate: What `readiness.json` says.
        boundary: First sealed instant, ISO.
        limit: At most so many symbols, the worst first; None for all.
    """
    try:
        if not calendar or not calendar["months"]:
            return None
        start = _month(str(calendar["first_month"]))
        months = int(calendar["months"])
        pixels = max(2, min(10, 900 // months))
        faults = _by_symbol(certificate.get("faults") or (), start)
        accepted = _by_symbol(certificate.get("accepted") or (), start)
        _add_months(certificate, start, faults, accepted)
        rows = [
            _row(symbol, one, start, pixels, faults.get(symbol, {}), accepted.get(symbol, {}))
            for symbol, one in calendar["symbols"].items()
        ]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None
    rows.sort(key=lambda row: (-row.faults, -row.missing, row.symbol))
    every = max(1, -(-45 // (12 * pixels)))
    return Picture(
        tuple(rows[:limit]),
        tuple(
            ((12 * year - start) * pixels, str(year))
            for year in range(-(-start // 12), (start + months) // 12 + 1)
            if year % every == 0 and 0 <= 12 * year - start < months
        ),
        months * pixels,
        HEIGHT,
        max(0, (_month(boundary) - start) * pixels),
        len(rows),
        str(calendar.get("calendar", "venue")),
    )


def _month(text: str) -> int:
    return int(text[:4]) * 12 + int(text[5:7]) - 1


def _named(month: int) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def _by_symbol(faults: Sequence[Any], start: int) -> dict[str, dict[int, list[str]]]:
    found: dict[str, dict[int, list[str]]] = {}
    for one in faults:
        if isinstance(one, Mapping) and one.get("time") and one.get("symbol"):
            month = _month(str(one["time"])) - start
            found.setdefault(str(one["symbol"]), {}).setdefault(month, []).append(str(one["rule"]))
    return found


def _add_months(
    certificate: Mapping[str, Any],
    start: int,
    faults: dict[str, dict[int, list[str]]],
    accepted: dict[str, dict[int, list[str]]],
) -> None:
    """Put every month in which a rule found something beside the month of its first finding."""
    severity = certificate.get("severity") or {}
    taken = {(one["rule"], one["symbol"]) for one in certificate.get("accepted") or ()}
    for symbol, months in (certificate.get("flagged_months") or {}).items():
        for month, rules in months.items():
            for rule in rules:
                if severity.get(rule) == "flag":
                    continue
                kind = accepted if (rule, symbol) in taken else faults
                listed = kind.setdefault(symbol, {}).setdefault(_month(month) - start, [])
                listed += [] if rule in listed else [rule]


def _row(
    symbol: str,
    counted: Mapping[str, Any],
    start: int,
    pixels: int,
    faults: Mapping[int, list[str]],
    accepted: Mapping[int, list[str]],
) -> Row:
    begin = int(counted["start"])
    kinds: list[tuple[str, str]] = []
    for offset, (sessions, missing) in enumerate(
        zip(counted["sessions"], counted["missing"], strict=True)
    ):
        month = begin + offset
        kinds.append(_kind(month, sessions, missing, start, faults, accepted))
    cells: list[Cell] = []
    for offset, (kind, title) in enumerate(kinds):
        x = (begin + offset) * pixels
        if cells and kind == WHOLE == cells[-1].kind:
            before = cells.pop()
            cells.append(Cell(before.x, before.width + pixels, WHOLE, ""))
        else:
            cells.append(Cell(x, pixels, kind, title))
    sessions, missing = sum(counted["sessions"]), sum(counted["missing"])
    first, last = _named(start + begin), _named(start + begin + len(kinds) - 1)
    worst = [title for kind, title in kinds if kind != WHOLE]
    words = f"{symbol}, {first} to {last}: {missing} of {sessions} sessions without bars"
    if worst:
        words += "; " + "; ".join(worst[:3]) + ("; …" if len(worst) > 3 else "")
    n_faults = sum(len(rules) for rules in faults.values())
    return Row(symbol, tuple(cells), words, first, last, sessions, missing, n_faults)


def _kind(
    month: int,
    sessions: int,
    missing: int,
    start: int,
    faults: Mapping[int, list[str]],
    accepted: Mapping[int, list[str]],
) -> tuple[str, str]:
    name = _named(start + month)
    lacking = f"{missing} of {sessions} sessions without bars" if missing else ""
    for kind, known in ((FAULT, faults), (ACCEPTED, accepted)):
        if month in known:
            told = ", ".join(dict.fromkeys(known[month]))
            word = "accepted" if kind == ACCEPTED else "fault"
            return kind, f"{name}: {word} {told}" + (f", {lacking}" if lacking else "")
    if not missing:
        return WHOLE, ""
    return (BAD if missing >= MANY_MISSING * sessions else GAP), f"{name}: {lacking}"

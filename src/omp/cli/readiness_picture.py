"""The certificate of a data set for the terminal: its faults, and its months in characters."""

from collections.abc import Mapping, Sequence
from typing import Any

from omp.cli.printing import clean, plain

WIDTH = 96
"""Characters of a row; longer histories have several months to a character."""
ROWS = 40
SHOWN = 40
WHOLE, FLAGGED, ACCEPTED, FAULT = ".", "f", "a", "x"
LEGEND = ". whole, 1-9 sessions missing (9: or more), f flagged, a accepted, x fault"
_ORDER = f" {WHOLE}{FLAGGED}123456789{ACCEPTED}{FAULT}"


def certificate_lines(certificate: Mapping[str, Any]) -> list[str]:
    """Faults, rules without an answer, what was accepted and what was flagged."""
    lines = _listed("", certificate.get("faults"))
    unknown = certificate.get("unknown") or {}
    lines += [f"- {rule}: unknown: {plain(why)}" for rule, why in unknown.items()]
    lines += _listed("accepted as real", certificate.get("accepted"))
    lines += _listed("flagged", certificate.get("flags"))
    counts = certificate.get("counts") or {}
    if counts:
        lines.append("counts: " + ", ".join(f"{key} {value}" for key, value in counts.items()))
    return lines


def calendar_lines(calendar: Mapping[str, Any] | None, certificate: Mapping[str, Any]) -> list[str]:
    """Each symbol's months, the worst symbols first; nothing where they were not counted.

    Args:
        calendar: What `calendar.json` says.
        certificate: What `readiness.json` says.
    """
    try:
        if not calendar or not calendar["months"]:
            return []
        start, months = _month(str(calendar["first_month"])), int(calendar["months"])
        kinds = _kinds(certificate)
        rows = [
            (symbol, _row(one, start, months, kinds.get(symbol, {}), kinds.get("*", {})))
            for symbol, one in calendar["symbols"].items()
        ]
        missing = {symbol: sum(one["missing"]) for symbol, one in calendar["symbols"].items()}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return []
    step = -(-months // WIDTH)
    rows.sort(key=lambda row: (-_badness(row[1]), -missing[row[0]], row[0]))
    wide = max([len(symbol) for symbol, _ in rows[:ROWS]], default=1)
    span = f"{_named(start)} to {_named(start + months - 1)}"
    lines = ["", f"calendar, {span}, {step} month{'s' if step > 1 else ''} a character: {LEGEND}"]
    lines.append(" " * wide + "  " + _years(start, months, step))
    lines += [f"{clean(symbol):<{wide}}  {_narrow(cells, step)}" for symbol, cells in rows[:ROWS]]
    if len(rows) > ROWS:
        lines.append(f"and {len(rows) - ROWS} more symbols, none of them worse")
    return lines


def _listed(title: str, faults: Sequence[Any] | None) -> list[str]:
    found = list(faults or ())
    lines = [f"{title}:"] if title and found else []
    for one in found[:SHOWN]:
        if not isinstance(one, Mapping):
            lines.append(f"- {plain(one)}")
            continue
        place = " ".join(str(one[key]) for key in ("rule", "symbol", "time") if one.get(key))
        values = f" ({one['values']})" if one.get("values") else ""
        lines.append(
            clean(f"- {place}: {one.get('detail', '')}{values}. What to do: {one.get('remedy')}")
        )
    if len(found) > SHOWN:
        lines.append(f"- and {len(found) - SHOWN} more")
    return lines


def _kinds(certificate: Mapping[str, Any]) -> dict[str, dict[int, str]]:
    """Symbol → month → the gravest kind of what was found in it."""
    accepted = {(one["rule"], one["symbol"]) for one in certificate.get("accepted") or ()}
    severity = certificate.get("severity") or {}
    found: dict[str, dict[int, str]] = {}
    for symbol, months in (certificate.get("flagged_months") or {}).items():
        for month, rules in months.items():
            kinds = [
                FLAGGED
                if severity.get(rule) == "flag"
                else ACCEPTED
                if (rule, symbol) in accepted
                else FAULT
                for rule in rules
            ]
            found.setdefault(symbol, {})[_month(month)] = max(kinds, key=_ORDER.index)
    return found


def _row(
    one: Mapping[str, Any],
    start: int,
    months: int,
    own: Mapping[int, str],
    common: Mapping[int, str],
) -> str:
    cells = [" "] * months
    for offset, missing in enumerate(one["missing"]):
        cells[int(one["start"]) + offset] = str(min(9, missing)) if missing else WHOLE
    for marks in (common, own):
        for month, kind in marks.items():
            at = month - start
            if 0 <= at < months:
                cells[at] = max(cells[at], kind, key=_ORDER.index)
    return "".join(cells)


def _narrow(cells: str, step: int) -> str:
    parts = (cells[at : at + step] for at in range(0, len(cells), step))
    return "".join(max(part, key=_ORDER.index) for part in parts).rstrip()


def _years(start: int, months: int, step: int) -> str:
    line = [" "] * (-(-months // step) + 4)
    last = -6
    for year in range(-(-start // 12), (start + months - 1) // 12 + 1):
        at = (12 * year - start) // step
        if at - last >= 6:
            line[at : at + 4] = str(year)
            last = at
    return "".join(line).rstrip()


def _badness(cells: str) -> int:
    return max((_ORDER.index(one) for one in cells), default=0)


def _month(text: str) -> int:
    return int(text[:4]) * 12 + int(text[5:7]) - 1


def _named(month: int) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}"

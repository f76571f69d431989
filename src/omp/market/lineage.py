"""Lineages: which data share trials, looks and one boundary.

A lineage is a market, its instruments and a span of calendar time, not a file digest.
Data that share one instrument of one venue and overlap in dates belong together, whatever their
timeframe; the earliest boundary of all they touch holds, but an opened one never goes back.
Environments are never mixed in one count, so the demo's series and the user's own of the same
name are two lineages.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omp.domain.errors import Damaged
from omp.market.splits import parse_iso


@dataclass(frozen=True)
class Lineage:
    """A known lineage: its instruments, its span and the first sealed instant (UTC ns).

    Args:
        opened: whether a later window than its first was opened; that boundary never goes back.
    """

    name: str
    environment: str
    venue: str | None
    instruments: frozenset[str]
    first_ns: int
    last_ns: int
    boundary_ns: int
    opened: bool = False

    def meets(
        self, environment: str, venue: str, symbols: Iterable[str], first_ns: int, last_ns: int
    ) -> bool:
        """Whether data of these symbols and this span belong to the lineage."""
        return (
            self.environment == environment
            and self.venue in (None, venue)
            and self.first_ns <= last_ns
            and first_ns <= self.last_ns
            and not self.instruments.isdisjoint(symbols)
        )


def from_record(record: dict[str, Any], symbols_key: str = "instruments") -> Lineage:
    """A lineage from its record in `lineages.json` or from a snapshot's manifest.

    A bare date as `last` means the whole of that day.
    """
    last = str(record["last"])
    last_ns = parse_iso(last) + (86_399_999_999_999 if len(last) == len("2000-01-01") else 0)
    return Lineage(
        name=str(record["lineage"]),
        environment=str(record["environment"]),
        venue=record.get("venue"),
        instruments=frozenset(record[symbols_key]),
        first_ns=parse_iso(str(record["first"])),
        last_ns=last_ns,
        boundary_ns=parse_iso(str(record["boundary"])),
        opened=bool(record.get("opened_at")),
    )


def read_lineages(path: Path) -> tuple[Lineage, ...]:
    """The lineages the orchestrator has exported; an absent file means none.

    Raises:
        Damaged: when the file is there and cannot be understood; no boundary is guessed.
    """
    if not path.exists():
        return ()
    try:
        listed = json.loads(path.read_bytes())["lineages"]
        return tuple(from_record(record) for record in listed)
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(
            f"the list of lineages at {path} cannot be read ({error!r})",
            allowed="the file the orchestrator exports",
            remedy="start the daemon once, so that it is exported again, or restore it",
        ) from error


def meeting(
    known: Sequence[Lineage],
    *,
    environment: str,
    venue: str,
    symbols: Sequence[str],
    first_ns: int,
    last_ns: int,
    also: Collection[str] = (),
) -> tuple[Lineage, ...]:
    """The known lineages that data of these symbols and this span belong to, transitively.

    `also` names lineages they belong to in any case, because their bars are there.

    Joined lineages are one, so whoever meets one of them meets all of them.
    """
    found = [one for one in known if one.name in also and one.environment == environment]
    spans = [(one.instruments, one.first_ns, one.last_ns) for one in found]
    spans.append((frozenset(symbols), first_ns, last_ns))
    while spans:
        instruments, first, last = spans.pop()
        for one in known:
            if one not in found and one.meets(environment, venue, instruments, first, last):
                found.append(one)
                spans.append((one.instruments, one.first_ns, one.last_ns))
    return tuple(found)

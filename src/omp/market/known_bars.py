"""Whether the bars of new data are there already, under whatever name."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from omp.domain.errors import OmpError
from omp.market.bars import Panel
from omp.market.lineage import from_record
from omp.market.sketch import Sketch, load, same, sketch
from omp.market.snapshot import Snapshot

COMPARED = {"real": ("real", "test"), "test": ("test", "real"), "demo": ("demo",)}
"""Environments whose bars are compared, by that of the new data. Of another environment it is only
said: lineages never join across them. A made market is known by its seed and compared with none."""


class Shelf(Protocol):
    """Where snapshots lie: the catalog."""

    sealed: Path

    def digests(self) -> tuple[str, ...]: ...
    def resolve(self, source: str) -> Snapshot: ...
    def whole(self, digest: str) -> Panel: ...


@dataclass(frozen=True)
class SameBars:
    """A symbol of the new data whose bars another snapshot has.

    Args:
        symbol: its name in the new data. known_as: its name in the other.
        lineage, venue, environment: the other's.
    """

    symbol: str
    known_as: str
    lineage: str
    venue: str
    environment: str

    def record(self) -> dict[str, Any]:
        return asdict(self)


def known_bars(
    shelf: Shelf, panel: Panel, environment: str, met: Collection[str]
) -> tuple[SameBars, ...]:
    """Symbols of a panel that are in lineages it does not meet by name, one entry for each lineage.

    Args:
        shelf: the snapshots there are.
        panel: the whole new series.
        environment: its environment.
        met: lineages it meets by name.
    """
    others = list(_others(shelf, panel, environment, met))
    if not others:
        return ()
    mine = sketch(panel)
    found: dict[tuple[str, str], SameBars] = {}
    for other in others:
        kept = _sketch_of(shelf, other)
        for symbol, known_as in same(mine, kept) if kept else ():
            lineage = str(other.manifest["lineage"])
            entry = SameBars(symbol, known_as, lineage, other.venue, other.environment)
            found.setdefault((symbol, lineage), entry)
    return tuple(found[key] for key in sorted(found))


def _others(
    shelf: Shelf, panel: Panel, environment: str, met: Collection[str]
) -> Iterable[Snapshot]:
    first_ns, last_ns = int(panel.timestamp[0]), int(panel.timestamp[-1])
    for digest in shelf.digests() if environment in COMPARED else ():
        one = shelf.resolve(digest)
        if one.environment not in COMPARED[environment]:
            continue
        span = from_record(one.manifest, "symbols")
        is_met = one.environment == environment and span.name in met
        if not is_met and span.first_ns <= last_ns and first_ns <= span.last_ns:
            yield one


def _sketch_of(shelf: Shelf, found: Snapshot) -> Sketch | None:
    """A snapshot's sketch, made from its bars where none is kept.

    It tells of sealed bars and lies with them; hidden, for it can be made again. A snapshot whose
    bars cannot be read is known by its names alone: `omp verify` reports it, no import fails.
    """
    path = shelf.sealed / ".sketches" / f"{found.digest}.npz"
    kept = load(path)
    if kept is None:
        try:
            kept = sketch(shelf.whole(found.digest))
        except OmpError:
            return None
        kept.save(path)
    return kept

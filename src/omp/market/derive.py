"""A data set made from another one: longer bars, a universe, a yield of cash; a new snapshot.

Both parts of the parent are read, the child is judged like an import, and the lineage's boundary
holds for it too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import blake3
import numpy as np

from omp.domain.errors import DataNotReady, InvalidInput
from omp.market.acquire import Sealing
from omp.market.bars import Bars, Int, make_panel
from omp.market.cash import read_yields, with_yields
from omp.market.catalog import Catalog, Source
from omp.market.certificate import Certificate
from omp.market.lineage import meeting
from omp.market.overlap import compare
from omp.market.readiness import judge_panel
from omp.market.resample import resample, timeframe_of
from omp.market.snapshot import READINESS_FILE, Snapshot
from omp.market.splits import parse_iso
from omp.market.universes import Universe, ibov, members, read_membership, static
from omp.market.venues import Venue, venue
from omp.market.venues.base import DAY_NS


@dataclass(frozen=True)
class Change:
    """What is done to the parent; what is empty or None is not.

    Args:
        to: the longer timeframe.
        universe: name of the universe.
        membership: its membership file.
        symbols: or its symbols.
        yields: table of annual yields of cash.
        cash: their name.
        convention: how they are quoted, where the name does not imply it.
    """

    to: str = ""
    universe: str = ""
    membership: Path | None = None
    symbols: Sequence[str] = ()
    yields: Path | None = None
    cash: str = ""
    convention: str = ""


def derive(
    catalog: Catalog,
    parent: str,
    change: Change,
    *,
    name: str,
    accept: Sequence[str] = (),
    sealing: Sealing | None = None,
    engine_version: str = "",
) -> Snapshot:
    """Make a data set from another one and publish it under a name.

    Args:
        catalog: where both lie.
        parent: a data set's name or a digest.
        change: what is done.
        name: the new data set's name; the parent's own name makes it the parent's next snapshot.
        accept: rules of readiness whose faults are real, beside those accepted of the parent.
        sealing: how a new lineage is cut.
        engine_version: version of the program, for the record.

    Raises:
        NotFound, Damaged: when the parent does not exist, or is not what its digest says.
        InvalidInput: when nothing is to be changed, or a change does not fit the data.
        DataNotReady: when a table, or what comes out, has faults.
    """
    cut = sealing or Sealing()
    found = catalog.resolve(parent)
    place = venue(found.venue)
    bars: tuple[Bars, ...] = catalog.whole(found.digest)
    timeframe, done = found.timeframe, dict[str, Any]()
    if change.to:
        timeframe = timeframe_of(change.to)
        boundary_ns = _boundary(catalog, found)
        bars = resample(bars, found.timeframe, timeframe, place, boundary_ns=boundary_ns)
        done["timeframe"] = {"from": found.timeframe, "to": timeframe}
    if change.universe:
        chosen = _universe(change)
        bars = members(chosen, bars, [sessions(one.timestamp, timeframe, place) for one in bars])
        done["universe"] = {
            "name": chosen.name,
            "point_in_time": chosen.is_point_in_time,
            "source": chosen.source,
            "members": len(bars),
        }
    panel = make_panel(bars, timeframe, place.name, place.bars_per_year(timeframe))
    if change.yields is not None:
        yields = read_yields(change.yields, change.cash, change.convention)
        panel = with_yields(panel, yields, sessions(panel.timestamp, timeframe, place))
        table = blake3.blake3(change.yields.read_bytes()).hexdigest()
        done["cash"] = {"name": yields.name, "convention": yields.convention, "table": table}
    if not done:
        raise InvalidInput(
            f"nothing is to be changed in {parent}",
            allowed="a longer timeframe, a universe, yields of cash",
            remedy="name at least one of them",
        )
    certificate = judge_panel(
        panel,
        place,
        accept=sorted({*accept, *_accepted(found)}),
        sealed_fraction=cut.sealed_fraction,
        min_sealed_bars=cut.min_bars,
    )
    inherited = {
        key: found.manifest[key] for key in ("prices", "universe") if key in found.manifest
    }
    remarks = (
        inherited | done | {"parents": [found.digest], "changes": compare(catalog, name, panel)}
    )
    return catalog.publish(
        panel,
        name=name,
        environment=found.environment,
        source=Source(
            importer="derived",
            path_name=found.name,
            licence=str(found.manifest["source"].get("licence", "not stated")),
            provenance={"parent": found.digest, "change": done},
        ),
        certificate=certificate,
        sealed_fraction=cut.sealed_fraction,
        min_sealed_bars=cut.min_bars,
        engine_version=engine_version,
        remarks=remarks,
    )


def sessions(stamps: Int, timeframe: str, place: Venue) -> Int:
    """Day number (since 1970-01-01) of the local date of each bar, [T]."""
    if timeframe == "1d":
        return stamps // DAY_NS
    zone = ZoneInfo(place.timezone)
    import polars as pl

    local = pl.Series(stamps).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone.key)
    return local.dt.date().cast(pl.Int32).to_numpy().astype(np.int64)


def _universe(change: Change) -> Universe:
    if change.membership is not None:
        return read_membership(change.membership, change.universe)
    if change.symbols:
        return static(change.universe, change.symbols, "named by the user: one day's list")
    if change.universe == "ibov":
        return ibov()
    raise InvalidInput(
        f"the universe {change.universe!r} without a list",
        allowed="ibov, or any name with --membership FILE or --symbols A,B",
        remedy="name the membership file or the symbols",
    )


def _boundary(catalog: Catalog, found: Snapshot) -> int:
    """The earliest boundary that the parent's lineage has by now."""
    known = meeting(
        catalog.lineages(),
        environment=found.environment,
        venue=found.venue,
        symbols=found.symbols,
        first_ns=parse_iso(str(found.manifest["first"])),
        last_ns=parse_iso(str(found.manifest["last"])),
    )
    return min([parse_iso(found.boundary), *(one.boundary_ns for one in known)])


def _accepted(found: Snapshot) -> set[str]:
    """The rules whose faults were accepted when the parent was imported."""
    import json

    try:
        record = json.loads((found.path / READINESS_FILE).read_bytes())
        return {one.rule for one in Certificate.from_record(record).accepted}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataNotReady(
            f"the certificate of {found.name} cannot be read: {error}",
            allowed="a parent whose certificate is whole",
            remedy="import the parent again",
        ) from error

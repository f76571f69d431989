"""A data set made from another one: repaired, longer bars, a universe, a yield of cash.

Both parts of the parent are read, the child is judged like an import, and the lineage's boundary
holds for it too. The parent stays what it is.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import blake3

from omp.domain.boundary import standing
from omp.domain.errors import DataNotReady, InvalidInput
from omp.domain.timeframes import timeframe_of
from omp.market.acquire import Sealing
from omp.market.bars import Bars, Panel, make_panel
from omp.market.cash import carried, read_yields, with_yields
from omp.market.catalog import Catalog, Source
from omp.market.certificate import Certificate
from omp.market.lineage import meeting
from omp.market.overlap import compare
from omp.market.readiness import Known, judge_panel
from omp.market.readiness_rule import Context
from omp.market.repairs import repair_panel
from omp.market.resample import resample
from omp.market.snapshot import READINESS_FILE, Snapshot
from omp.market.splits import parse_iso
from omp.market.universes import Universe, members, named_universe, sessions
from omp.market.venues import venue

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Change:
    """What is done to the parent, in this order; what is empty or None is not.

    Args:
        to: the longer timeframe.
        universe: name of the universe.
        membership: its membership file.
        symbols: or its symbols.
        yields: table of annual yields of cash.
        cash: their name.
        convention: how they are quoted, where the name does not imply it.
        repair: rules of readiness whose bars are taken away, before all else.
    """

    to: str = ""
    universe: str = ""
    membership: Path | None = None
    symbols: Sequence[str] = ()
    yields: Path | None = None
    cash: str = ""
    convention: str = ""
    repair: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Derived:
    """What would be published: the bars that come out, and what readiness says of them.

    Args:
        parent: the snapshot it is made from.
        panel: both parts.
        done: what was done, for the manifest.
        certificate: the answer of readiness.
    """

    parent: Snapshot
    panel: Panel
    done: Mapping[str, Any]
    certificate: Certificate


def prepare(
    catalog: Catalog,
    parent: str,
    change: Change,
    *,
    accept: Sequence[str] = (),
    sealing: Sealing | None = None,
) -> Derived:
    """Make and judge a change of a data set; nothing is written.

    Args:
        catalog: where it lies.
        parent: a data set's name or a digest.
        change: what is done.
        accept: rules of readiness whose faults are real, beside those accepted of the parent.
        sealing: how a new lineage is cut.

    Raises:
        NotFound, Damaged: when the parent does not exist, or is not what its digest says.
        InvalidInput: when nothing is to be changed, or a change does not fit the data.
        DataNotReady: when a table has faults.
    """
    cut = sealing or Sealing()
    found = catalog.resolve(parent)
    place = venue(found.venue)
    whole = catalog.whole(found.digest)
    bars, timeframe, done = whole.bars, found.timeframe, dict[str, Any]()
    prices = found.manifest.get("prices") or {}
    adjusted, chosen = prices.get("adjusted"), None
    if change.repair:

        def context_of(frame: "pl.DataFrame") -> Context:
            lengths = (cut.sealed_fraction, cut.min_bars)
            known = Known(adjusted=adjusted)
            return Context.of(frame, place, timeframe, *lengths, time.time_ns(), known)

        bars, repairs = repair_panel(whole, context_of, change.repair)
        if not repairs:
            raise InvalidInput(
                f"{', '.join(change.repair)} names no bar of {parent}",
                allowed="rules that have named bars of it, accepted or flagged",
                remedy=f"omp data check {found.name} lists them",
            )
        done["repairs"] = [asdict(one) for one in repairs]
    if change.to:
        timeframe = timeframe_of(change.to)
        boundary_ns = _boundary(catalog, found)
        bars = resample(bars, found.timeframe, timeframe, place, boundary_ns=boundary_ns)
        done["timeframe"] = {"from": found.timeframe, "to": timeframe}
    if change.universe:
        chosen = named_universe(change.universe, change.membership, change.symbols)
        days = [sessions(one.timestamp, timeframe, place) for one in bars]
        bars = members(chosen, bars, days)
        done["universe"] = _facts(chosen, bars, change.membership)
    panel = make_panel(bars, timeframe, place.name, place.bars_per_year(timeframe))
    panel = carried(whole, panel)
    if change.yields is not None:
        yields = read_yields(change.yields, change.cash, change.convention)
        panel = with_yields(panel, yields, sessions(panel.timestamp, timeframe, place))
        table = blake3.blake3(change.yields.read_bytes()).hexdigest()
        done["cash"] = {"name": yields.name, "convention": yields.convention, "table": table}
    if not done:
        raise InvalidInput(
            f"nothing is to be changed in {parent}",
            allowed="repairs, a longer timeframe, a universe, yields of cash",
            remedy="name at least one of them",
        )
    by_date = chosen is None and (found.manifest.get("universe") or {}).get("point_in_time")
    certificate = judge_panel(
        panel,
        place,
        accept=sorted({*accept, *_accepted(found)}),
        exempt=("survivorship",) if by_date else (),
        sealed_fraction=cut.sealed_fraction,
        min_sealed_bars=cut.min_bars,
        known=Known(adjusted=adjusted, universe=chosen),
    )
    return Derived(found, panel, done, certificate)


def judge_again(
    catalog: Catalog,
    found: Snapshot,
    universe: str = "",
    membership: Path | None = None,
    symbols: Sequence[str] = (),
    *,
    max_age_days: float | None = None,
) -> Certificate:
    """What readiness says now of both parts of a snapshot, with what is known beside them.

    Args:
        found: the snapshot.
        universe: name of the universe its symbols should be members of, with its list.
        membership: the members by date.
        symbols: or the members.
        max_age_days: most days since the last bar.

    Returns:
        The certificate; no value of a sealed bar is in it.
    """
    members = named_universe(universe, membership, symbols) if universe else None
    made_of = found.manifest.get("universe") or {}
    adjusted = (found.manifest.get("prices") or {}).get("adjusted")
    certificate = judge_panel(
        catalog.whole(found.digest),
        venue(found.venue),
        accept=sorted(_accepted(found)),
        exempt=("survivorship",) if members is None and made_of.get("point_in_time") else (),
        known=Known(adjusted=adjusted, max_age_days=max_age_days, universe=members),
    )
    return certificate.bound(found.digest, found.boundary)


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
        name: the new data set's name; the parent's own name makes it the parent's next snapshot.
        engine_version: version of the program, for the record.

    Raises:
        DataNotReady: when a table, or what comes out, has faults; else as `prepare`.
    """
    made = prepare(catalog, parent, change, accept=accept, sealing=sealing)
    return publish_derived(catalog, made, name=name, sealing=sealing, engine_version=engine_version)


def publish_derived(
    catalog: Catalog,
    made: Derived,
    *,
    name: str,
    sealing: Sealing | None = None,
    engine_version: str = "",
) -> Snapshot:
    """Publish what was prepared, if the answer of readiness is a plain yes.

    Raises:
        DataNotReady: with every fault of what came out.
    """
    made.certificate.require(name)
    cut, found = sealing or Sealing(), made.parent
    kept = ("prices", "universe", "cash")
    inherited = {key: found.manifest[key] for key in kept if found.manifest.get(key)}
    remarks = {
        **inherited,
        **made.done,
        "parents": [found.digest],
        "changes": compare(catalog, name, made.panel),
    }
    return catalog.publish(
        made.panel,
        name=name,
        environment=found.environment,
        source=Source(
            importer="derived",
            path_name=found.name,
            licence=str(found.manifest["source"].get("licence", "not stated")),
            provenance={"parent": found.digest, "change": dict(made.done)},
        ),
        certificate=made.certificate,
        sealed_fraction=cut.sealed_fraction,
        min_sealed_bars=cut.min_bars,
        engine_version=engine_version,
        remarks=remarks,
    )


def _facts(chosen: Universe, bars: Sequence[Bars], membership: Path | None) -> dict[str, Any]:
    """What a manifest keeps of a universe."""
    facts = {
        "name": chosen.name,
        "point_in_time": chosen.is_point_in_time,
        "source": chosen.source,
        "members": len(bars),
    }
    if membership is not None:
        facts["table"] = blake3.blake3(membership.read_bytes()).hexdigest()
    return facts


def _boundary(catalog: Catalog, found: Snapshot) -> int:
    """The boundary that the parent's lineage has by now."""
    known = meeting(
        catalog.lineages(),
        environment=found.environment,
        venue=found.venue,
        symbols=found.symbols,
        first_ns=parse_iso(str(found.manifest["first"])),
        last_ns=parse_iso(str(found.manifest["last"])),
    )
    cuts = [(one.boundary_ns, one.opened) for one in known]
    return standing([(parse_iso(found.boundary), False), *cuts])


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

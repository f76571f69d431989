"""The ways data enter a workspace: a file is imported, a market is made, the demo is unpacked.

Each is the same walk: read, judge, lay on a calendar, publish. Whatever stops it leaves the
workspace as it was.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omp.market import demo
from omp.market.bars import FIELDS, Bars, Panel, make_panel
from omp.market.catalog import Catalog, Source
from omp.market.certificate import Certificate
from omp.market.examine import Examined, Request, examine
from omp.market.importers import Options
from omp.market.overlap import compare
from omp.market.readiness import Known, judge_panel
from omp.market.snapshot import Snapshot
from omp.market.synthetic import Recipe, generate
from omp.market.venues import Venue, venue

if TYPE_CHECKING:
    import polars as pl


UNASKED = ("spin_off",)
"""Rules that made markets are not asked: no news makes their volumes, and their jumps are true."""


@dataclass(frozen=True)
class Sealing:
    """How a new lineage is cut: the share that is sealed, and the fewest bars of each part."""

    sealed_fraction: float = 0.3
    min_bars: int = 250


def import_files(
    catalog: Catalog,
    path: Path,
    *,
    name: str,
    venue_name: str = "",
    options: Options,
    importer: str | None = None,
    symbols: Sequence[str] = (),
    accept: Sequence[str] = (),
    leave_out_faulty: bool = False,
    repair: Sequence[str] = (),
    actions: Path | None = None,
    environment: str = "real",
    licence: str = "not stated",
    sealing: Sealing | None = None,
    engine_version: str = "",
) -> Snapshot:
    """Import a file, archive or folder as a data set.

    Args:
        catalog: where it is published.
        path: the file, archive or folder.
        name: the data set's name.
        venue_name: where the instruments trade; by default what the format implies, else "us".
        options: how to read; an empty time zone is the venue's.
        importer: name of the importer, where the content does not tell.
        symbols: the symbols to take; none named takes all.
        accept: rules of readiness whose faults the user takes upon himself.
        leave_out_faulty: leave out symbols with faults instead of refusing the whole.
        repair: rules of readiness whose bars are repaired; the manifest lists what was done.
        actions: the user's table of splits and dividends, for prices as traded.
        environment: `real`, or `test`.
        licence: terms under which the user has the data, for the record.
        sealing: how a new lineage is cut.
        engine_version: version of the program, for the record.

    Returns:
        The snapshot; its manifest in memory says what this import changed.

    Raises:
        NotFound, InvalidInput: when path, venue, importer or a symbol does not exist.
        DataNotReady: with every fault of the data by rule, symbol and time.
    """
    cut = sealing or Sealing()
    request = Request(
        path,
        venue_name,
        options,
        importer,
        symbols,
        accept,
        leave_out_faulty,
        actions,
        cut.sealed_fraction,
        cut.min_bars,
        staging=catalog.incoming,
        repair=repair,
    )
    return publish_examined(
        catalog,
        examine(request),
        path_name=path.name,
        name=name,
        environment=environment,
        licence=licence,
        sealing=cut,
        engine_version=engine_version,
    )


def publish_examined(
    catalog: Catalog,
    found: Examined,
    *,
    path_name: str,
    name: str,
    environment: str = "real",
    licence: str = "not stated",
    sealing: Sealing | None = None,
    engine_version: str = "",
) -> Snapshot:
    """Publish what was read and judged, if the answer is a plain yes.

    Raises:
        DataNotReady: with every fault of the data by rule, symbol and time.
    """
    cut = sealing or Sealing()
    found.certificate.require(name)
    raw = found.raw
    panel = panel_from_table(
        raw.frame, found.place, raw.timeframe, raw.features, traded=raw.raw_frame
    )
    changes = compare(catalog, name, panel)
    remarks: dict[str, Any] = {"changes": changes}
    if found.left_out:
        remarks["left_out"] = {symbol: list(rules) for symbol, rules in found.left_out.items()}
    if found.repairs:
        remarks["repairs"] = [asdict(one) for one in found.repairs]
    remarks["prices"] = {
        "adjusted": raw.adjusted,
        "as_traded": "kept" if raw.raw_frame is not None else None,
        "how": raw.notes.get("adjustment"),
    }
    if raw.features:
        remarks["features"] = list(raw.features)
    snapshot = catalog.publish(
        panel,
        name=name,
        environment=environment,
        source=Source(
            importer=raw.importer,
            path_name=path_name,
            licence=licence,
            provenance={"files": list(raw.files), "notes": dict(raw.notes)},
        ),
        certificate=found.certificate,
        sealed_fraction=cut.sealed_fraction,
        min_sealed_bars=cut.min_bars,
        engine_version=engine_version,
        remarks=remarks,
    )
    return replace(snapshot, manifest=snapshot.manifest | remarks)


def publish_synthetic(
    catalog: Catalog,
    recipe: Recipe,
    *,
    name: str = "",
    min_bars: int = 250,
    engine_version: str = "",
) -> Snapshot:
    """Make a truth-known market and publish it; its truth stands in the manifest.

    Raises:
        DataNotReady: when the recipe gives too few bars.
    """
    market = generate(recipe)
    source = Source(
        importer="synthetic",
        path_name=f"{recipe.kind}:{recipe.seed}",
        licence="made by this program",
        provenance=market.provenance,
    )
    cut = Sealing(recipe.sealed_fraction, min_bars)
    return _publish_panel(
        catalog, market.panel, name or recipe.name.lower(), "synthetic", source, cut, engine_version
    )


def publish_demo(
    catalog: Catalog, *, sealing: Sealing | None = None, engine_version: str = ""
) -> Snapshot:
    """Publish the demo data that ship with the program."""
    source = Source(
        importer="demo",
        path_name=demo.FILE,
        licence=demo.LICENCE,
        provenance=demo.provenance(),
    )
    return _publish_panel(
        catalog,
        demo.demo_panel(),
        demo.NAME,
        demo.ENVIRONMENT,
        source,
        sealing or Sealing(),
        engine_version,
    )


def panel_from_table(
    table: "pl.DataFrame",
    place: Venue,
    timeframe: str,
    features: Sequence[str] = (),
    *,
    traded: "pl.DataFrame | None" = None,
) -> Panel:
    """A table that is ready, on its calendar; `traded` are the same rows as they were traded."""
    order = table.with_row_index("place").sort("symbol", "timestamp")
    was = None if traded is None else traded[order["place"]]
    bars = []
    start = 0
    for rows in order.partition_by("symbol", maintain_order=True):
        opened, high, low, close, volume = (rows[name].to_numpy() for name in FIELDS)
        stamps = rows["timestamp"].to_numpy()
        own = {name: rows[name].fill_null(float("nan")).to_numpy() for name in features}
        cut = None if was is None else was.slice(start, rows.height)
        as_was = {} if cut is None else {name: cut[name].to_numpy() for name in FIELDS}
        symbol = str(rows["symbol"][0])
        bars.append(Bars(symbol, stamps, opened, high, low, close, volume, own, as_was))
        start += rows.height
    return make_panel(bars, timeframe, place.name, place.bars_per_year(timeframe))


def _publish_panel(
    catalog: Catalog,
    panel: Panel,
    name: str,
    environment: str,
    source: Source,
    cut: Sealing,
    engine_version: str,
) -> Snapshot:
    certificate: Certificate = judge_panel(
        panel,
        venue(panel.venue),
        sealed_fraction=cut.sealed_fraction,
        min_sealed_bars=cut.min_bars,
        known=Known(adjusted=True),
        exempt=UNASKED if panel.venue == "synthetic" else (),
    )
    return catalog.publish(
        panel,
        name=name,
        environment=environment,
        source=source,
        certificate=certificate,
        sealed_fraction=cut.sealed_fraction,
        min_sealed_bars=cut.min_bars,
        engine_version=engine_version,
    )

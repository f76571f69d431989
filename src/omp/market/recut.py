"""The same bars cut anew at the boundary that their lineage has by now."""

from omp.market.acquire import Sealing
from omp.market.catalog import Catalog, Source
from omp.market.derive import judge_again
from omp.market.snapshot import Snapshot

KEPT = ("prices", "universe", "cash", "actions", "repairs", "timeframe")
"""What the manifest of a snapshot says of its bars, and is true of them however they are cut."""


def recut(
    catalog: Catalog, name: str, *, sealing: Sealing | None = None, engine_version: str = ""
) -> Snapshot:
    """Publish the current snapshot of a data set again, cut at its lineage's boundary.

    Cut there already, it stays what it is.

    Raises:
        NotFound, Damaged: when there is no such data set, or it is not what its digest says.
        DataNotReady: when either part would be too short.
    """
    cut, found = sealing or Sealing(), catalog.resolve(name)
    return catalog.publish(
        catalog.whole(found.digest),
        name=name,
        environment=found.environment,
        source=Source(
            importer="recut",
            path_name=found.name,
            licence=str(found.manifest["source"].get("licence", "not stated")),
            provenance={"parent": found.digest},
        ),
        certificate=judge_again(catalog, found),
        sealed_fraction=cut.sealed_fraction,
        min_sealed_bars=cut.min_bars,
        engine_version=engine_version,
        remarks={
            **{key: found.manifest[key] for key in KEPT if found.manifest.get(key)},
            "parents": [found.digest],
        },
    )

"""Data as the record sees it: snapshots registered, sources resolved, imports done by a child.

The control wing opens no market file: it reads manifests, and a child of the mining wing does the
rest. A lineage (`ops/data_lineage.py`) is what shares trials, seeds, looks and one boundary
(evidence procedure, step 1).
"""

import os
from pathlib import Path
from typing import Any

from omp.domain.errors import Damaged
from omp.domain.ids import check_id
from omp.ops.children import Children, required
from omp.ops.data_lineage import export_lineages, instant, write_lineages
from omp.ops.data_register import register, register_snapshot
from omp.ops.data_sources import SYNTHETIC, Source, digest_of_source, lineage_of, resolve
from omp.ops.desk import Desk
from omp.store import data_sets as set_rows
from omp.store import snapshots as rows
from omp.store.snapshots import Snapshot

__all__ = [
    "SYNTHETIC",
    "Source",
    "digest_of_source",
    "export_lineages",
    "get",
    "import_files",
    "instant",
    "lineage_of",
    "listed",
    "prepare",
    "publish",
    "register",
    "register_snapshot",
    "remember",
    "resolve",
    "sealing",
    "write_lineages",
]


def prepare(desk: Desk, children: Children, source: str, *, seed: int) -> Snapshot:
    """The snapshot a run mines; a fresh synthetic market is made and registered first.

    Raises:
        NotFound: No such data set.
        DataNotReady: Its fitness is not proven.
    """
    if source.startswith(SYNTHETIC):
        kind = source.removeprefix(SYNTHETIC)
        args = ["data", "synthetic", "--kind", kind, "--seed", str(seed), *sealing(desk)]
        return publish(desk, children, args, f"making the market {source} of seed {seed}")
    with desk.write() as tx:
        found = resolve(desk, tx, source)
        snapshot = rows.get(tx, str(found.digest))
        write_lineages(desk, tx)
    return snapshot


def import_files(
    desk: Desk,
    children: Children,
    path: Path,
    *,
    name: str,
    options: tuple[str, ...] = (),
    origin: str = "",
) -> Snapshot:
    """Import market data under a name: a child reads, judges and publishes it.

    Args:
        path: File or folder to import.
        name: Name of the data set.
        options: Further arguments of `combiner data import`.
        origin: The path the person named, where `path` is a copy of it in the workspace.

    Raises:
        DataNotReady: The data have faults; the child's sentence names them.
    """
    check_id(name, "data set")
    export_lineages(desk)
    args = ["data", "import", str(path), "--name", name, *sealing(desk), *options]
    found = publish(desk, children, args, f"importing {path}")
    remember(desk, name, {"kind": "import", "path": origin or str(path), "options": list(options)})
    return found


def remember(desk: Desk, name: str, source: dict[str, Any]) -> None:
    """Keep where a data set came from and that it is up to date now, for its next update."""
    with desk.db.write() as tx:
        now = desk.clock.iso()
        set_rows.put(tx, name, now, refreshed_at=now, source=source)
    desk.wake.set()


def sealing(desk: Desk) -> list[str]:
    """Arguments that tell a child how much of a new lineage is sealed."""
    holdout = desk.settings.holdout
    return [
        "--sealed-fraction",
        str(holdout.sealed_fraction),
        "--min-bars",
        str(holdout.min_bars),
    ]


def publish(desk: Desk, children: Children, args: list[str], what: str) -> Snapshot:
    """Have a child publish data (`combiner data …`) and register the snapshot."""
    log = desk.workspace.logs / "data.log"
    where = ["--workspace", str(desk.workspace.root)]
    result = required(children.run([*args, *where], log=log), what, log=log)
    named = result.get("manifest") or result.get("manifest_path")
    if not isinstance(named, str):
        raise Damaged(f"{what}: the child named no manifest", remedy=f"see {os.fspath(log)}")
    return register_snapshot(desk, Path(named))


def listed(desk: Desk, *, environment: str | None = None) -> tuple[Snapshot, ...]:
    """Registered snapshots, the newest first."""
    with desk.read() as tx:
        return rows.listed(tx, environment=environment)


def get(desk: Desk, digest: str) -> Snapshot:
    """One registered snapshot."""
    with desk.read() as tx:
        return rows.get(tx, digest)

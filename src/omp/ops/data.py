"""Data as the record sees it: snapshots registered, sources resolved, imports done by a child.

The control wing opens no market file: it reads manifests, and a child of the mining wing does the
rest. A lineage (`ops/data_lineage.py`) is what shares trials, seeds, looks and one boundary
(evidence procedure, step 1).
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from omp.domain.campaign import ENVIRONMENTS
from omp.domain.errors import Damaged, DataNotReady, NotFound
from omp.domain.ids import check_id
from omp.ops import data_age, data_changes, data_holds
from omp.ops.children import Children, required
from omp.ops.data_lineage import export_lineages, instant, join, write_lineages
from omp.ops.desk import Desk
from omp.store import data_sets as set_rows
from omp.store import snapshots as rows
from omp.store.snapshots import Lineage, Snapshot

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

SYNTHETIC = "synthetic:"
SHORTEST_PREFIX = 8
_NEEDED = ("digest", "name", "environment", "venue", "symbols", "first", "last", "boundary")


@dataclass(frozen=True)
class Source:
    """What a campaign's `[data] source` means now.

    Args:
        name: As written in the campaign file.
        environment: Whose data it is.
        lineage: Where its seeds are registered: the root lineage, or `synthetic:<kind>`.
        digest: The snapshot; None of a fresh market that its seed will make.
    """

    name: str
    environment: str
    lineage: str
    digest: str | None


def register_snapshot(desk: Desk, manifest_path: Path) -> Snapshot:
    """Enter a published snapshot and its lineage into the record; doing it again changes nothing.

    Raises:
        Damaged: The manifest cannot be read, or is not that of its folder.
    """
    with desk.write() as tx:
        found = register(desk, tx, manifest_path)
        write_lineages(desk, tx)
    desk.wake.set()
    return found


def register(desk: Desk, tx: Connection, manifest_path: Path) -> Snapshot:
    """The same within the caller's transaction, which then calls `write_lineages`.

    A snapshot that follows one in question is held with it; one that changes bars which were
    there opens a data incident; entries mined from its ancestors are queued for re-validation.
    """
    manifest = _read_manifest(manifest_path)
    now = desk.clock.iso()
    if known := rows.starting_with(tx, manifest["digest"]):
        return known[0]
    lineage = join(tx, manifest, now)
    snapshot = Snapshot(
        digest=manifest["digest"],
        name=manifest["name"],
        environment=manifest["environment"],
        lineage=lineage.id,
        manifest=manifest,
        imported_at=now,
    )
    rows.add(tx, snapshot)
    set_rows.put(tx, snapshot.name, now, refreshed_at=now)
    desk.note(
        tx,
        "data.imported",
        snapshot.digest,
        {
            "name": snapshot.name,
            "environment": snapshot.environment,
            "lineage": lineage.id,
            "boundary": snapshot.boundary,
            "instruments": snapshot.instruments,
        },
    )
    data_holds.extend(desk, tx, snapshot)
    data_changes.taken(desk, tx, snapshot)
    return snapshot


def _read_manifest(path: Path) -> dict[str, Any]:
    remedy = "import the data again"
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        missing = [key for key in _NEEDED if key not in manifest]
    except (OSError, ValueError, TypeError) as error:
        raise Damaged(f"the manifest {path} cannot be read: {error}", remedy=remedy) from None
    if missing or manifest["digest"] != path.parent.name:
        what = f"has no {', '.join(missing)}" if missing else "is not that of its folder"
        raise Damaged(f"the manifest {path} {what}", remedy=remedy)
    if manifest["environment"] not in ENVIRONMENTS:
        raise Damaged(
            f"the manifest {path} names the environment {manifest['environment']!r}",
            allowed=", ".join(ENVIRONMENTS),
            remedy=remedy,
        )
    return manifest


def resolve(desk: Desk, tx: Connection, source: str, *, may_wait: bool = False) -> Source:
    """What a campaign's source means now; a published snapshot not yet known is registered.

    Args:
        may_wait: Data in question, or too old, will do: nothing is mined from them now.

    Raises:
        NotFound: No data set or snapshot is so named.
        DataNotReady: It is not certified, or its lineage is sealed from an earlier date on.
        DataHeld: An open incident names it, or it is older than its limit.
    """
    if source.startswith(SYNTHETIC):
        return Source(source, "synthetic", source, None)
    digest = digest_of_source(desk, tx, source)
    snapshot = register(desk, tx, desk.workspace.snapshots / digest / "manifest.json")
    lineage = _usable(desk, tx, snapshot, source, may_wait=may_wait)
    return Source(source, snapshot.environment, lineage.id, digest)


def lineage_of(desk: Desk, tx: Connection, source: str) -> str:
    """The lineage of a registered source, without changing anything; raises like `resolve`."""
    snapshot = rows.get(tx, digest_of_source(desk, tx, source))
    return _usable(desk, tx, snapshot, source).id


def _usable(
    desk: Desk, tx: Connection, snapshot: Snapshot, source: str, *, may_wait: bool = False
) -> Lineage:
    _require_ready(desk.workspace.snapshots / snapshot.digest, source)
    if not may_wait:
        data_holds.require_free(tx, snapshot.digest, source)
        data_age.require_fresh(desk, tx, snapshot, source)
    lineage = rows.root(tx, snapshot.lineage)
    if instant(lineage.boundary) < instant(snapshot.boundary):
        raise DataNotReady(
            f"data {source!r} may be mined up to {snapshot.boundary}, but its lineage "
            f"{lineage.id} is sealed from {lineage.boundary} on",
            allowed="snapshots that end before the sealed window of their lineage",
            remedy="import the data again; the new snapshot keeps the earlier boundary",
        )
    return lineage


def digest_of_source(desk: Desk, tx: Connection, source: str) -> str:
    """The snapshot that a data set's name, or the beginning of a digest, means now.

    Raises:
        NotFound: No data set or snapshot is so named.
        Damaged: The data set's pointer cannot be read.
    """
    check_id(source, "data source")
    pointer = desk.workspace.data_sets / f"{source}.json"
    if pointer.is_file():
        try:
            return check_id(str(json.loads(pointer.read_bytes())["current"]), "snapshot")
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged(
                f"the data set {source!r} at {pointer} cannot be read: {error}",
                remedy="import the data again under the same name",
            ) from None
    fits = rows.starting_with(tx, source) if len(source) >= SHORTEST_PREFIX else ()
    if len(fits) == 1:
        return fits[0].digest
    names = sorted(path.stem for path in desk.workspace.data_sets.glob("[!.]*.json"))
    raise NotFound(
        f"no data set or snapshot is named {source!r}",
        allowed="data sets: " + (", ".join(names) or "none yet") + "; or synthetic:<kind>",
        remedy=f"omp data import PATH --name {source}",
    )


def _require_ready(folder: Path, source: str) -> None:
    """Unknown is no: a certificate that cannot be read is no certificate."""
    try:
        ready = json.loads((folder / "readiness.json").read_bytes()).get("ready")
    except (OSError, ValueError, AttributeError):
        ready = None
    if ready is not True:
        raise DataNotReady(
            f"data {source!r} is not proven fit for mining (ready: {ready})",
            allowed="snapshots whose readiness certificate is a plain yes",
            remedy=f"omp data check {source} names each fault",
        )


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

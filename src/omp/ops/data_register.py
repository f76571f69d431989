"""Published snapshots entered into the record, with their lineage and what follows from them."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from omp.domain.campaign import ENVIRONMENTS
from omp.domain.errors import Damaged
from omp.ops import data_changes, data_holds
from omp.ops.data_lineage import join, write_lineages
from omp.ops.desk import Desk
from omp.store import data_sets as set_rows
from omp.store import snapshots as rows
from omp.store.snapshots import Snapshot

_NEEDED = ("digest", "name", "environment", "venue", "symbols", "first", "last", "boundary")


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
        if known[0].removed_at is not None:
            rows.remove(tx, known[0].digest, at=None)
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
            **({"same_bars": same} if (same := manifest.get("same_bars")) else {}),
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

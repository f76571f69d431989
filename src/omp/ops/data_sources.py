"""What a campaign's `[data] source` means now, and whether it may be mined."""

import json
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from omp.domain.errors import Damaged, DataNotReady, NotFound
from omp.domain.ids import check_id
from omp.ops import data_age, data_holds
from omp.ops.data_lineage import instant
from omp.ops.data_register import register
from omp.ops.desk import Desk
from omp.store import snapshots as rows
from omp.store.snapshots import Lineage, Snapshot

SYNTHETIC = "synthetic:"
SHORTEST_PREFIX = 8
NOT_PROVEN = "not_proven"
"""Fault of data whose certificate is no plain yes."""


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
    if not may_wait:
        data_holds.require_free(tx, snapshot.digest, source)
    _require_ready(desk.workspace.snapshots / snapshot.digest, source)
    if not may_wait:
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
    fits = tuple(one for one in fits if one.removed_at is None)
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
            remedy=f"omp data check {source} names each fault; import the data again, then "
            "omp data resolve the incident",
            faults=(NOT_PROVEN,),
        )

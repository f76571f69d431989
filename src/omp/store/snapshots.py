"""Rows of data snapshots and of the lineages they belong to."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update

from omp.domain.errors import NotFound
from omp.store.rows import from_row, known, packed, to_values
from omp.store.tables import lineages, snapshots


@dataclass(frozen=True)
class Snapshot:
    """A registered snapshot.

    Args:
        name: Its data set's.
        manifest: Its manifest.json.
        removed_at: When its bars were let go; only those of a market that its seed makes anew.
    """

    digest: str
    name: str
    environment: str
    lineage: str
    manifest: dict[str, Any]
    imported_at: str
    removed_at: str | None = None

    @property
    def boundary(self) -> str:
        """First sealed instant, ISO UTC."""
        return str(self.manifest["boundary"])

    @property
    def instruments(self) -> list[str]:
        return [str(symbol) for symbol in self.manifest["symbols"]]


@dataclass(frozen=True)
class Lineage:
    """Data that share trials, seeds, looks and one boundary; the columns of `lineages`.

    Args:
        boundary: First instant of its sealed window.
        opened_at: When that window was opened; None of the first. Earlier looks are not its own.
    """

    id: str
    environment: str
    venue: str
    instruments: list[str]
    first: str
    last: str
    boundary: str
    joined_into: str | None
    created_at: str
    opened_at: str | None = None


def add(tx: Connection, snapshot: Snapshot) -> bool:
    """Register a snapshot; says whether it is new."""
    query = select(snapshots.c.digest).where(snapshots.c.digest == snapshot.digest)
    if tx.execute(query).first() is not None:
        return False
    tx.execute(insert(snapshots).values(**to_values(snapshot, ("manifest",))))
    return True


def remove(tx: Connection, digest: str, *, at: str | None) -> None:
    """Write down that the bars of a made market were let go; None that they were made anew."""
    tx.execute(update(snapshots).where(snapshots.c.digest == digest).values(removed_at=at))


def get(tx: Connection, digest: str) -> Snapshot:
    """The registered snapshot of that digest.

    Raises:
        NotFound: It is not registered.
    """
    row = tx.execute(select(snapshots).where(snapshots.c.digest == digest)).first()
    if row is None:
        raise NotFound(
            f"no snapshot {digest[:64]!r} is registered",
            remedy="omp data list shows the data there is",
        )
    return from_row(Snapshot, row, ("manifest",))


def listed(tx: Connection, *, environment: str | None = None) -> tuple[Snapshot, ...]:
    """Registered snapshots whose bars are there, the newest first."""
    query = select(snapshots).where(snapshots.c.removed_at.is_(None))
    query = query.order_by(snapshots.c.imported_at.desc(), snapshots.c.digest)
    if environment is not None:
        query = query.where(snapshots.c.environment == environment)
    return tuple(from_row(Snapshot, row, ("manifest",)) for row in tx.execute(query))


def removed(tx: Connection, digests: Collection[str]) -> tuple[Snapshot, ...]:
    """Those of these snapshots whose bars were let go."""
    query = select(snapshots).where(snapshots.c.removed_at.is_not(None))
    query = query.where(snapshots.c.digest.in_(tuple(digests)))
    return tuple(from_row(Snapshot, row, ("manifest",)) for row in tx.execute(query))


def of_lineages(tx: Connection, lineage_ids: Collection[str]) -> tuple[Snapshot, ...]:
    """Registered snapshots of these lineages, the newest first."""
    query = (
        select(snapshots)
        .where(snapshots.c.lineage.in_(tuple(lineage_ids)))
        .order_by(snapshots.c.imported_at.desc(), snapshots.c.digest)
    )
    return tuple(from_row(Snapshot, row, ("manifest",)) for row in tx.execute(query))


def starting_with(tx: Connection, prefix: str) -> tuple[Snapshot, ...]:
    """Registered snapshots whose digest begins so."""
    query = select(snapshots).where(snapshots.c.digest.startswith(prefix, autoescape=True))
    return tuple(from_row(Snapshot, row, ("manifest",)) for row in tx.execute(query))


def add_lineage(tx: Connection, lineage: Lineage) -> Lineage:
    """Insert a lineage."""
    tx.execute(insert(lineages).values(**to_values(lineage, ("instruments",))))
    return lineage


def change_lineage(tx: Connection, lineage_id: str, **values: Any) -> None:
    """Set columns of a lineage."""
    known(lineages, values)
    tx.execute(
        update(lineages)
        .where(lineages.c.id == lineage_id)
        .values(**packed(values, ("instruments",)))
    )


def all_lineages(tx: Connection, *, environment: str | None = None) -> tuple[Lineage, ...]:
    """Every lineage, joined ones too, the oldest first."""
    return _lineages(tx, *([] if environment is None else [lineages.c.environment == environment]))


def standing_lineages(tx: Connection) -> tuple[Lineage, ...]:
    """Every lineage but those of made markets whose bars were let go, the oldest first."""
    bars = select(snapshots.c.lineage).where(snapshots.c.removed_at.is_(None))
    return _lineages(tx, (lineages.c.environment != "synthetic") | lineages.c.id.in_(bars))


def _lineages(tx: Connection, *where: ColumnElement[bool]) -> tuple[Lineage, ...]:
    query = select(lineages).where(*where).order_by(lineages.c.created_at, lineages.c.id)
    return tuple(from_row(Lineage, row, ("instruments",)) for row in tx.execute(query))


def newest_roots(
    tx: Connection, *, environment: str | None = None, limit: int, start: int = 0
) -> tuple[Lineage, ...]:
    """Lineages that became part of no other, the newest first."""
    query = select(lineages).where(lineages.c.joined_into.is_(None))
    if environment is not None:
        query = query.where(lineages.c.environment == environment)
    query = query.order_by(lineages.c.created_at.desc(), lineages.c.id.desc())
    rows = tx.execute(query.limit(limit).offset(start))
    return tuple(from_row(Lineage, row, ("instruments",)) for row in rows)


def root(tx: Connection, lineage_id: str) -> Lineage:
    """The lineage that this one is, or became part of.

    Raises:
        NotFound: There is no such lineage.
    """
    seen: set[str] = set()
    while True:
        row = tx.execute(select(lineages).where(lineages.c.id == lineage_id)).first()
        if row is None or lineage_id in seen:
            raise NotFound(f"there is no lineage {lineage_id[:96]!r}")
        if row.joined_into is None:
            return from_row(Lineage, row, ("instruments",))
        seen.add(lineage_id)
        lineage_id = row.joined_into


def members(tx: Connection, lineage_id: str) -> tuple[str, ...]:
    """Ids of every lineage that is one with this: counts of trials and looks add over them.

    An id that is no lineage (`synthetic:<kind>`) is one with itself alone.
    """
    query = select(lineages.c.id, lineages.c.joined_into).where(lineages.c.joined_into.is_not(None))
    parents = {str(one.id): str(one.joined_into) for one in tx.execute(query)}

    def top(one: str) -> str:
        while (above := parents.get(one)) is not None:
            one = above
        return one

    mine = top(lineage_id)
    return tuple(sorted({one for one in parents if top(one) == mine} | {lineage_id, mine}))

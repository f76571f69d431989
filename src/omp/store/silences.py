"""Rows of silences: kinds of incidents that nobody wants to be told of for a while."""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select, update

from omp.domain.errors import NotFound
from omp.store.rows import from_row
from omp.store.tables import silences


@dataclass(frozen=True)
class Silence:
    """One silence; `kind` is an incident's id or the beginning of fingerprints."""

    id: str
    kind: str
    reason: str
    operator: str
    created_at: str
    until: str
    lifted_at: str | None = None


def add(tx: Connection, silence: Silence) -> Silence:
    """Keep a silence."""
    tx.execute(insert(silences).values(**asdict(silence)))
    return silence


def get(tx: Connection, silence_id: str) -> Silence:
    """The silence of that id.

    Raises:
        NotFound: There is none.
    """
    row = tx.execute(select(silences).where(silences.c.id == silence_id)).first()
    if row is None:
        raise NotFound(
            f"there is no silence {silence_id[:96]!r}",
            remedy="omp incidents silences shows the silences there are",
        )
    return from_row(Silence, row)


def lift(tx: Connection, silence_id: str, now: str) -> bool:
    """End a silence early; says whether it was still in force."""
    query = update(silences).where(silences.c.id == silence_id, silences.c.lifted_at.is_(None))
    return tx.execute(query.values(lifted_at=now)).rowcount == 1


def in_force(tx: Connection, now: str) -> tuple[Silence, ...]:
    """Those that silence something now, the one that lasts longest first."""
    query = (
        select(silences)
        .where(silences.c.lifted_at.is_(None), silences.c.until > now)
        .order_by(silences.c.until.desc())
    )
    return tuple(from_row(Silence, row) for row in tx.execute(query))

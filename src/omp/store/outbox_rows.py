"""Rows of the outbox: what the mirror shall hold, written with the change itself."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from omp.store.tables import outbox
from omp.wire.canonical import canonical


@dataclass(frozen=True)
class Parcel:
    """One delivery: `kind` says what it is, `key` what it is about."""

    seq: int
    kind: str
    key: str
    payload: dict[str, Any]
    created_at: str
    delivered_at: str | None
    attempts: int
    last_error: str | None


@dataclass(frozen=True)
class Lag:
    """What is not delivered: how many, since when, and why the last attempt failed."""

    pending: int
    oldest: str | None
    last_delivered: str | None
    last_error: str | None


def post(tx: Connection, kind: str, key: str, payload: dict[str, Any], now: str) -> int:
    """Put a delivery into the outbox, in the transaction of the change it tells of."""
    done = tx.execute(
        insert(outbox).values(
            kind=kind, key=key, payload=canonical(payload).decode(), created_at=now, attempts=0
        )
    )
    key_row = done.inserted_primary_key
    return int(key_row[0]) if key_row else 0


def pending(tx: Connection, limit: int = 100, *, after: int = 0) -> tuple[Parcel, ...]:
    """What is not delivered, the oldest first; `after` leaves out numbers up to that one."""
    query = (
        select(outbox)
        .where(outbox.c.delivered_at.is_(None), outbox.c.seq > after)
        .order_by(outbox.c.seq)
        .limit(limit)
    )
    return tuple(_parcel(row) for row in tx.execute(query))


def delivered(tx: Connection, seq: int, now: str) -> bool:
    """Mark a delivery as confirmed; says whether it was open."""
    query = update(outbox).where(outbox.c.seq == seq, outbox.c.delivered_at.is_(None))
    values = {"delivered_at": now, "attempts": outbox.c.attempts + 1, "last_error": None}
    return tx.execute(query.values(**values)).rowcount == 1


def failed(tx: Connection, seq: int, error: str) -> None:
    """Keep why a delivery failed."""
    tx.execute(
        update(outbox)
        .where(outbox.c.seq == seq)
        .values(attempts=outbox.c.attempts + 1, last_error=error[:500])
    )


def lag(tx: Connection) -> Lag:
    """What is not delivered."""
    waiting = outbox.c.delivered_at.is_(None)
    number, oldest = tx.execute(
        select(func.count(), func.min(outbox.c.created_at)).where(waiting)
    ).one()
    last = tx.execute(select(func.max(outbox.c.delivered_at))).scalar()
    error = tx.execute(
        select(outbox.c.last_error)
        .where(waiting, outbox.c.last_error.is_not(None))
        .order_by(outbox.c.seq)
        .limit(1)
    ).scalar()
    return Lag(int(number), oldest, last, error)


def _parcel(row: Any) -> Parcel:
    return Parcel(
        row.seq,
        row.kind,
        row.key,
        json.loads(row.payload),
        row.created_at,
        row.delivered_at,
        row.attempts,
        row.last_error,
    )

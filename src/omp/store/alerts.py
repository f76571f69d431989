"""Rows of alerts: what people are to be told, written with the change itself."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from omp.store.rows import from_row, known, packed
from omp.store.tables import alerts

PENDING: tuple[str, ...] = ("waiting", "unconfirmed")
"""States of an alert that is still to be told. `unconfirmed`: the daemon ended while it was under
way, so nobody knows whether it arrived; the next digest says so."""


@dataclass(frozen=True)
class Alert:
    """One thing to tell.

    Args:
        key: Names the news, so that the same one is told once: incident, episode, kind.
        kind: opened, again, raised, recovered, closed, test.
        state: waiting, sending, unconfirmed, sent, silenced, unsent, given_up.
        reached: Digests of the addresses that confirmed it.
    """

    seq: int
    key: str
    incident_id: str | None
    kind: str
    severity: str
    summary: str
    created_at: str
    state: str
    attempts: int
    reached: tuple[str, ...]
    told_at: str | None
    last_error: str | None


def post(
    tx: Connection,
    *,
    key: str,
    incident_id: str | None,
    kind: str,
    severity: str,
    summary: str,
    now: str,
    state: str = "waiting",
) -> bool:
    """Keep an alert, unless the same news is there already; says whether it was new."""
    if tx.execute(select(alerts.c.seq).where(alerts.c.key == key)).first() is not None:
        return False
    tx.execute(
        insert(alerts).values(
            key=key,
            incident_id=incident_id,
            kind=kind,
            severity=severity,
            summary=summary[:2000],
            created_at=now,
            state=state,
            attempts=0,
            reached="[]",
        )
    )
    return True


def find(
    tx: Connection, states: Collection[str], *, incident_id: str | None = None, limit: int = 1000
) -> tuple[Alert, ...]:
    """Alerts by state, the oldest first."""
    query = select(alerts).where(alerts.c.state.in_(tuple(states)))
    if incident_id is not None:
        query = query.where(alerts.c.incident_id == incident_id)
    rows = tx.execute(query.order_by(alerts.c.seq).limit(limit))
    return tuple(_alert(row) for row in rows)


def of_key(tx: Connection, key: str) -> Alert | None:
    """The alert of that key."""
    row = tx.execute(select(alerts).where(alerts.c.key == key)).first()
    return None if row is None else _alert(row)


def change(tx: Connection, seqs: Iterable[int], **values: Any) -> None:
    """Set columns of some alerts."""
    known(alerts, values)
    query = update(alerts).where(alerts.c.seq.in_(tuple(seqs)))
    tx.execute(query.values(**packed(values, ("reached",))))


def count(tx: Connection, states: Collection[str]) -> int:
    """How many are in one of these states."""
    query = select(func.count()).where(alerts.c.state.in_(tuple(states)))
    return int(tx.execute(query).scalar_one())


def last_told(tx: Connection) -> str | None:
    """When people were last told something."""
    found = tx.execute(select(func.max(alerts.c.told_at))).scalar()
    return None if found is None else str(found)


def _alert(row: Any) -> Alert:
    found = from_row(Alert, row, ("reached",))
    return Alert(**{**vars(found), "reached": tuple(found.reached)})

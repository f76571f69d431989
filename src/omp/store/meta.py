"""Small facts under a name: wanted state, cursors, the last reading of the machine."""

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from omp.store.tables import meta
from omp.wire.canonical import canonical


def get(tx: Connection, key: str) -> str | None:
    """The text under a name, or None."""
    value = tx.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
    return None if value is None else str(value)


def put(tx: Connection, key: str, value: str | None) -> None:
    """Keep a text under a name; None forgets it."""
    if value is None:
        tx.execute(delete(meta).where(meta.c.key == key))
        return
    if tx.execute(update(meta).where(meta.c.key == key).values(value=value)).rowcount == 0:
        tx.execute(insert(meta).values(key=key, value=value))


def get_json(tx: Connection, key: str) -> Any:
    """The JSON value under a name, or None."""
    value = get(tx, key)
    return None if value is None else json.loads(value)


def put_json(tx: Connection, key: str, value: Any) -> None:
    """Keep a JSON value under a name."""
    put(tx, key, canonical(value).decode())

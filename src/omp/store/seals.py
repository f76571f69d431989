"""Hashes of rows: looks, charges and verdicts carry one, so that a flipped bit is found.

A row's `row_hash` is the blake3 of the canonical JSON of its other columns, written in the
transaction that writes the row. Rows of the Hall have theirs from `store/hall.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Table, and_, select, update

from omp.store.tables import ledger, looks, verdicts
from omp.wire.canonical import digest_of

SEALED: tuple[Table, ...] = (ledger, looks, verdicts)
HASH = "row_hash"


def row_hash(table: Table, row: Mapping[str, Any]) -> str:
    """The hash a row must have."""
    flags = {one.name for one in table.c if isinstance(one.type, Boolean)}
    values = {
        name: bool(value) if name in flags and value is not None else value
        for name, value in row.items()
        if name != HASH and name in table.c
    }
    return digest_of(values)


def seal(tx: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    """Write the hashes of the rows that were just written; gives how many."""
    keys, count = tuple(table.primary_key.columns), 0
    names = [one.name for one in table.c]
    for row in tx.execute(select(table).where(*where)).mappings().all():
        found = row_hash(table, {key: row[key] for key in names})
        if row[HASH] != found:
            this = and_(*(key == row[key.name] for key in keys))
            tx.execute(update(table).where(this).values(row_hash=found))
            count += 1
    return count


def broken(tx: Connection) -> Iterator[str]:
    """One sentence for each row whose hash does not fit."""
    for table in SEALED:
        keys = [one.name for one in table.primary_key.columns]
        names = [one.name for one in table.c]
        for row in tx.execute(select(table)).mappings():
            if row[HASH] != row_hash(table, {key: row[key] for key in names}):
                named = ", ".join(f"{key} {row[key]}" for key in keys)
                yield f"the row of {table.name} with {named} does not have its hash"

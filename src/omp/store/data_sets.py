"""Rows of data sets, and of re-validations that new data have queued."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from omp.store.rows import from_row, known, packed, to_values
from omp.store.tables import data_sets, revalidations

_JSON = ("source",)


@dataclass(frozen=True)
class DataSet:
    """What the record keeps about a data set's name; the columns of `data_sets`.

    Args:
        refreshed_at: When it was last imported or updated.
        source: How it was imported: kind (`import`, `fetch`), arguments, options; None: unknown.
        max_age_days: Its own limit of age; 0 for frozen history; None for the configured one.
    """

    name: str
    refreshed_at: str
    source: dict[str, Any] | None = None
    max_age_days: float | None = None


@dataclass(frozen=True)
class Revalidation:
    """An entry that is to be validated again; the columns of `revalidations`."""

    id: str
    candidate_id: str
    trigger: str
    name: str
    digest_before: str
    digest_after: str
    state: str
    queued_at: str
    done_at: str | None = None
    outcome: str | None = None


def find(tx: Connection, name: str) -> DataSet | None:
    """What is kept about a name, or None."""
    row = tx.execute(select(data_sets).where(data_sets.c.name == name)).first()
    return None if row is None else from_row(DataSet, row, _JSON)


def listed(tx: Connection) -> dict[str, DataSet]:
    """What is kept, by name."""
    rows = tx.execute(select(data_sets).order_by(data_sets.c.name))
    return {str(row.name): from_row(DataSet, row, _JSON) for row in rows}


def put(tx: Connection, name: str, now: str, **values: Any) -> None:
    """Set columns of a name; a name that is not there yet is refreshed now."""
    known(data_sets, values)
    columns = packed(values, _JSON)
    query = update(data_sets).where(data_sets.c.name == name)
    if columns and tx.execute(query.values(**columns)).rowcount:
        return
    if find(tx, name) is None:
        tx.execute(insert(data_sets).values(**{"refreshed_at": now, **columns, "name": name}))


def queue_revalidation(tx: Connection, one: Revalidation) -> bool:
    """Queue a re-validation, unless the entry waits for one on the same data; says if it is new."""
    query = select(revalidations.c.id).where(
        revalidations.c.candidate_id == one.candidate_id,
        revalidations.c.digest_after == one.digest_after,
        revalidations.c.state == "queued",
    )
    if tx.execute(query).first() is not None:
        return False
    tx.execute(insert(revalidations).values(**to_values(one)))
    return True


def revalidations_listed(
    tx: Connection,
    *,
    name: str | None = None,
    candidate_id: str | None = None,
    state: str | None = None,
    limit: int = 500,
) -> tuple[Revalidation, ...]:
    """Re-validations, the newest first."""
    query = select(revalidations).order_by(
        revalidations.c.queued_at.desc(), revalidations.c.id.desc()
    )
    for column, value in (
        (revalidations.c.name, name),
        (revalidations.c.candidate_id, candidate_id),
        (revalidations.c.state, state),
    ):
        if value is not None:
            query = query.where(column == value)
    return tuple(from_row(Revalidation, row) for row in tx.execute(query.limit(limit)))

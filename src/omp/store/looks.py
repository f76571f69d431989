"""Rows of looks and of the subjects that were looked at: written before the look is taken."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from omp.domain.errors import NotFound
from omp.store.rows import from_row, known, to_values
from omp.store.seals import seal
from omp.store.tables import lineages, looks, subjects


@dataclass(frozen=True)
class Look:
    """One look at a sealed window; the columns of `looks`.

    Args:
        window: Name of the sealed window; its ordinals are unique.
        state: `granted` until its result is recorded, then `taken`.
        grant: The signed grant, as its file has it.
    """

    look_id: str
    window: str
    lineage: str
    ordinal: int
    level: float
    run_id: str
    candidate_id: str
    subject_digest: str
    behaviour_hash: str
    state: str
    grant: str
    granted_at: str
    taken_at: str | None = None
    p_value: float | None = None
    evidence_digest: str | None = None
    promoted: bool = False


@dataclass(frozen=True)
class Subject:
    """A subject that was looked at; its in-sample positions are kept in state/subjects.

    Args:
        sharpe_x: Annual in-sample Sharpe ratio of x, so that timeframes compare.
        digest: Digest of its strategy.toml.
        positions_digest: Digest of the kept returns.parquet.
    """

    subject_id: str
    run_id: str
    lineage: str
    digest: str
    behaviour_hash: str
    sharpe_x: float | None
    positions_digest: str
    created_at: str


def grant(tx: Connection, look: Look, subject: Subject) -> None:
    """Write down a look and its subject, before it is taken."""
    tx.execute(insert(subjects).values(**to_values(subject)))
    tx.execute(insert(looks).values(**to_values(look)))
    seal(tx, looks, looks.c.look_id == look.look_id)


def get(tx: Connection, look_id: str) -> Look:
    """The look of that id.

    Raises:
        NotFound: There is none.
    """
    row = tx.execute(select(looks).where(looks.c.look_id == look_id)).first()
    if row is None:
        raise NotFound(f"there is no look {look_id[:96]!r}", remedy="omp runs show RUN names it")
    return from_row(Look, row)


def of_run(tx: Connection, run_id: str) -> Look | None:
    """The look that was granted to a run's subject."""
    row = tx.execute(
        select(looks).where(looks.c.run_id == run_id).order_by(looks.c.granted_at.desc())
    ).first()
    return None if row is None else from_row(Look, row)


def of_lineages(tx: Connection, lineages: Collection[str]) -> tuple[Look, ...]:
    """Every look at these lineages, in the order in which they were granted."""
    query = (
        select(looks)
        .where(looks.c.lineage.in_(tuple(lineages)))
        .order_by(looks.c.granted_at, looks.c.ordinal)
    )
    return tuple(from_row(Look, row) for row in tx.execute(query))


def in_environment(tx: Connection, environment: str | None) -> tuple[tuple[Look, str], ...]:
    """Every look and the environment of its lineage, the oldest first."""
    query = select(looks, lineages.c.environment).join(lineages, looks.c.lineage == lineages.c.id)
    if environment is not None:
        query = query.where(lineages.c.environment == environment)
    rows = tx.execute(query.order_by(looks.c.granted_at, looks.c.ordinal))
    return tuple((from_row(Look, row), str(row.environment)) for row in rows)


def count_in(tx: Connection, environment: str | None) -> int:
    """How many looks were granted on data of an environment; on any where none is named."""
    query = select(func.count()).select_from(looks)
    if environment is not None:
        own = select(lineages.c.id).where(lineages.c.environment == environment)
        query = query.where(looks.c.lineage.in_(own))
    return int(tx.execute(query).scalar_one())


def subjects_of(tx: Connection, lineages: Collection[str]) -> tuple[Subject, ...]:
    """Every subject of these lineages that was looked at, the oldest first."""
    query = (
        select(subjects)
        .where(subjects.c.lineage.in_(tuple(lineages)))
        .order_by(subjects.c.created_at, subjects.c.subject_id)
    )
    return tuple(from_row(Subject, row) for row in tx.execute(query))


def change(tx: Connection, look_id: str, *, state: str, **values: Any) -> bool:
    """Set columns of a look that is still in `state`; `to_state` moves it; says whether it was."""
    if "to_state" in values:
        values["state"] = values.pop("to_state")
    known(looks, values)
    query = update(looks).where(looks.c.look_id == look_id, looks.c.state == state)
    done = tx.execute(query.values(**values)).rowcount == 1
    seal(tx, looks, looks.c.look_id == look_id)
    return done


def highest(tx: Connection) -> dict[str, int]:
    """The highest ordinal that was granted at each window."""
    query = select(looks.c.window, func.max(looks.c.ordinal)).group_by(looks.c.window)
    return {str(window): int(ordinal) for window, ordinal in tx.execute(query)}


def counts(tx: Connection) -> dict[str, int]:
    """How many looks are in each state."""
    query = select(looks.c.state, func.count()).group_by(looks.c.state)
    return {str(state): int(number) for state, number in tx.execute(query)}

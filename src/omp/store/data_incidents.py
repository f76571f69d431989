"""Rows of data incidents and of what they hold."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from omp.store.incidents import OPEN
from omp.store.rows import from_row, known, to_values
from omp.store.tables import data_holds, data_incidents, incidents

_JSON = ("digests", "symbols")


@dataclass(frozen=True)
class Question:
    """What an incident calls into question; the columns of `data_incidents`.

    Args:
        name: The data set.
        origin: Who found it: `person`, `overlap`.
        digests: Snapshots named at first; their ancestors and descendants are held with them.
        symbols: The instruments in question; empty for all.
        first: First instant in question, ISO; None for the beginning.
        last: Last instant in question, ISO; None for the end.
    """

    incident_id: str
    name: str
    origin: str
    digests: list[str]
    symbols: list[str]
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True)
class Hold:
    """A snapshot, run or entry that an incident reaches; the columns of `data_holds`."""

    incident_id: str
    kind: str
    subject: str
    holds: bool
    marked_at: str
    state_before: str | None = None
    reason_before: str | None = None
    reason: str | None = None
    released_at: str | None = None


def add(tx: Connection, question: Question) -> None:
    """Keep what an incident calls into question."""
    tx.execute(insert(data_incidents).values(**to_values(question, _JSON)))


def find(tx: Connection, incident_id: str) -> Question | None:
    """What an incident calls into question; None of one that is not about data."""
    query = select(data_incidents).where(data_incidents.c.incident_id == incident_id)
    row = tx.execute(query).first()
    return None if row is None else from_row(Question, row, _JSON)


def of_name(tx: Connection, name: str) -> tuple[Question, ...]:
    """Every incident about a data set, the newest first."""
    query = (
        select(data_incidents)
        .where(data_incidents.c.name == name)
        .order_by(data_incidents.c.incident_id.desc())
    )
    return tuple(from_row(Question, row, _JSON) for row in tx.execute(query))


def all_open(tx: Connection) -> tuple[Question, ...]:
    """Every data incident that nobody has closed, the oldest first."""
    query = (
        select(data_incidents)
        .join(incidents, incidents.c.id == data_incidents.c.incident_id)
        .where(incidents.c.state.in_(OPEN))
        .order_by(data_incidents.c.incident_id)
    )
    return tuple(from_row(Question, row, _JSON) for row in tx.execute(query))


def hold(tx: Connection, one: Hold) -> bool:
    """Mark something; says whether it was not marked by that incident yet."""
    if any(known.incident_id == one.incident_id for known in holds_of(tx, one.kind, one.subject)):
        return False
    tx.execute(insert(data_holds).values(**to_values(one)))
    return True


def holds_of(tx: Connection, kind: str, subject: str) -> tuple[Hold, ...]:
    """Every mark of one snapshot, run or entry, the oldest first."""
    query = (
        select(data_holds)
        .where(data_holds.c.kind == kind, data_holds.c.subject == subject)
        .order_by(data_holds.c.marked_at, data_holds.c.incident_id)
    )
    return tuple(from_row(Hold, row) for row in tx.execute(query))


def held_by(tx: Connection, incident_id: str) -> tuple[Hold, ...]:
    """Everything an incident has marked."""
    query = (
        select(data_holds)
        .where(data_holds.c.incident_id == incident_id)
        .order_by(data_holds.c.kind, data_holds.c.subject)
    )
    return tuple(from_row(Hold, row) for row in tx.execute(query))


def standing(tx: Connection, kind: str, subjects: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Subject -> ids of the incidents that are open and have marked it."""
    query = (
        select(data_holds.c.subject, data_holds.c.incident_id)
        .join(incidents, incidents.c.id == data_holds.c.incident_id)
        .where(
            data_holds.c.kind == kind,
            data_holds.c.subject.in_(tuple(subjects)),
            incidents.c.state.in_(OPEN),
        )
        .order_by(data_holds.c.incident_id)
    )
    found: dict[str, tuple[str, ...]] = {}
    for subject, incident_id in tx.execute(query):
        found[str(subject)] = (*found.get(str(subject), ()), str(incident_id))
    return found


def change(tx: Connection, one: Hold, **values: object) -> None:
    """Set columns of a mark."""
    known(data_holds, values)
    tx.execute(
        update(data_holds)
        .where(
            data_holds.c.incident_id == one.incident_id,
            data_holds.c.kind == one.kind,
            data_holds.c.subject == one.subject,
        )
        .values(**values)
    )

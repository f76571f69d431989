"""Data incidents: data in question are not mined, and nothing is concluded from them.

Opening one freezes the queue for the data, quarantines every Hall entry whose provenance names
them and marks every run that used them; closing it, with cause and prevention, lets go of them
again. Each is one transaction, and doing it again changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from omp.domain.errors import InvalidInput, NotFound
from omp.domain.ids import check_id
from omp.ops import data_holds, incidents
from omp.ops.data_holds import Reached
from omp.ops.data_lineage import instant
from omp.ops.desk import Desk
from omp.store import data_incidents as rows
from omp.store import incidents as incident_rows
from omp.store import snapshots
from omp.store.data_incidents import Hold, Question
from omp.store.incidents import Incident
from omp.store.snapshots import Snapshot
from omp.wire.canonical import digest_of

SHORTEST_PREFIX = 8


@dataclass(frozen=True)
class DataIncident:
    """An incident about data, with what it calls into question and what it reaches."""

    incident: Incident
    question: Question
    holds: tuple[Hold, ...]


def open_about(
    desk: Desk,
    name: str,
    *,
    summary: str,
    symbols: Sequence[str] = (),
    first: str | None = None,
    last: str | None = None,
    severity: str = "SEV-2",
) -> DataIncident:
    """Call data into question.

    Args:
        name: A data set, or a digest of 8 digits or more.
        summary: What is wrong with them.
        symbols: The instruments in question; none for all.
        first: First instant in question, ISO; None for the beginning.
        last: Last instant in question, ISO; None for the end.

    Raises:
        NotFound: No data set or snapshot is so named.
        InvalidInput: No summary, an unknown symbol, or dates that cannot be read.
    """
    _check(summary, first, last)
    with desk.write() as tx:
        named = snapshots_named(tx, name)
        _check_symbols(symbols, named)
        question = Question(
            incident_id="",
            name=name if any(one.name == name for one in named) else named[0].name,
            origin="person",
            digests=sorted(one.digest for one in named),
            symbols=sorted(set(symbols)),
            first=first,
            last=last,
        )
        found = open_in(desk, tx, question, summary.strip(), severity)
    desk.wake.set()
    return found


def open_in(
    desk: Desk, tx: Connection, question: Question, summary: str, severity: str = "SEV-2"
) -> DataIncident:
    """The same in the caller's transaction; the same question again is the same incident."""
    asked = [question.symbols, question.first, question.last]
    key = f"data:{question.name[:60]}:{digest_of(asked)[:12]}"
    standing = incident_rows.find(tx, states=incident_rows.OPEN, fingerprint=key, limit=1)
    details = {
        "data": [question.name],
        "symbols": question.symbols,
        "span": f"{question.first or 'the beginning'} to {question.last or 'the end'}",
    }
    incident = incidents.open_incident(desk, key, severity, summary, details=details, tx=tx)
    kept = Question(**{**question.__dict__, "incident_id": incident.id})
    if not standing:
        rows.add(tx, kept)
    reached = data_holds.mark(desk, tx, rows.find(tx, incident.id) or kept)
    if not standing or reached != Reached():
        desk.note(
            tx,
            "data.incident",
            incident.id,
            {
                "name": question.name,
                "summary": summary,
                "origin": question.origin,
                "symbols": question.symbols,
                "snapshots": list(reached.snapshots),
                "runs": len(reached.runs),
                "entries": list(reached.entries),
            },
        )
    return show_in(tx, incident.id)


def resolve(
    desk: Desk, incident_id: str, *, cause: str, prevention: str, resolution: str = ""
) -> DataIncident:
    """Close a data incident and let go of what it holds; the cause stands as what was done where
    nothing else is said.

    Raises:
        NotFound: There is none of that id, or it is not about data.
        InvalidInput: Cause or prevention is empty.
        IllegalMove: It is resolved already.
    """
    show(desk, incident_id)
    incidents.resolve(
        desk, incident_id, cause=cause, prevention=prevention, resolution=resolution or cause
    )
    return show(desk, incident_id)


def show(desk: Desk, incident_id: str) -> DataIncident:
    """One data incident.

    Raises:
        NotFound: There is none of that id, or it is not about data.
    """
    with desk.read() as tx:
        return show_in(tx, incident_id)


def show_in(tx: Connection, incident_id: str) -> DataIncident:
    """The same in the caller's transaction."""
    incident = incident_rows.get(tx, incident_id)
    question = rows.find(tx, incident_id)
    if question is None:
        raise NotFound(
            f"incident {incident_id} is not about data",
            remedy=f"omp incidents resolve {incident_id} closes it",
        )
    return DataIncident(incident, question, rows.held_by(tx, incident_id))


def of_data(desk: Desk, name: str) -> tuple[DataIncident, ...]:
    """Every incident that reaches a data set, the newest first.

    Raises:
        NotFound: No data set or snapshot is so named.
    """
    with desk.read() as tx:
        return of_digests(tx, name, [one.digest for one in snapshots_named(tx, name)])


def of_digests(tx: Connection, name: str, digests: Iterable[str]) -> tuple[DataIncident, ...]:
    """The same of a name and snapshots that are known, in the caller's transaction."""
    ids = {one.incident_id for one in rows.of_name(tx, name)}
    for digest in digests:
        ids |= set(data_holds.marks(tx, data_holds.SNAPSHOT, digest))
    return tuple(show_in(tx, one) for one in sorted(ids, reverse=True))


def snapshots_named(tx: Connection, name: str) -> tuple[Snapshot, ...]:
    """Every snapshot a data set's name has meant, or the one whose digest begins so.

    Raises:
        NotFound: No data set or snapshot is so named.
    """
    check_id(name, "data set")
    known = snapshots.listed(tx)
    named = tuple(one for one in known if one.name == name)
    if not named and len(name) >= SHORTEST_PREFIX:
        named = tuple(one for one in known if one.digest.startswith(name))[:2]
        named = named if len(named) == 1 else ()
    if not named:
        there = ", ".join(sorted({one.name for one in known})) or "none yet"
        raise NotFound(
            f"no data set or snapshot is named {name!r}",
            allowed=f"data sets: {there}",
            remedy="omp data list shows them",
        )
    return named


def _check(summary: str, first: str | None, last: str | None) -> None:
    if not summary.strip():
        raise InvalidInput(
            "a data incident without a summary",
            allowed="a sentence that says what is wrong with the data",
            remedy="omp data incident NAME --summary '…'",
        )
    for text in (first, last):
        try:
            if text is not None:
                instant(text)
        except ValueError:
            raise InvalidInput(
                f"{text!r} is no date", allowed="ISO, such as 2024-05-31 or 2024-05-31T14:00:00Z"
            ) from None
    if first and last and instant(first) > instant(last, end=True):
        raise InvalidInput(f"{first} comes after {last}", allowed="a span from the earlier date on")


def _check_symbols(symbols: Sequence[str], named: Sequence[Snapshot]) -> None:
    there = {symbol for one in named for symbol in one.instruments}
    if absent := sorted(set(symbols) - there):
        raise InvalidInput(
            f"the data have no symbol {', '.join(absent)}",
            allowed=", ".join(sorted(there)[:20]) + (", …" if len(there) > 20 else ""),
        )

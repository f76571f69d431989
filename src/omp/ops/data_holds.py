"""What a data incident holds: snapshots are not mined, runs are marked, entries quarantined.

All of it happens in the transaction that opens or closes the incident. A snapshot is held with
its ancestors and its descendants, also those that are published while the incident is open; an
entry that was quarantined for another reason stays so.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from omp.domain.errors import DataHeld, Refused
from omp.domain.hall import ENTRY
from omp.ops.data_lineage import instant
from omp.ops.desk import Desk
from omp.ops.hall_moves import move
from omp.store import data_incidents as rows
from omp.store import hall, runs, snapshots
from omp.store.data_incidents import Hold, Question
from omp.store.hall import Entry
from omp.store.snapshots import Snapshot

SNAPSHOT, RUN, ENTRY_KIND = "snapshot", "run", "entry"


@dataclass(frozen=True)
class Reached:
    """Ids of what an incident reaches, by kind; `entries` are those it put into quarantine."""

    snapshots: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()


# --- who is kin to whom ------------------------------------------------------------------------


def parents_of(snapshot: Snapshot) -> tuple[str, ...]:
    """The snapshots that one was made from or followed, by its manifest."""
    manifest = snapshot.manifest
    named = [manifest.get("parent"), *(manifest.get("parents") or ())]
    return tuple(str(one) for one in named if one)


def kin(known: Iterable[Snapshot], digests: Iterable[str]) -> dict[str, Snapshot]:
    """These snapshots with all their ancestors and all their descendants.

    Not the whole family: a sibling that shares only an ancestor is no kin, since the fault may
    have come with the other branch; the ancestor that both came from brings it in where it is
    itself named.
    """
    by_digest = {one.digest: one for one in known}
    children: dict[str, list[str]] = {}
    for one in by_digest.values():
        for parent in parents_of(one):
            children.setdefault(parent, []).append(one.digest)
    found: dict[str, Snapshot] = {}
    for start in digests:
        for step in (lambda d: parents_of(by_digest[d]), lambda d: children.get(d, ())):
            waiting, seen = [start], set()
            while waiting:
                digest = waiting.pop()
                if digest in seen or digest not in by_digest:
                    continue
                seen.add(digest)
                found[digest] = by_digest[digest]
                waiting += step(digest)
    return found


def concerns(question: Question, snapshot: Snapshot) -> bool:
    """Whether the symbols and the span in question are in a snapshot at all."""
    if question.symbols and set(question.symbols).isdisjoint(snapshot.instruments):
        return False
    if question.first and instant(str(snapshot.manifest["last"]), end=True) < instant(
        question.first
    ):
        return False
    return not question.last or instant(str(snapshot.manifest["first"])) <= instant(
        question.last, end=True
    )


# --- holding and releasing ---------------------------------------------------------------------


def mark(desk: Desk, tx: Connection, question: Question) -> Reached:
    """Hold all that an incident reaches; what it holds already stays as it is."""
    reached = kin(snapshots.listed(tx), question.digests)
    digests = sorted(one for one, found in reached.items() if concerns(question, found))
    return _mark(desk, tx, question, digests)


def extend(desk: Desk, tx: Connection, snapshot: Snapshot) -> tuple[str, ...]:
    """Hold a new snapshot whose parents an open incident holds; gives those incidents."""
    held = rows.standing(tx, SNAPSHOT, parents_of(snapshot))
    ids = sorted({incident for incidents in held.values() for incident in incidents})
    for question in rows.all_open(tx):
        if question.incident_id in ids and concerns(question, snapshot):
            _mark(desk, tx, question, [snapshot.digest])
    return tuple(ids)


def _mark(desk: Desk, tx: Connection, question: Question, digests: list[str]) -> Reached:
    now, incident = desk.clock.iso(), question.incident_id
    fresh = [
        one for one in digests if rows.hold(tx, Hold(incident, SNAPSHOT, one, False, marked_at=now))
    ]
    used = [
        one.id
        for one in runs.of_data(tx, digests)
        if rows.hold(tx, Hold(incident, RUN, one.id, False, marked_at=now))
    ]
    named = [one for one in hall.listed(tx) if one.provenance.get("data_digest") in set(digests)]
    entries = [one.candidate_id for one in named if _quarantine(desk, tx, question, one, now)]
    return Reached(tuple(fresh), tuple(used), tuple(entries))


def _quarantine(desk: Desk, tx: Connection, question: Question, entry: Entry, now: str) -> bool:
    """Mark an entry, and quarantine it where its state allows; says whether it was."""
    may = "quarantine" in ENTRY.allowed(entry.state)
    reason = f"data incident {question.incident_id}: {question.name} is in question"
    marked = rows.hold(
        tx,
        Hold(
            question.incident_id,
            ENTRY_KIND,
            entry.candidate_id,
            may,
            now,
            state_before=entry.state,
            reason_before=entry.state_reason,
            reason=reason if may else None,
        ),
    )
    if marked and may:
        move(desk, tx, entry.candidate_id, "quarantine", reason)
    return marked and may


def release(desk: Desk, tx: Connection, incident_id: str, why: str) -> Reached:
    """Let go of all that an incident holds, in the transaction that closes it.

    An entry leaves quarantine only if this incident put it there, nobody has judged it otherwise
    since, and no other open incident names its data.
    """
    now = desk.clock.iso()
    marks = [one for one in rows.held_by(tx, incident_id) if one.released_at is None]
    freed: list[str] = []
    for one in marks:
        rows.change(tx, one, released_at=now)
        if one.kind == ENTRY_KIND and one.holds:
            freed += _let_out(desk, tx, one, why)
    return Reached(
        tuple(one.subject for one in marks if one.kind == SNAPSHOT),
        tuple(one.subject for one in marks if one.kind == RUN),
        tuple(freed),
    )


def _let_out(desk: Desk, tx: Connection, one: Hold, why: str) -> list[str]:
    entry = hall.find(tx, one.subject)
    if entry is None or entry.state != "quarantined" or entry.state_reason != one.reason:
        return []
    others = [
        other
        for other in rows.standing(tx, ENTRY_KIND, [one.subject]).get(one.subject, ())
        if other != one.incident_id
    ]
    if others:  # the next one answers for the quarantine from now on
        heir = next(
            kept
            for kept in rows.holds_of(tx, ENTRY_KIND, one.subject)
            if kept.incident_id == others[0]
        )
        rows.change(
            tx,
            heir,
            holds=True,
            state_before=one.state_before,
            reason_before=one.reason_before,
            reason=one.reason,
        )
        return []
    move(desk, tx, one.subject, "release", why)
    if one.state_before == "flagged":
        move(desk, tx, one.subject, "flag", one.reason_before or "as it was before the incident")
    return [one.subject]


# --- asking ------------------------------------------------------------------------------------


def holding(tx: Connection, digest: str | None) -> tuple[str, ...]:
    """Ids of the open incidents that hold a snapshot."""
    return () if digest is None else rows.standing(tx, SNAPSHOT, [digest]).get(digest, ())


def marks(tx: Connection, kind: str, subject: str) -> tuple[str, ...]:
    """Ids of all incidents that have ever marked a snapshot, run or entry."""
    return tuple(one.incident_id for one in rows.holds_of(tx, kind, subject))


def question_about(tx: Connection, digest: str | None) -> str | None:
    """Why nothing may be concluded from a snapshot now; None while it is not in question."""
    found = holding(tx, digest)
    return None if not found else f"its data are in question: {', '.join(found)}"


def require_free(tx: Connection, digest: str, source: str) -> None:
    """Refuse to mine a snapshot that an open incident holds.

    Raises:
        DataHeld: Names the incidents.
    """
    found = holding(tx, digest)
    if found:
        raise DataHeld(
            f"data {source!r} are in question: {', '.join(found)}",
            allowed="data that no open incident names",
            remedy=f"omp incidents show {found[0]}; then omp data resolve {found[0]} "
            "--cause '…' --prevention '…'",
        )


def require_unheld(tx: Connection, candidate_id: str) -> None:
    """Refuse to let an entry out of quarantine while its data are in question.

    Raises:
        Refused: Names the incidents.
    """
    found = rows.standing(tx, ENTRY_KIND, [candidate_id]).get(candidate_id, ())
    if found:
        raise Refused(
            f"the data of {candidate_id} are in question: {', '.join(found)}",
            allowed="entries whose data no open incident names",
            remedy=f"omp data resolve {found[0]} --cause '…' --prevention '…' releases it",
        )

"""Silences: no alerts about a kind of incident for a while. The incident itself is kept as ever."""

import re
from datetime import timedelta

from sqlalchemy import Connection

from omp.domain.errors import Conflict, InvalidInput
from omp.domain.ids import new_id
from omp.ops.desk import Desk
from omp.store import journal
from omp.store import silences as rows
from omp.store.incidents import Incident
from omp.store.silences import Silence

LONGEST_S = 30 * 86_400.0
_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400}
_LENGTH = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|min|m|h|d)\s*$")
_KIND = re.compile(r"^[\w.:-]{1,96}$")


def seconds_of(text: str) -> float:
    """A length of time such as `90s`, `30min`, `2h` or `1d`, in seconds.

    Raises:
        InvalidInput: It is none.
    """
    found = _LENGTH.match(text)
    if found is None:
        raise InvalidInput(
            f"{text[:40]!r} is no length of time", allowed="a number with s, min, h or d: 2h, 30min"
        )
    return float(found[1]) * _UNITS[found[2]]


def silence(desk: Desk, kind: str, *, length: str, reason: str) -> Silence:
    """Send no alerts about a kind of incident for a while.

    A kind is an incident's id, or how fingerprints begin (`watchdog.disk`). A SEV-0 is told all the
    same, unless the silence names that very incident.

    Args:
        length: How long, such as `2h`; 30 days at most.
        reason: Why; kept in the journal.

    Raises:
        InvalidInput: The kind, the length or the reason cannot be used.
    """
    length_s = seconds_of(length)
    if not 0 < length_s <= LONGEST_S:
        raise InvalidInput(f"{length[:40]!r} cannot be silenced for", allowed="up to 30 days")
    if not _KIND.match(kind):
        raise InvalidInput(
            f"{kind[:96]!r} is no kind of incident",
            allowed="an incident's id, or how its fingerprint begins, such as watchdog.disk",
        )
    if not reason.strip():
        raise InvalidInput("a silence needs a reason", allowed="why nobody is to be told")
    now = desk.clock.now()
    with desk.write() as tx:
        made = rows.add(
            tx,
            Silence(
                id=new_id("silence", now_s=now.timestamp()),
                kind=kind,
                reason=reason.strip(),
                operator=desk.operator,
                created_at=journal.iso(now),
                until=journal.iso(now + timedelta(seconds=length_s)),
            ),
        )
        payload = {"kind": kind, "until": made.until, "reason": made.reason}
        desk.note(tx, "incident.silenced", made.id, payload)
    return made


def lift(desk: Desk, silence_id: str) -> Silence:
    """End a silence before its time.

    Raises:
        NotFound: There is none of that id.
        Conflict: It is over already.
    """
    now = desk.clock.iso()
    with desk.write() as tx:
        found = rows.get(tx, silence_id)
        if found.until <= now or not rows.lift(tx, silence_id, now):
            raise Conflict(f"the silence {silence_id} is over already")
        desk.note(tx, "incident.unsilenced", silence_id, {"kind": found.kind})
        return rows.get(tx, silence_id)


def listed(desk: Desk) -> tuple[Silence, ...]:
    """The silences in force."""
    with desk.read() as tx:
        return rows.in_force(tx, desk.clock.iso())


def over(tx: Connection, incident: Incident, now: str) -> Silence | None:
    """The silence that lies over an incident now; None while people are to be told."""
    for one in rows.in_force(tx, now):
        if one.kind == incident.id:
            return one
        if incident.severity != "SEV-0" and _begins(incident.fingerprint, one.kind):
            return one
    return None


def _begins(fingerprint: str, kind: str) -> bool:
    rest = fingerprint.removeprefix(kind)
    return fingerprint.startswith(kind) and (not rest or rest[0] in ".:" or kind[-1] in ".:")

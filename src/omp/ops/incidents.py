"""Incidents: one per episode, closed only with cause, resolution and prevention."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from omp.domain.errors import Conflict, InvalidInput
from omp.domain.ids import new_id
from omp.domain.incident import FREEZING, INCIDENT, SEVERITIES
from omp.ops import alerts, data_holds, lost_looks
from omp.ops.desk import Desk
from omp.ops.freeze import code_now
from omp.store import data_incidents as data_rows
from omp.store import incidents as rows
from omp.store import journal
from omp.store.incidents import OPEN, Incident

DISK_REFUSED, RECORD_REFUSED = "disk.refused", "record.refused"
"""Fingerprints of the incidents that a failing disk opens: for files, and for the database."""

UNANCHORED = "journal.unanchored"
"""Fingerprint of the incident that an anchor opens which cannot be written."""

JOURNAL_BEHIND = "journal.behind"
"""Fingerprint of the incident that a restored or shortened record opens."""


def open_incident(
    desk: Desk,
    fingerprint: str,
    severity: str,
    summary: str,
    *,
    details: dict[str, Any] | None = None,
    tx: Connection | None = None,
) -> Incident:
    """Open an incident, or count one more occurrence of the episode that is still open.

    Args:
        fingerprint: What happened to what, such as `run.stuck:camp_…`.
        severity: SEV-0, SEV-1 or SEV-2; an episode can only get worse.
        summary: One or two sentences.
        details: symptoms, campaigns, runs, resources, last_lines, handoffs.
        tx: The caller's transaction, where it must happen together with something else.
    """
    if severity not in SEVERITIES:
        raise InvalidInput(f"severity {severity!r}", allowed=", ".join(SEVERITIES))
    if tx is None:
        code_now()  # asked of git once, and not while the writer waits
        with desk.write() as own:
            return _open(desk, own, fingerprint, severity, summary, details or {})
    return _open(desk, tx, fingerprint, severity, summary, details or {})


def _open(
    desk: Desk,
    tx: Connection,
    fingerprint: str,
    severity: str,
    summary: str,
    details: dict[str, Any],
) -> Incident:
    now = desk.clock.iso()
    standing = rows.find(tx, states=OPEN, fingerprint=fingerprint, limit=1)
    if standing:
        return _again(desk, tx, standing[0], severity, summary, now)
    was_frozen = bool(freezing(tx))
    timeline = [{"time": now, "event": "detected"}]
    incident = rows.add(
        tx,
        Incident(
            id=new_id("incident", now_s=desk.clock.now().timestamp()),
            fingerprint=fingerprint,
            severity=severity,
            state=INCIDENT.start,
            summary=summary,
            details={**details, "timeline": timeline},
            occurrences=1,
            detected_at=now,
            last_seen_at=now,
            **code_now(),
        ),
    )
    alerts.post(desk, tx, incident, "opened")
    desk.note(
        tx,
        "incident.opened",
        incident.id,
        {"fingerprint": fingerprint, "severity": severity, "summary": summary},
    )
    _note_freeze(desk, tx, was_frozen=was_frozen, subject=incident.id)
    return incident


def _again(
    desk: Desk, tx: Connection, before: Incident, severity: str, summary: str, now: str
) -> Incident:
    worse = min(before.severity, severity)  # SEV-0 sorts before SEV-1
    was_frozen = bool(freezing(tx))
    details = before.details
    returned = before.recovered_at is not None
    if returned:
        timeline = [*details.get("timeline", []), {"time": now, "event": f"again: {summary}"}]
        details = {**details, "timeline": timeline}
    if worse != before.severity:
        event = f"raised from {before.severity} to {worse}: {summary}"
        timeline = [*details.get("timeline", []), {"time": now, "event": event}]
        details = {**details, "timeline": timeline}
        desk.note(
            tx,
            "incident.opened",
            before.id,
            {"fingerprint": before.fingerprint, "severity": worse, "summary": summary},
        )
    rows.change(
        tx,
        before.id,
        state=before.state,
        severity=worse,
        occurrences=before.occurrences + 1,
        last_seen_at=now,
        details=details,
        episode=before.episode + returned,
        recovered_at=None,
    )
    _note_freeze(desk, tx, was_frozen=was_frozen, subject=before.id)
    after = rows.get(tx, before.id)
    if returned:
        alerts.post(desk, tx, after, "again")
    elif worse != before.severity:
        alerts.post(desk, tx, after, "raised")
    return after


def report(
    desk: Desk,
    summary: str,
    *,
    severity: str,
    fingerprint: str | None = None,
    symptoms: Sequence[str] = (),
    campaigns: Sequence[str] = (),
    runs: Sequence[str] = (),
) -> Incident:
    """Report something a person saw; the same fingerprint again counts one more occurrence."""
    if not summary.strip():
        raise InvalidInput("an incident needs a summary", allowed="what was seen, in a sentence")
    details = {"symptoms": list(symptoms), "campaigns": list(campaigns), "runs": list(runs)}
    kind = fingerprint or f"reported:{summary[:60]}"
    return open_incident(desk, kind[:96], severity, summary, details=details)


def recover(desk: Desk, incident_id: str, why: str) -> Incident:
    """Note that what an incident tells of is over; it stays open until a person has explained it.

    Args:
        why: How that is known, in a sentence.
    """
    now = desk.clock.iso()
    with desk.write() as tx:
        before = rows.get(tx, incident_id)
        if before.state not in OPEN or before.recovered_at is not None:
            return before
        entry = {"time": now, "event": f"over: {why}"}
        details = {**before.details, "timeline": [*before.details.get("timeline", []), entry]}
        rows.change(tx, incident_id, state=before.state, recovered_at=now, details=details)
        desk.note(tx, "incident.recovered", incident_id, {"why": why})
        after = rows.get(tx, incident_id)
        alerts.post(desk, tx, after, "recovered", summary=why)
        return after


def acknowledge(desk: Desk, incident_id: str) -> Incident:
    """Say that a person has seen it.

    Raises:
        IllegalMove: It is acknowledged or resolved already.
    """
    return _move(desk, incident_id, "acknowledge", "incident.acknowledged", {})


def resolve(
    desk: Desk, incident_id: str, *, cause: str, prevention: str, resolution: str
) -> Incident:
    """Close an incident.

    Args:
        cause: What brought it about.
        prevention: What keeps it from coming again.
        resolution: What was done about it.

    Raises:
        InvalidInput: One of the three is empty.
        IllegalMove: It is resolved already.
    """
    written = {"cause": cause.strip(), "prevention": prevention.strip()}
    written["resolution"] = resolution.strip()
    if empty := [name for name, text in written.items() if not text]:
        raise InvalidInput(
            f"the incident cannot be closed without {' and '.join(empty)}",
            allowed="cause, prevention and resolution, each in a sentence",
            remedy="write down what happened and what keeps it from coming again",
        )
    return _move(desk, incident_id, "resolve", "incident.resolved", written)


def _move(
    desk: Desk, incident_id: str, action: str, kind: str, written: dict[str, str]
) -> Incident:
    now = desk.clock.iso()
    stamp = {"acknowledge": "acknowledged_at", "resolve": "resolved_at"}[action]
    with desk.write() as tx:
        before = rows.get(tx, incident_id)
        after = INCIDENT.after(before.state, action)
        was_frozen = bool(freezing(tx))
        entry = {"time": now, "event": f"{after} by {desk.operator}"}
        details = {**before.details, "timeline": [*before.details.get("timeline", []), entry]}
        values: dict[str, Any] = {"to_state": after, stamp: now, "details": details, **written}
        if not rows.change(tx, incident_id, state=before.state, **values):
            raise Conflict(f"incident {incident_id} was changed meanwhile", remedy="look again")
        desk.note(tx, kind, incident_id, dict(written))
        if action == "resolve":
            _let_go(desk, tx, incident_id)
            if before.fingerprint == JOURNAL_BEHIND:
                lost_looks.remember(desk, tx, incident_id)
            if before.recovered_at is None:
                alerts.post(desk, tx, before, "closed", summary=written["resolution"])
        _note_freeze(desk, tx, was_frozen=was_frozen, subject=incident_id)
        found = rows.get(tx, incident_id)
    if action == "resolve" and found.fingerprint == JOURNAL_BEHIND:
        with desk.read() as tx:
            journal.write_anchor(desk.workspace, journal.head(tx), accept=True)
    desk.wake.set()
    return found


def _let_go(desk: Desk, tx: Connection, incident_id: str) -> None:
    """What a data incident held is free again, in the transaction that closes it."""
    if data_rows.find(tx, incident_id) is None:
        return
    why = f"data incident {incident_id} is resolved"
    reached = data_holds.release(desk, tx, incident_id, why)
    desk.note(
        tx,
        "data.released",
        incident_id,
        {
            "snapshots": list(reached.snapshots),
            "runs": len(reached.runs),
            "entries": list(reached.entries),
        },
    )


def check_anchor(desk: Desk) -> str | None:
    """Open a SEV-0 when the journal does not reach its anchor; gives the reason, or None.

    Looks and promotions stay frozen until a person has written down what happened; resolving it
    accepts the record as it stands.
    """
    with desk.read() as tx:
        fault = journal.behind(tx, desk.workspace)
        standing = rows.find(tx, states=OPEN, fingerprint=JOURNAL_BEHIND, limit=1)
    if fault is not None and not standing:
        open_incident(
            desk,
            JOURNAL_BEHIND,
            "SEV-0",
            f"{fault}: the record was restored from an old copy, or cut short",
        )
    return fault


def listed(
    desk: Desk, *, open_only: bool = False, severity: str | None = None, limit: int = 200
) -> tuple[Incident, ...]:
    """Incidents, the newest first."""
    with desk.read() as tx:
        return rows.find(
            tx,
            states=OPEN if open_only else (),
            severities=(severity,) if severity else (),
            limit=limit,
        )


def get(desk: Desk, incident_id: str) -> Incident:
    """One incident."""
    with desk.read() as tx:
        return rows.get(tx, incident_id)


def frozen(desk: Desk) -> tuple[Incident, ...]:
    """The open incidents that freeze promotions; empty while promotions are allowed."""
    with desk.read() as tx:
        return freezing(tx)


def freezing(tx: Connection) -> tuple[Incident, ...]:
    """The same within the caller's transaction."""
    return rows.find(tx, states=OPEN, severities=tuple(FREEZING))


def _note_freeze(desk: Desk, tx: Connection, *, was_frozen: bool, subject: str) -> None:
    """Journal the moment promotions freeze or thaw."""
    is_frozen = bool(freezing(tx))
    if is_frozen != was_frozen:
        kind = "promotions.frozen" if is_frozen else "promotions.thawed"
        desk.note(tx, kind, subject, {})

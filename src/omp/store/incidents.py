"""Rows of incidents."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from omp.domain.errors import NotFound
from omp.store.rows import from_row, known, packed, to_values
from omp.store.tables import incidents

OPEN: tuple[str, ...] = ("open", "acknowledged")
"""States of an incident that nobody has closed."""


@dataclass(frozen=True)
class Incident:
    """Something a person must know about; the columns of `incidents`.

    Args:
        fingerprint: What happened to what, so that the same episode is one incident.
        occurrences: How often it happened since it was opened.
        details: symptoms, campaigns, runs, resources, last_lines, timeline, handoffs.
        episode: Counts how often it came back after it had passed, from 1.
        recovered_at: Since when what it tells of is over; it stays open until it is explained.
        git_sha: Commit of the code that was at work when it was opened.
        code_digest: Content of that code.
    """

    id: str
    fingerprint: str
    severity: str
    state: str
    summary: str
    details: dict[str, Any]
    occurrences: int
    detected_at: str
    last_seen_at: str
    acknowledged_at: str | None = None
    resolved_at: str | None = None
    cause: str | None = None
    resolution: str | None = None
    prevention: str | None = None
    episode: int = 1
    recovered_at: str | None = None
    git_sha: str | None = None
    engine_version: str | None = None
    code_digest: str | None = None


def add(tx: Connection, incident: Incident) -> Incident:
    """Insert an incident."""
    tx.execute(insert(incidents).values(**to_values(incident, ("details",))))
    return incident


def get(tx: Connection, incident_id: str) -> Incident:
    """The incident of that id.

    Raises:
        NotFound: There is none.
    """
    row = tx.execute(select(incidents).where(incidents.c.id == incident_id)).first()
    if row is None:
        raise NotFound(
            f"there is no incident {incident_id[:96]!r}",
            remedy="omp incidents list shows the incidents there are",
        )
    return from_row(Incident, row, ("details",))


def find(
    tx: Connection,
    *,
    states: Collection[str] = (),
    severities: Collection[str] = (),
    fingerprint: str | None = None,
    since: str | None = None,
    limit: int = 200,
) -> tuple[Incident, ...]:
    """Incidents by filters, the newest first."""
    query = select(incidents).order_by(incidents.c.detected_at.desc(), incidents.c.id.desc())
    if states:
        query = query.where(incidents.c.state.in_(tuple(states)))
    if severities:
        query = query.where(incidents.c.severity.in_(tuple(severities)))
    if fingerprint is not None:
        query = query.where(incidents.c.fingerprint == fingerprint)
    if since is not None:
        query = query.where(incidents.c.detected_at >= since)
    rows = tx.execute(query.limit(limit))
    return tuple(from_row(Incident, row, ("details",)) for row in rows)


def change(tx: Connection, incident_id: str, *, state: str, **values: Any) -> bool:
    """Set columns if the incident is still in `state`; `to_state` moves it; says whether it was."""
    if "to_state" in values:
        values["state"] = values.pop("to_state")
    known(incidents, values)
    query = update(incidents).where(incidents.c.id == incident_id, incidents.c.state == state)
    return tx.execute(query.values(**packed(values, ("details",)))).rowcount == 1

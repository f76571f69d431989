"""Alerts: what people are to be told, kept in the same transaction as what it tells of.

An episode of an incident gives one alert when it begins and one note when it is over. What nobody
wants to hear (a milder incident, a silenced kind) gives none, and then no note of its end either.
"""

from sqlalchemy import Connection

from omp.domain.incident import SEVERITIES
from omp.ops import silences
from omp.ops.desk import Desk
from omp.store import alerts as rows
from omp.store.incidents import Incident

BEGINS: tuple[str, ...] = ("opened", "again", "raised")
ENDS: tuple[str, ...] = ("recovered", "closed")

TOLD: tuple[str, ...] = (*rows.PENDING, "sending", "sent")
"""States of an alert that was told or will be."""


def post(
    desk: Desk, tx: Connection, incident: Incident, kind: str, *, summary: str | None = None
) -> bool:
    """Keep the alert of an incident; says whether people will be told.

    Args:
        kind: One of `BEGINS` or `ENDS`.
        summary: What is said; by default the incident's own summary.
    """
    least = desk.settings.alerts.min_severity
    if SEVERITIES.index(incident.severity) > SEVERITIES.index(least):
        return False
    if kind in ENDS and not _was_told(tx, incident):
        return False
    now = desk.clock.iso()
    is_silenced = kind in BEGINS and silences.over(tx, incident, now) is not None
    key = f"{incident.id}:{incident.episode}:{kind}:{incident.severity}"
    posted = rows.post(
        tx,
        key=key,
        incident_id=incident.id,
        kind=kind,
        severity=incident.severity,
        summary=summary or incident.summary,
        now=now,
        state="silenced" if is_silenced else "waiting",
    )
    return posted and not is_silenced


def _was_told(tx: Connection, incident: Incident) -> bool:
    """Whether the beginning of the episode was told, or is about to be."""
    begun = f"{incident.id}:{incident.episode}:"
    found = rows.find(tx, TOLD, incident_id=incident.id)
    return any(one.key.startswith(begun) and one.kind in BEGINS for one in found)

"""Incidents: opened once an episode, closed with cause and prevention."""

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from omp.api.edge import AtDesk, Cursor, Id, Limit, ListOf, page_of, reply
from omp.api.schemas import NewIncident, Resolution
from omp.ops import incidents
from omp.store.incidents import Incident

router = APIRouter(tags=["incidents"])


@router.get("/incidents", response_model=ListOf[Incident])
def list_incidents(
    desk: AtDesk,
    state: Literal["open", "all"] = "all",
    severity: Literal["SEV-0", "SEV-1", "SEV-2"] | None = None,
    limit: Limit = 200,
    after: Cursor = None,
) -> Response:
    """Incidents, the newest first; `state=open` leaves out those that are closed."""
    found = incidents.listed(desk, open_only=state == "open", severity=severity, limit=10_000)
    return page_of(found, limit, after)


@router.post("/incidents", response_model=Incident, status_code=201)
def report(desk: AtDesk, body: NewIncident) -> Response:
    """Report something a person saw; the same fingerprint again counts one more occurrence."""
    details = {"symptoms": body.symptoms, "campaigns": body.campaigns, "runs": body.runs}
    fingerprint = body.fingerprint or f"reported:{body.summary[:60]}"
    found = incidents.open_incident(
        desk, fingerprint[:96], body.severity, body.summary, details=details
    )
    return reply(found, status=201)


@router.get("/incidents/{incident_id}", response_model=Incident)
def show(desk: AtDesk, incident_id: Id) -> Response:
    """One incident with its timeline."""
    return reply(incidents.get(desk, incident_id))


@router.post("/incidents/{incident_id}/acknowledge", response_model=Incident)
def acknowledge(desk: AtDesk, incident_id: Id) -> Response:
    """Say that a person has seen it."""
    return reply(incidents.acknowledge(desk, incident_id))


@router.post("/incidents/{incident_id}/resolve", response_model=Incident)
def resolve(desk: AtDesk, incident_id: Id, body: Resolution) -> Response:
    """Close it; cause and prevention are required."""
    found = incidents.resolve(
        desk,
        incident_id,
        cause=body.cause,
        prevention=body.prevention,
        resolution=body.resolution or body.cause,
    )
    return reply(found)

"""Incidents: opened once an episode, closed with cause and prevention."""

from typing import Any, Literal

from fastapi import APIRouter
from starlette.responses import Response

from omp.api.edge import AtDesk, Cursor, Id, Limit, ListOf, page_of, reply, reply_list
from omp.api.schemas import NewIncident, NewSilence, Resolution
from omp.ops import alert_trial, incidents, silences
from omp.store.incidents import Incident
from omp.store.silences import Silence

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
    found = incidents.report(
        desk,
        body.summary,
        severity=body.severity,
        fingerprint=body.fingerprint,
        symptoms=body.symptoms,
        campaigns=body.campaigns,
        runs=body.runs,
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


@router.get("/silences", response_model=dict[str, Any])
def list_silences(desk: AtDesk) -> Response:
    """The silences in force: kinds of incidents that nobody is told of now."""
    return reply_list(silences.listed(desk))


@router.post("/silences", response_model=Silence, status_code=201)
def silence(desk: AtDesk, body: NewSilence) -> Response:
    """Send no alerts about an incident, or a kind of them, for a while."""
    made = silences.silence(desk, body.kind, length=body.length, reason=body.reason)
    return reply(made, status=201)


@router.delete("/silences/{silence_id}", response_model=Silence)
def lift(desk: AtDesk, silence_id: Id) -> Response:
    """End a silence before its time."""
    return reply(silences.lift(desk, silence_id))


@router.post("/alerts/test", response_model=dict[str, Any])
def send_a_test(desk: AtDesk) -> Response:
    """Send a test message to every address of `[alerts]`; says of each whether it was taken."""
    return reply(alert_trial.send_trial(desk))

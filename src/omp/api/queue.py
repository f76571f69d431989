"""The queue: campaigns that wait for a run, and every change made to it."""

from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import Response

from omp.api.edge import (
    AtDesk,
    Cursor,
    EnvironmentName,
    Id,
    IfMatch,
    Limit,
    Line,
    ListOf,
    one_environment,
    page_of,
    reply,
)
from omp.api.schemas import Approval, CampaignChange, NewCampaign, WithReason
from omp.domain.errors import PreconditionFailed
from omp.ops import queue
from omp.ops.queue import CampaignView, Why
from omp.store.campaigns import QueueChange

router = APIRouter(tags=["queue"])


@router.get("/queue", response_model=ListOf[CampaignView])
def list_queue(
    desk: AtDesk, environment: EnvironmentName = "all", limit: Limit = 500, after: Cursor = None
) -> Response:
    """Every campaign: those that wait in the order in which they will run, then the others."""
    return page_of(queue.list_queue(desk, environment=one_environment(environment)), limit, after)


@router.post("/queue", response_model=CampaignView, status_code=201)
def add(
    desk: AtDesk,
    body: NewCampaign,
    idempotency_key: Annotated[str | None, Header(max_length=96)] = None,
) -> Response:
    """Put a campaign in the queue; the same submission again gives the same campaign (200)."""
    found = queue.add(desk, **body.model_dump(), idempotency_key=idempotency_key)
    return reply(found, status=200 if found.duplicate else 201, etag=found.version)


@router.get("/queue/changes", response_model=ListOf[QueueChange])
def list_changes(desk: AtDesk, campaign: Line | None = None, limit: Limit = 200) -> Response:
    """Changes of the queue, the newest first: who, what, why, with what impact."""
    return page_of(queue.changes(desk, campaign_id=campaign, limit=limit), limit, None)


@router.get("/queue/{campaign_id}", response_model=CampaignView)
def show(desk: AtDesk, campaign_id: Id) -> Response:
    """One campaign; its ETag is its version."""
    found = queue.get(desk, campaign_id)
    return reply(found, etag=found.version)


@router.get("/queue/{campaign_id}/why", response_model=Why)
def why(desk: AtDesk, campaign_id: Id) -> Response:
    """Why it is not running, and what would run next."""
    return reply(queue.why(desk, campaign_id))


@router.patch("/queue/{campaign_id}", response_model=CampaignView)
def change(desk: AtDesk, campaign_id: Id, body: CampaignChange, seen: IfMatch) -> Response:
    """Change a campaign or its place; priority and order need a reason."""
    wanted = body.model_dump(exclude={"before", "reason"})
    found = None
    if any(value is not None for value in wanted.values()) or "before" not in body.model_fields_set:
        found = queue.change(desk, campaign_id, **wanted, reason=body.reason, if_match=seen)
    elif seen is not None and (version := queue.get(desk, campaign_id).version) != seen:
        raise PreconditionFailed(
            f"campaign {campaign_id} has version {version}, not {seen}",
            allowed="a change of the version that was read",
            remedy="read it again and decide anew",
        )
    if "before" in body.model_fields_set:
        found = queue.reorder(desk, campaign_id, before=body.before, reason=body.reason)
    return reply(found, etag=found.version if found else None)


@router.delete("/queue/{campaign_id}", response_model=CampaignView)
def remove(desk: AtDesk, campaign_id: Id, reason: Line | None = None) -> Response:
    """Take a campaign out of the queue; its record stays, a run under way goes on to its end."""
    return reply(queue.remove(desk, campaign_id, reason=reason))


@router.post("/queue/{campaign_id}/lift", response_model=CampaignView)
def lift(desk: AtDesk, campaign_id: Id, body: WithReason) -> Response:
    """End a quarantine, with a reason; the campaign is disabled then, and may be enabled."""
    return reply(queue.lift(desk, campaign_id, reason=body.reason))


@router.post("/queue/{campaign_id}/run", response_model=CampaignView)
def again(desk: AtDesk, campaign_id: Id, body: WithReason | None = None) -> Response:
    """Queue one more run: a failed one again with its seed, else the next seed."""
    return reply(queue.again(desk, campaign_id, reason=body.reason if body else None))


@router.post("/queue/{campaign_id}/approvals", response_model=CampaignView)
def approve(desk: AtDesk, campaign_id: Id, body: Approval) -> Response:
    """Store an approval of the campaign's spec card."""
    return reply(queue.approve(desk, campaign_id, body.approval))

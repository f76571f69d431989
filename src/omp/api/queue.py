"""The queue: campaigns that wait for a run, and every change made to it."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
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
from omp.api.schemas import Approval, BulkChange, CampaignChange, NewCampaign, WithReason
from omp.ops import queue
from omp.ops.desk import Desk
from omp.ops.queue import Bulk, CampaignView, Rehearsal, Why
from omp.store.campaigns import QueueChange

router = APIRouter(tags=["queue"])

DryRun = Annotated[bool, Query(description="change nothing; tell what would change, and the order")]


@router.get("/queue", response_model=ListOf[CampaignView])
def list_queue(
    desk: AtDesk, environment: EnvironmentName = "all", limit: Limit = 500, after: Cursor = None
) -> Response:
    """Every campaign: those that wait in the order in which they will run, then the others."""
    return page_of(queue.list_queue(desk, environment=one_environment(environment)), limit, after)


def _made(
    desk: Desk, dry_run: bool, verb: Callable[..., CampaignView], *given: Any, **named: Any
) -> Response:
    """Make a change, or only try it and tell what it would do."""
    if dry_run:
        return reply(queue.rehearse(desk, verb, *given, **named))
    found = verb(desk, *given, **named)
    return reply(found, etag=found.version)


@router.post("/queue", response_model=CampaignView | Rehearsal, status_code=201)
def add(
    desk: AtDesk,
    body: NewCampaign,
    idempotency_key: Annotated[str | None, Header(max_length=96)] = None,
    dry_run: DryRun = False,
) -> Response:
    """Put a campaign in the queue; the same submission again gives the same campaign (200)."""
    named = {**body.model_dump(), "idempotency_key": idempotency_key}
    if dry_run:
        return reply(queue.rehearse(desk, queue.add, **named))
    found = queue.add(desk, **named)
    return reply(found, status=200 if found.duplicate else 201, etag=found.version)


@router.post("/queue/bulk", response_model=Bulk | Rehearsal)
def bulk(desk: AtDesk, body: BulkChange, dry_run: DryRun = False) -> Response:
    """Enable, disable, remove or prioritise several campaigns: all or none, one record each."""
    if dry_run:
        return reply(queue.rehearse(desk, queue.bulk, **body.model_dump()))
    return reply(queue.bulk(desk, **body.model_dump()))


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


@router.patch("/queue/{campaign_id}", response_model=CampaignView | Rehearsal)
def change(
    desk: AtDesk, campaign_id: Id, body: CampaignChange, seen: IfMatch, dry_run: DryRun = False
) -> Response:
    """Change a campaign or its place, all or none; priority and order need a reason."""
    named = body.model_dump(exclude=None if "before" in body.model_fields_set else {"before"})
    return _made(desk, dry_run, queue.change, campaign_id, **named, if_match=seen)


@router.delete("/queue/{campaign_id}", response_model=CampaignView | Rehearsal)
def remove(
    desk: AtDesk, campaign_id: Id, reason: Line | None = None, dry_run: DryRun = False
) -> Response:
    """Take a campaign out of the queue; its record stays, a run under way goes on to its end."""
    return _made(desk, dry_run, queue.remove, campaign_id, reason=reason)


@router.post("/queue/{campaign_id}/lift", response_model=CampaignView | Rehearsal)
def lift(desk: AtDesk, campaign_id: Id, body: WithReason, dry_run: DryRun = False) -> Response:
    """End a quarantine, with a reason; the campaign is disabled then, and may be enabled."""
    return _made(desk, dry_run, queue.lift, campaign_id, reason=body.reason)


@router.post("/queue/{campaign_id}/run", response_model=CampaignView | Rehearsal)
def again(
    desk: AtDesk, campaign_id: Id, body: WithReason | None = None, dry_run: DryRun = False
) -> Response:
    """Queue one more run: a failed one again with its seed, else the next seed."""
    reason = body.reason if body else None
    return _made(desk, dry_run, queue.again, campaign_id, reason=reason)


@router.post("/queue/{campaign_id}/approvals", response_model=CampaignView | Rehearsal)
def approve(desk: AtDesk, campaign_id: Id, body: Approval, dry_run: DryRun = False) -> Response:
    """Store an approval of the campaign's spec card, for its configuration as it is."""
    return _made(desk, dry_run, queue.approve, campaign_id, body.approval)


@router.delete("/queue/{campaign_id}/approvals/{approval}", response_model=CampaignView | Rehearsal)
def disapprove(
    desk: AtDesk, campaign_id: Id, approval: Id, reason: str, dry_run: DryRun = False
) -> Response:
    """Withdraw an approval of the campaign's spec card, with a reason; what runs goes on."""
    return _made(desk, dry_run, queue.disapprove, campaign_id, approval, reason=reason)

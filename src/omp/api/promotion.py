"""Judgement: what stands between a run and the Hall of Fame, promotion, and signatures."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from omp.api.edge import (
    AtDesk,
    Cursor,
    EnvironmentName,
    Id,
    IdText,
    Limit,
    ListOf,
    WithChildren,
    one_environment,
    page_of,
    reply,
)
from omp.api.schemas import NewReview, Promotion
from omp.ops import promotion, reviews
from omp.ops.promotion import Check, Refusal
from omp.ops.reviews import Waiting
from omp.store.hall import Review

router = APIRouter(tags=["promotion"])


@router.get("/promote-check", response_model=Check)
def check(desk: AtDesk, run_id: Annotated[IdText, Query(alias="runId")]) -> Response:
    """What stands between a run and the Hall of Fame; changes nothing, spends no look."""
    return reply(promotion.promote_check(desk, run_id))


@router.post("/promote", response_model=Check)
def promote(desk: AtDesk, children: WithChildren, body: Promotion) -> Response:
    """Put a run's subject before the gates; a live daemon takes the steps that compute."""
    mine = None if desk.live.is_set() else children
    found = promotion.promote(
        desk, body.run_id, body.candidate_id, children=mine, reason=body.reason
    )
    return reply(found)


@router.get("/runs/{run_id}/refused", response_model=ListOf[Refusal])
def list_refused(desk: AtDesk, run_id: Id, limit: Limit = 100, after: Cursor = None) -> Response:
    """Every candidate of a run with the verdict that stopped it, the best first."""
    return page_of(promotion.refusals(desk, run_id), limit, after)


@router.get("/runs/{run_id}/candidates/{candidate_id}/screen", response_model=list[dict[str, Any]])
def screen(desk: AtDesk, run_id: Id, candidate_id: Id) -> Response:
    """The first panel on one candidate, judged now; keeps nothing, spends nothing."""
    return reply(promotion.screen(desk, run_id, candidate_id))


@router.get("/reviews", response_model=ListOf[Waiting])
def list_reviews(
    desk: AtDesk, environment: EnvironmentName = "all", limit: Limit = 200, after: Cursor = None
) -> Response:
    """What waits for a signature, then what was signed, the newest first."""
    return page_of(reviews.listed(desk, environment=one_environment(environment)), limit, after)


@router.post("/reviews", response_model=Review, status_code=201)
def sign(desk: AtDesk, body: NewReview) -> Response:
    """Sign or decline a candidate; a run that waits for it is judged again."""
    found = reviews.sign(
        desk,
        body.run_id,
        body.candidate_id,
        role=body.role,
        decision=body.decision,
        reason=body.reason,
    )
    return reply(found, status=201)

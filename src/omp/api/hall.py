"""The Hall of Fame: governed entries, their moves, the local elite, delivery to the mirror."""

from dataclasses import asdict
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
    one_environment,
    page_of,
    reply,
)
from omp.api.schemas import EntryMove, EntryState, WithReason
from omp.ops import drift, hall, local_elite, sync
from omp.ops.hall import EntryPage, Expectation, HallCheck
from omp.ops.local_elite import Elite
from omp.ops.sync import Synced
from omp.store.hall import Entry

router = APIRouter(tags=["hall of fame"])


@router.get("/hall-of-fame", response_model=ListOf[Entry])
def list_entries(
    desk: AtDesk,
    environment: EnvironmentName = "real",
    state: EntryState | None = None,
    limit: Limit = 100,
    after: Cursor = None,
) -> Response:
    """The governed entries, the newest first; those of real data, unless asked otherwise."""
    found = hall.listed(desk, environment=one_environment(environment), state=state)
    return page_of(found, limit, after)


@router.get("/hall-of-fame/check", response_model=HallCheck)
def check(desk: AtDesk) -> Response:
    """The integrity check: rows, folders, hashes, provenance, duplicates, delivery."""
    return reply(hall.check(desk))


@router.get("/hall-of-fame/expectation/{environment}", response_model=Expectation)
def expectation(desk: AtDesk, environment: EnvironmentName) -> Response:
    """The levels that looks have spent: no more false entries than this are to be expected."""
    return reply(hall.expectation(desk, environment))


@router.get("/hall-of-fame/{candidate_id}", response_model=EntryPage)
def show(desk: AtDesk, candidate_id: Id) -> Response:
    """One entry with provenance, figures, verdicts, reviews, episodes and its look."""
    return reply(hall.show(desk, candidate_id))


@router.post("/hall-of-fame/{candidate_id}/{action}", response_model=Entry)
def act(desk: AtDesk, candidate_id: Id, action: EntryMove, body: WithReason) -> Response:
    """Move an entry from one state to another, with a reason."""
    return reply(hall.act(desk, candidate_id, action, reason=body.reason or ""))


@router.get("/hof-local", response_model=ListOf[Elite])
def list_local(
    desk: AtDesk,
    environment: EnvironmentName = "all",
    run_id: Annotated[IdText | None, Query(alias="runId")] = None,
    limit: Limit = 20,
    after: Cursor = None,
) -> Response:
    """The local elite of each completed run, promoted or not; `limit` counts runs."""
    found = local_elite.listed(
        desk, environment=one_environment(environment), run_id=run_id, limit=limit, after=after
    )
    return reply(asdict(found))


@router.post("/hof-sync", response_model=Synced)
def deliver(desk: AtDesk) -> Response:
    """Deliver to PostgreSQL what is pending; without one it says so."""
    return reply(sync.hof_sync(desk))


@router.post("/hof-sync/check", response_model=dict[str, Any])
def check_sync(desk: AtDesk, repair: bool = False) -> Response:
    """Compare the Hall with its mirror by hash; `repair` delivers anew what differs."""
    return reply(drift.compare(desk, repair=repair))

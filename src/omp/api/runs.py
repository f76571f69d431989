"""Runs: what each did, found and wrote."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from omp.api.edge import (
    AtDesk,
    Cursor,
    EnvironmentName,
    Id,
    Limit,
    Line,
    ListOf,
    WithChildren,
    offset_of,
    one_environment,
    reply,
)
from omp.api.schemas import Copies, TryRestore, WithReason
from omp.ops import archive, funnel, luck, runs, tiers, trash
from omp.ops.archive import Restored
from omp.ops.funnel import Funnel
from omp.ops.runs import LogTail
from omp.store.luck import MeasuredLuck
from omp.store.runs import Run

router = APIRouter(tags=["runs"])

State = Literal["queued", "running", "completed", "failed", "cancelled"]
Place = Literal["here", "archived", "trashed", "deleted"]


@router.get("/runs", response_model=ListOf[dict[str, Any]])
def list_runs(
    desk: AtDesk,
    state: State | None = None,
    campaign_id: Line | None = None,
    environment: EnvironmentName = "all",
    place: Place | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Response:
    """Runs, the newest first; `place` shows those whose directory is archived or in the trash."""
    found = runs.list_runs(
        desk,
        state=state,
        campaign_id=campaign_id,
        environment=one_environment(environment),
        place=place,
        limit=limit,
        after=after,
    )
    return reply(asdict(found))


@router.get("/runs/{run_id}", response_model=dict[str, Any])
def show(desk: AtDesk, run_id: Id) -> Response:
    """One run, with its campaign's name and what may be done with it."""
    return reply(runs.show(desk, run_id).as_record())


@router.get("/runs/{run_id}/candidates", response_model=ListOf[dict[str, Any]])
def list_candidates(desk: AtDesk, run_id: Id, limit: Limit = 100, after: Cursor = None) -> Response:
    """Its candidates, the best first, with the gate that stopped each."""
    return reply(asdict(runs.candidates(desk, run_id, limit=limit, after=offset_of(after))))


@router.get("/runs/{run_id}/funnel", response_model=Funnel)
def show_funnel(desk: AtDesk, run_id: Id) -> Response:
    """Where its trials fell, gate by gate; the steps add up to the ledger."""
    return reply(funnel.of_run(desk, run_id))


@router.get("/runs/{run_id}/events", response_model=ListOf[dict[str, Any]])
def list_events(desk: AtDesk, run_id: Id, limit: Limit = 500, after: Cursor = None) -> Response:
    """Lines that its processes wrote, in order; the cursor goes on where the page ended."""
    return reply(asdict(runs.events(desk, run_id, after=offset_of(after), limit=limit)))


@router.get("/runs/{run_id}/summary", response_model=dict[str, Any])
def show_summary(desk: AtDesk, run_id: Id) -> Response:
    """The exported rows and the convergence of a finished run; empty before it has any."""
    return reply(runs.summary(desk, run_id) or {})


@router.get("/runs/{run_id}/logs", response_model=LogTail)
def show_logs(
    desk: AtDesk, run_id: Id, lines: Annotated[int, Query(ge=1, le=2000)] = 200
) -> Response:
    """The last lines of its standard error."""
    return reply(runs.logs(desk, run_id, lines=lines))


@router.post("/runs/{run_id}/luck", response_model=MeasuredLuck, status_code=201)
def measure_luck(
    desk: AtDesk, children: WithChildren, run_id: Id, body: Copies | None = None
) -> Response:
    """Make its search again on surrogate copies of its data, and keep what luck reaches there."""
    copies = (body or Copies()).copies
    return reply(luck.measure(desk, run_id, children=children, copies=copies), status=201)


@router.post("/runs/{run_id}/cancel", response_model=Run)
def cancel(desk: AtDesk, run_id: Id, body: WithReason | None = None) -> Response:
    """End a run for good: a queued one at once, a running one once its processes have gone."""
    return reply(runs.cancel(desk, run_id, reason=body.reason if body else None))


@router.post("/runs/{run_id}/restore", response_model=Restored)
def restore(desk: AtDesk, run_id: Id, body: TryRestore | None = None) -> Response:
    """Bring an archived run back, every byte compared; with `dry_run` only prove that it works."""
    given = body or TryRestore()
    found = archive.restore(desk, run_id, dry_run=given.dry_run, reason=given.reason)
    return reply(found)


@router.post("/runs/{run_id}/undelete", response_model=Run)
def undelete(desk: AtDesk, run_id: Id, body: WithReason | None = None) -> Response:
    """Take a run out of the trash, as it was."""
    return reply(trash.undelete(desk, run_id, reason=body.reason if body else None))


@router.post("/runs/{run_id}/hold", response_model=Run)
def hold(desk: AtDesk, run_id: Id, body: WithReason) -> Response:
    """Take a run out of retention's reach, with a reason, until it is released."""
    return reply(tiers.hold(desk, run_id, reason=body.reason or ""))


@router.post("/runs/{run_id}/release", response_model=Run)
def release(desk: AtDesk, run_id: Id, body: WithReason | None = None) -> Response:
    """Give a run back to retention."""
    return reply(tiers.release(desk, run_id, reason=body.reason if body else None))

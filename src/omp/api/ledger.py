"""The ledger: trials of every lineage, looks at its sealed window, what is left of its budget."""

from fastapi import APIRouter
from starlette.responses import Response

from omp.api.edge import (
    AtDesk,
    Cursor,
    EnvironmentName,
    Id,
    Limit,
    ListOf,
    WithChildren,
    offset_of,
    one_environment,
    page_of,
    reply,
    reply_list,
)
from omp.api.schemas import WithReason
from omp.ops import funnel, ledger_pages, windows
from omp.ops.funnel import Funnel
from omp.ops.ledger_pages import LineageView, LookView
from omp.ops.windows import Opened

router = APIRouter(tags=["ledger"])


@router.get("/trials", response_model=ListOf[LineageView])
def list_trials(
    desk: AtDesk, environment: EnvironmentName = "all", limit: Limit = 50, after: Cursor = None
) -> Response:
    """Every lineage with its trials, its luck line and its budget, the newest first."""
    start = offset_of(after)
    found, more = ledger_pages.lineages(
        desk, environment=one_environment(environment), limit=limit, start=start
    )
    return reply_list(found, str(start + limit) if more else None)


@router.get("/trials/{lineage_id}", response_model=LineageView)
def show_trials(desk: AtDesk, lineage_id: Id) -> Response:
    """One lineage; a joined one is shown as the one it became part of."""
    return reply(ledger_pages.lineage(desk, lineage_id))


@router.get("/trials/{lineage_id}/funnel", response_model=Funnel)
def show_funnel(desk: AtDesk, lineage_id: Id) -> Response:
    """Where the trials of a lineage fell, over all its runs."""
    return reply(funnel.of_lineage(desk, lineage_id))


@router.post("/trials/{lineage_id}/window", response_model=Opened, status_code=201)
def open_window(desk: AtDesk, children: WithChildren, lineage_id: Id, body: WithReason) -> Response:
    """Close its sealed window for ever and open one of later bars alone; needs a reason."""
    found = windows.open_window(desk, lineage_id, reason=body.reason or "", children=children)
    return reply(found, status=201)


@router.get("/looks", response_model=ListOf[LookView])
def list_looks(
    desk: AtDesk, environment: EnvironmentName = "all", limit: Limit = 200, after: Cursor = None
) -> Response:
    """Every look that was granted, the newest first."""
    found = ledger_pages.looks(desk, environment=one_environment(environment))
    return page_of(found, limit, after)


@router.get("/looks/{look_id}", response_model=LookView)
def show_look(desk: AtDesk, look_id: Id) -> Response:
    """One look with its level and its result."""
    return reply(ledger_pages.look(desk, look_id))

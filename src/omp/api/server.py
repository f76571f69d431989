"""The ASGI application: resources, guard, errors; each call is one line over a verb of `ops`."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from omp.api import (
    activity,
    config,
    data,
    data_sets,
    docs,
    events,
    hall,
    health,
    incidents,
    ledger,
    maintenance,
    miner,
    problems,
    promotion,
    queue,
    reports,
    runs,
    session,
)
from omp.api.edge import Problem
from omp.api.guard import Guard, rules_for
from omp.config.fingerprint import engine_version
from omp.domain.errors import OmpError
from omp.ops.children import Children, DirectChildren
from omp.ops.desk import Desk
from omp.ops.template_room import open_room

PREFIX, ALIAS = "/api/omp", "/api/v1"

RESOURCES: tuple[APIRouter, ...] = (
    miner.router,
    queue.router,
    runs.router,
    promotion.router,
    hall.router,
    ledger.router,
    incidents.router,
    data.router,
    data_sets.router,
    activity.router,
    events.router,
    config.router,
    reports.router,
    maintenance.router,
)

_PROBLEM = {"model": Problem, "content": {"application/problem+json": {}}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {**_PROBLEM, "description": about}
    for status, about in {
        400: "the body cannot be read",
        401: "no valid token",
        403: "another site sent it",
        404: "there is no such thing",
        409: "an illegal move, a clash, or a rule of governance",
        412: "If-Match named another version",
        413: "the body is too large",
        421: "this host is not served",
        422: "what was given cannot be used",
        500: "a fault of the program or of its files",
        503: "something is short",
    }.items()
}


def create_app(
    desk: Desk | Callable[[], Desk],
    *,
    extra_routers: Sequence[APIRouter] = (),
    children: Children | None = None,
    host: str | None = None,
) -> Guard:
    """The application of a workspace, behind its guard.

    Args:
        desk: The desk, or what gives the one with the settings in force now.
        extra_routers: Further pages, such as the dashboard's.
        children: Who computes for imports and promotions; by default plain subprocesses.
        host: The address it is served on; by default the configured one. Beyond loopback the
            token is forced.
    """
    source: Callable[[], Desk] = desk if callable(desk) else lambda: desk
    first = source()
    open_room()
    rules = rules_for(
        token=session.read_token(first.workspace),
        workspace_id=session.workspace_name(first.workspace),
        auth=first.settings.api.auth,
        host=host or first.settings.api.host,
        operator=first.operator,
        role=first.role,
    )
    app = FastAPI(
        title="OMP",
        summary="A perpetual strategy-mining orchestrator whose Hall of Fame noise cannot enter.",
        version=engine_version(),
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_name,
        exception_handlers={
            OmpError: problems.answer_refusal,
            RequestValidationError: problems.answer_invalid,
            HTTPException: problems.answer_http,
            Exception: problems.answer_unexpected,
        },
    )
    app.state.desk = source
    app.state.rules = rules
    app.state.children = children or DirectChildren(first.workspace)
    app.state.pulse = events.Pulse(source)
    for router in RESOURCES:
        app.include_router(router, prefix=PREFIX, responses=_REFUSALS)
        app.include_router(router, prefix=ALIAS, include_in_schema=False)
    for router in (health.router, session.router, docs.router, *extra_routers):
        app.include_router(router)
    return Guard(app, rules, app.state.pulse.close)


def _name(route: APIRoute) -> str:
    return f"{route.tags[0] if route.tags else 'page'}_{route.name}"

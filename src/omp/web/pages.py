"""The pages' addresses. Each shows what `ops` knows; whatever changes something goes to the API."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from starlette.responses import HTMLResponse, JSONResponse, Response

from omp.config.fingerprint import engine_version
from omp.ops import miner
from omp.ops.desk import Desk
from omp.ops.miner_status import status
from omp.web import assets, miner_page, phrases
from omp.web.rendering import page
from omp.wire.canonical import finite

EnvironmentName = Literal["real", "demo", "synthetic", "test", "all"]
Shown = Annotated[EnvironmentName, Query()]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}$")]


def only(name: str) -> str | None:
    """The environment to show; None for all."""
    return None if name == "all" else name


def shell(desk: Desk, here: str, environment: str = "all") -> dict[str, Any]:
    """What the frame around every page shows."""
    return {
        "here": here,
        "environment": environment,
        "miner": miner.state(desk),
        "version": engine_version(),
    }


def as_json(value: Any) -> Response:
    """Figures for a chart."""
    return JSONResponse(finite(value), headers={"cache-control": "no-store"})


def router(desk: Desk | Callable[[], Desk]) -> APIRouter:
    """Every page of the dashboard, for the desk of a workspace."""
    source: Callable[[], Desk] = desk if callable(desk) else lambda: desk
    pages = APIRouter(include_in_schema=False)
    pages.include_router(assets.router)
    _miner(pages, source)
    return pages


def _miner(pages: APIRouter, source: Callable[[], Desk]) -> None:
    @pages.get("/")
    def show(environment: Shown = "all") -> HTMLResponse:
        desk = source()
        found = miner_page.everything(desk, only(environment))
        return page("miner.html", **shell(desk, "/", environment), **found)

    @pages.get("/parts/state")
    def state() -> HTMLResponse:
        return page("parts/state.html", status=status(source()))

    @pages.get("/parts/current")
    def current(environment: Shown = "all") -> HTMLResponse:
        desk = source()
        now = status(desk, environment=only(environment))
        return page("parts/current.html", **miner_page.current(desk, now, only(environment)))

    @pages.get("/parts/queue")
    def queue(environment: Shown = "all") -> HTMLResponse:
        found = miner_page.waiting(source(), only(environment))
        return page("parts/queue.html", environment=environment, **found)

    @pages.get("/parts/machine")
    def machine() -> HTMLResponse:
        desk = source()
        return page("parts/machine.html", **miner_page.machine(desk, status(desk)))

    @pages.get("/parts/proof")
    def proof(environment: Shown = "all") -> HTMLResponse:
        found = miner_page.proof(source(), only(environment))
        return page("parts/proof.html", environment=environment, **found)

    @pages.get("/parts/incidents")
    def incidents() -> HTMLResponse:
        return page("parts/incidents.html", **miner_page.open_incidents(source()))

    @pages.get("/parts/activity")
    def activity() -> HTMLResponse:
        return page("parts/activity.html", activity=phrases.latest(source()))

    @pages.get("/parts/convergence/{run_id}")
    def convergence(run_id: Id) -> Response:
        return as_json(miner_page.convergence(source(), run_id))

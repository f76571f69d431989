"""The pages' addresses. Each shows what `ops` knows; whatever changes something goes to the API."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from omp.ops.desk import Desk
from omp.ops.miner_status import status
from omp.web import (
    assets,
    charts,
    data_page,
    explained,
    hall_page,
    miner_page,
    phrases,
    record_page,
    run_page,
)
from omp.web.frame import After, EnvironmentName, Id, Shown, as_json, frame, only
from omp.web.rendering import page

Source = Callable[[], Desk]
CardSubject = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}$")]
RunState = Literal["queued", "running", "completed", "failed", "cancelled"]


def router(desk: Desk | Source) -> APIRouter:
    """Every page of the dashboard, for the desk of a workspace."""
    source: Source = desk if callable(desk) else lambda: desk
    pages = APIRouter(include_in_schema=False)
    pages.include_router(assets.router)
    for add in (_miner, _miner_parts, _runs, _hall, _record, _explained, _data, _login):
        add(pages, source)
    return pages


def _miner(pages: APIRouter, source: Source) -> None:
    @pages.get("/")
    def show(environment: Shown = "all") -> HTMLResponse:
        desk = source()
        found = miner_page.everything(desk, only(environment))
        return page("miner.html", **frame(desk, "/", environment), **found)


def _miner_parts(pages: APIRouter, source: Source) -> None:
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


def _runs(pages: APIRouter, source: Source) -> None:
    @pages.get("/runs")
    def list_runs(
        environment: Shown = "all", state: RunState | None = None, after: After = None
    ) -> HTMLResponse:
        desk = source()
        found = run_page.listed(desk, only(environment), state, after)
        return page("runs.html", **frame(desk, "/runs", environment), **found)

    @pages.get("/parts/runs")
    def part_of_runs(
        environment: Shown = "all", state: RunState | None = None, after: After = None
    ) -> HTMLResponse:
        found = run_page.listed(source(), only(environment), state, after)
        return page("parts/runs.html", environment=environment, **found)

    @pages.get("/runs/{run_id}")
    def show_run(
        run_id: Id, candidates: Annotated[Literal["first", "all"], Query()] = "first"
    ) -> HTMLResponse:
        desk = source()
        found = run_page.everything(desk, run_id, whole=candidates == "all")
        return page("run.html", **frame(desk, "/runs"), **found)

    @pages.get("/parts/run/{run_id}")
    def part_of_run(run_id: Id) -> HTMLResponse:
        return page("parts/run.html", **run_page.progress(source(), run_id))

    @pages.get("/runs/{run_id}/candidates/{candidate_id}")
    def show_candidate(run_id: Id, candidate_id: Id) -> HTMLResponse:
        desk = source()
        found = run_page.candidate(desk, run_id, candidate_id)
        return page("candidate.html", **frame(desk, "/runs"), **found)

    @pages.get("/parts/convergence/{run_id}")
    def convergence(run_id: Id) -> Response:
        return as_json(charts.convergence(source(), run_id))

    @pages.get("/parts/curves/{run_id}/{candidate_id}")
    def candidate_curves(run_id: Id, candidate_id: Id) -> Response:
        return as_json(run_page.candidate_curves(source(), run_id, candidate_id))


def _hall(pages: APIRouter, source: Source) -> None:
    @pages.get("/hall")
    def show_hall(environment: Shown = "real") -> HTMLResponse:
        desk = source()
        found = hall_page.everything(desk, only(environment))
        return page("hall.html", **frame(desk, "/hall", environment), **found)

    @pages.get("/hall/{candidate_id}")
    def show_entry(candidate_id: Id) -> HTMLResponse:
        desk = source()
        found = hall_page.entry(desk, candidate_id)
        return page("entry.html", **frame(desk, "/hall"), **found)

    @pages.get("/hall/{candidate_id}/packet")
    def show_packet(candidate_id: Id) -> HTMLResponse:
        desk = source()
        found = hall_page.packet(desk, candidate_id)
        return page("packet.html", **frame(desk, "/hall"), **found)

    @pages.get("/parts/hall-curves/{candidate_id}/{part}")
    def entry_curves(candidate_id: Id, part: hall_page.Part) -> Response:
        return as_json(hall_page.entry_curves(source(), candidate_id, part))


def _record(pages: APIRouter, source: Source) -> None:
    @pages.get("/ledger")
    def show_ledger(
        environment: EnvironmentName = "all",
        start: Annotated[int, Query(ge=0, le=10**9)] = 0,
    ) -> HTMLResponse:
        desk = source()
        found = record_page.ledger(desk, only(environment), start)
        return page("ledger.html", **frame(desk, "/ledger", environment), **found)

    @pages.get("/ledger/{lineage_id}")
    def show_lineage(lineage_id: Id) -> HTMLResponse:
        desk = source()
        found = record_page.lineage(desk, lineage_id)
        return page("lineage.html", **frame(desk, "/ledger"), **found)

    @pages.get("/incidents")
    def show_incidents() -> HTMLResponse:
        desk = source()
        found = record_page.all_incidents(desk)
        return page("incidents.html", **frame(desk, "/incidents"), **found)

    @pages.get("/cards/{kind}")
    def show_card(kind: Id, subject: CardSubject = None) -> HTMLResponse:
        desk = source()
        return page("card.html", **frame(desk, ""), **record_page.card(desk, kind, subject))

    @pages.get("/config")
    def show_config() -> HTMLResponse:
        desk = source()
        return page("config.html", **frame(desk, "/config"), **record_page.configuration(desk))


def _explained(pages: APIRouter, source: Source) -> None:
    @pages.get("/explained/{name}")
    def show_explained(name: Id) -> HTMLResponse:
        desk = source()
        return page("explained.html", **frame(desk, ""), document=explained.explained(name))


def _data(pages: APIRouter, source: Source) -> None:
    @pages.get("/data")
    def list_data(environment: Shown = "all") -> HTMLResponse:
        desk = source()
        found = data_page.everything(desk, only(environment))
        return page("data.html", **frame(desk, "/data", environment), **found)

    @pages.get("/data/{name}")
    def show_data(
        name: Id, symbols: Annotated[Literal["worst", "all"], Query()] = "worst"
    ) -> HTMLResponse:
        desk = source()
        found = data_page.snapshot(desk, name, whole=symbols == "all")
        return page("snapshot.html", **frame(desk, "/data"), **found)


def _login(pages: APIRouter, _source: Source) -> None:
    @pages.get("/login")
    def show_login(wrong: Literal["0", "1"] = "0") -> HTMLResponse:
        return page("login.html", wrong=wrong == "1")

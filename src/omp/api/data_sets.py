"""Data sets: fitness, age, update, and the incidents that call data into question."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from omp.api.edge import (
    AtDesk,
    Body,
    Cursor,
    EnvironmentName,
    Id,
    IdText,
    Limit,
    Line,
    ListOf,
    PathText,
    Text,
    WithChildren,
    one_environment,
    page_of,
    reply,
)
from omp.ops import data_age, data_derive, data_incidents, data_judge, data_sets, data_update
from omp.ops.data_incidents import DataIncident
from omp.ops.data_sets import DataSetPage, DataSetView
from omp.ops.data_update import Updated
from omp.store.data_sets import DataSet, Revalidation
from omp.store.snapshots import Snapshot

router = APIRouter(tags=["data"])

Day = Annotated[str, Field(max_length=32, description="ISO date or instant")]
Symbols = Annotated[list[Line], Field(max_length=5000)]


class NewDataIncident(Body):
    """Data called into question; no symbols and no span mean all of them."""

    summary: Text
    symbols: Symbols = Field(default_factory=list)
    first: Day | None = None
    last: Day | None = None
    severity: Literal["SEV-0", "SEV-1", "SEV-2"] = "SEV-2"


class Update(Body):
    """Where the newer data lie, below the workspace; left away: where they lay before.

    `origin` is the path a person named, where `path` is a copy of it.
    """

    path: PathText | None = None
    origin: PathText = ""


class AgeLimit(Body):
    """Days a data set may go without an update; 0: frozen history; null: the configured limit."""

    max_days: Annotated[float | None, Field(ge=0, le=data_age.LONGEST_DAYS)] = None


class NewFetch(Body):
    """Bars to fetch from a provider; its key is read from the environment of the daemon."""

    provider: IdText
    name: IdText
    symbols: Annotated[list[Line], Field(min_length=1, max_length=5000)]
    first: Day
    last: Day | None = None
    timeframe: IdText = "1d"
    venue: IdText = "us"
    accept: Annotated[list[IdText], Field(max_length=50)] = Field(default_factory=list)
    actions: Annotated[
        PathText | None, Field(description="table of splits and dividends, below the workspace")
    ] = None


class NewDerived(Body):
    """A data set to make from another one; files lie below the workspace."""

    name: IdText
    to: IdText | Literal[""] = ""
    universe: IdText | Literal[""] = ""
    membership: PathText | None = None
    symbols: Symbols = Field(default_factory=list)
    yields: PathText | None = None
    cash: IdText | Literal[""] = ""
    convention: IdText | Literal[""] = ""
    repair: Annotated[list[IdText], Field(max_length=50)] = Field(default_factory=list)
    accept: Annotated[list[IdText], Field(max_length=50)] = Field(default_factory=list)


class NewRepair(Body):
    """Rules of readiness whose bars are taken away; left without a name it is `…-repaired`."""

    rules: Annotated[list[IdText], Field(min_length=1, max_length=50)] | IdText
    name: IdText | Literal[""] = ""
    accept: Annotated[list[IdText], Field(max_length=50)] = Field(default_factory=list)
    dry_run: bool = False


class NewJudgement(Body):
    """What is known beside a data set: the universe it should be of, how old its end may be."""

    universe: IdText | Literal[""] = ""
    membership: PathText | None = None
    symbols: Symbols = Field(default_factory=list)
    max_age_days: Annotated[float | None, Field(ge=0, le=data_age.LONGEST_DAYS)] = None


@router.get("/data-sets", response_model=ListOf[DataSetView])
def list_sets(
    desk: AtDesk, environment: EnvironmentName = "all", limit: Limit = 200, after: Cursor = None
) -> Response:
    """Data sets by name, each ready or NOT READY with its reasons."""
    return page_of(data_sets.listed(desk, environment=one_environment(environment)), limit, after)


@router.get("/data-sets/{data_set}", response_model=DataSetPage)
def show_set(desk: AtDesk, data_set: Id) -> Response:
    """One data set with its descent, its incidents, and the runs and entries that used it."""
    return reply(data_sets.show(desk, data_set))


@router.post("/data-sets/{data_set}/update", response_model=Updated)
def update(
    desk: AtDesk, children: WithChildren, data_set: Id, body: Update | None = None
) -> Response:
    """Import it again from where it came; a rejected update leaves the old snapshot in place."""
    wanted = body or Update()
    given = wanted.path
    if given is None:
        source = data_update.source_of(desk, data_set).source or {}
        given = str(source["path"]) if source.get("kind") == "import" else None
    path = None if given is None else desk.workspace.inside(given, "the file to import")
    found = data_update.update(desk, data_set, children=children, path=path, origin=wanted.origin)
    return reply(found)


@router.post("/data-sets/{data_set}/age", response_model=DataSet)
def set_age(desk: AtDesk, data_set: Id, body: AgeLimit) -> Response:
    """Set how old it may get before it is not ready any more."""
    return reply(data_age.set_limit(desk, data_set, max_days=body.max_days))


@router.post("/data-sets/{parent}/derive", response_model=Snapshot, status_code=201)
def derive(desk: AtDesk, parent: Id, children: WithChildren, body: NewDerived) -> Response:
    """Make a data set from this one: longer bars, a universe's members, a yield of cash."""
    fields = body.model_dump()
    for key, what in (("membership", "the membership file"), ("yields", "the table of yields")):
        if fields[key] is not None:
            fields[key] = str(desk.workspace.inside(fields[key], what))
    return reply(data_derive.derive(desk, parent, children=children, **fields), status=201)


@router.post("/data-sets/{parent}/repair", response_model=dict[str, Any], status_code=201)
def repair(desk: AtDesk, parent: Id, children: WithChildren, body: NewRepair) -> Response:
    """Take away the bars that rules have named, as a data set of its own, or try it."""
    found = data_derive.repair(desk, parent, children=children, **body.model_dump())
    return reply(found, status=200 if body.dry_run else 201)


@router.post("/data-sets/{data_set}/judge", response_model=dict[str, Any])
def judge(desk: AtDesk, data_set: Id, children: WithChildren, body: NewJudgement) -> Response:
    """Ask every rule of readiness again, with what is known beside the data; changes nothing."""
    fields = body.model_dump()
    if body.membership is not None:
        inside = desk.workspace.inside(body.membership, "the membership file")
        fields["membership"] = str(inside)
    return reply(data_judge.judge(desk, data_set, children=children, **fields))


@router.post("/data-fetch", response_model=Snapshot, status_code=201)
def fetch(desk: AtDesk, children: WithChildren, body: NewFetch) -> Response:
    """Fetch bars from a provider and import them as a data set."""
    given = body.model_dump()
    if body.actions is not None:
        given["actions"] = desk.workspace.inside(body.actions, "the table of actions")
    return reply(data_update.fetch_as(desk, children=children, **given), status=201)


@router.get("/data/{data_set}/incidents", response_model=ListOf[DataIncident])
def list_incidents(
    desk: AtDesk, data_set: Id, limit: Limit = 200, after: Cursor = None
) -> Response:
    """Every incident that reaches a data set or a snapshot, the newest first."""
    return page_of(data_incidents.of_data(desk, data_set), limit, after)


@router.post("/data/{data_set}/incidents", response_model=DataIncident, status_code=201)
def call_into_question(desk: AtDesk, data_set: Id, body: NewDataIncident) -> Response:
    """Call data into question: their queue is frozen, entries are quarantined, runs marked.

    `POST incidents/{id}/resolve` with cause and prevention lets go of them.
    """
    found = data_incidents.open_about(
        desk,
        data_set,
        summary=body.summary,
        symbols=body.symbols,
        first=body.first,
        last=body.last,
        severity=body.severity,
    )
    return reply(found, status=201)


@router.get("/revalidations", response_model=ListOf[Revalidation])
def list_revalidations(
    desk: AtDesk,
    state: Literal["queued", "done"] | None = None,
    candidate_id: Annotated[str | None, Query(max_length=96)] = None,
    limit: Limit = 200,
    after: Cursor = None,
) -> Response:
    """Entries that new data have queued for validation, the newest first."""
    found = data_sets.revalidations(desk, state=state, candidate_id=candidate_id)
    return page_of(found, limit, after)

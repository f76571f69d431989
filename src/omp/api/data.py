"""Data: registered snapshots, their readiness, and import by a child of the mining wing."""

from typing import Any

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
    one_environment,
    page_of,
    reply,
)
from omp.api.schemas import Import
from omp.ops import data
from omp.store.snapshots import Snapshot
from omp.wire.import_call import FLAGS, arguments

router = APIRouter(tags=["data"])


@router.get("/data", response_model=ListOf[Snapshot])
def list_data(
    desk: AtDesk, environment: EnvironmentName = "all", limit: Limit = 200, after: Cursor = None
) -> Response:
    """Registered snapshots, the newest first."""
    return page_of(data.listed(desk, environment=one_environment(environment)), limit, after)


@router.get("/data/{name}", response_model=Snapshot)
def show(desk: AtDesk, name: Id) -> Response:
    """One snapshot with its manifest, by its digest, or the newest of a data set, by its name."""
    named = next((one for one in data.listed(desk) if one.name == name), None)
    return reply(named or data.get(desk, name))


@router.post("/data", response_model=dict[str, Any], status_code=201)
def import_data(desk: AtDesk, children: WithChildren, body: Import) -> Response:
    """Import files that lie in the workspace: a child reads, judges and publishes them."""
    path = desk.workspace.inside(body.path, "the file to import")
    fields = body.model_dump(include=set(FLAGS))
    if body.actions is not None:
        inside = desk.workspace.inside(body.actions, "the table of splits and dividends")
        fields["actions"] = str(inside)
    found = data.import_files(
        desk, children, path, name=body.name, options=arguments(fields), origin=body.origin or ""
    )
    return reply(found, status=201)

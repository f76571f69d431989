"""The settings in force, each with its origin, and their versions."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from omp.api.edge import AtDesk, reply, reply_list
from omp.config.settings import as_mapping, shown
from omp.ops import settings_versions

router = APIRouter(tags=["config"])

Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@router.get("/config", response_model=dict[str, Any])
def show(desk: AtDesk) -> Response:
    """Every value in force, and where it comes from."""
    loaded = desk.loaded
    values = shown(as_mapping(loaded.settings))
    rows = {
        key: {"value": value, "origin": loaded.origins.get(key, "default")}
        for key, value in values.items()
    }
    return reply({"digest": loaded.digest, "values": rows})


@router.get("/config/versions", response_model=dict[str, Any])
def list_versions(desk: AtDesk) -> Response:
    """Every version of the settings that was ever in force, the oldest first."""
    return reply_list(settings_versions.versions(desk))


@router.get("/config/diff/{first}/{second}", response_model=dict[str, str])
def show_diff(desk: AtDesk, first: Digest, second: Digest) -> Response:
    """A unified diff of two versions, by their digests."""
    return reply({"diff": settings_versions.diff(desk, first, second)})

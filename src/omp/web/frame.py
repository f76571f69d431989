"""What every page shares: the frame around it, the environment shown, names in addresses."""

from typing import Annotated, Any, Literal

from fastapi import Path, Query
from starlette.responses import JSONResponse, Response

from omp.config.fingerprint import engine_version
from omp.ops import miner
from omp.ops.desk import Desk
from omp.wire.canonical import finite

EnvironmentName = Literal["real", "demo", "synthetic", "test", "all"]
Shown = Annotated[EnvironmentName, Query()]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}$")]
After = Annotated[str | None, Query(max_length=200)]


def only(name: str) -> str | None:
    """The environment to show; None for all."""
    return None if name == "all" else name


def frame(desk: Desk, here: str, environment: str = "all") -> dict[str, Any]:
    """What stands around every page."""
    return {
        "here": here,
        "environment": environment,
        "miner": miner.state(desk),
        "version": engine_version(),
    }


def as_json(value: Any) -> Response:
    """Figures for a chart."""
    return JSONResponse(finite(value), headers={"cache-control": "no-store"})

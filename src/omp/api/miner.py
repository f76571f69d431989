"""The miner: its status, and the four things that may be asked of it."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from omp.api.edge import AtDesk, EnvironmentName, one_environment, reply
from omp.api.schemas import MinerAction, PauseAction
from omp.ops import miner
from omp.ops.miner import MinerView
from omp.ops.miner_status import status

router = APIRouter(tags=["miner"])


@router.get("/status", response_model=dict[str, Any])
def show_status(desk: AtDesk, environment: EnvironmentName = "all") -> Response:
    """What the miner does, what runs, what waits, what happened last (camelCase)."""
    return reply(status(desk, environment=one_environment(environment)))


@router.post("/start", response_model=MinerView)
def start(desk: AtDesk, body: MinerAction | None = None) -> Response:
    """Start mining."""
    return reply(miner.want(desk, "start", reason=body.reason if body else None))


@router.post("/stop", response_model=MinerView)
def stop(desk: AtDesk, body: MinerAction | None = None) -> Response:
    """Stop mining: what runs is checkpointed back to the queue; the daemon answers on."""
    return reply(miner.want(desk, "stop", reason=body.reason if body else None))


@router.post("/pause", response_model=MinerView)
def pause(desk: AtDesk, body: PauseAction | None = None) -> Response:
    """Start nothing new; with `suspend` also checkpoint what runs."""
    given = body or PauseAction()
    return reply(miner.want(desk, "pause", reason=given.reason, suspend=given.suspend))


@router.post("/resume", response_model=MinerView)
def resume(desk: AtDesk, body: MinerAction | None = None) -> Response:
    """Go on after a pause."""
    return reply(miner.want(desk, "resume", reason=body.reason if body else None))

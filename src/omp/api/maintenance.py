"""Upkeep: maintenance, in which nothing is started, old runs deleted, backups."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from omp.api.edge import AtDesk, reply
from omp.api.schemas import Cleanup, TurnMaintenance
from omp.domain.errors import Conflict
from omp.ops import backup, care, maintenance, miner, retention
from omp.ops.backup import Backup
from omp.ops.maintenance import Maintenance
from omp.ops.retention import Plan

router = APIRouter(tags=["maintenance"])


@router.get("/maintenance", response_model=Maintenance)
def show_maintenance(desk: AtDesk) -> Response:
    """Whether maintenance is on, why, since when, and what still runs."""
    return reply(maintenance.state(desk))


@router.post("/maintenance", response_model=Maintenance)
def turn_maintenance(desk: AtDesk, body: TurnMaintenance) -> Response:
    """Turn maintenance on, with a reason, or off: while it is on nothing is started."""
    return reply(maintenance.turn(desk, body.on, reason=body.reason, drain=body.drain))


@router.post("/cleanup", response_model=Plan)
def clean(desk: AtDesk, body: Cleanup | None = None) -> Response:
    """Compress, archive and delete old runs as the retention policy allows.

    Refused while the miner is running, unless nothing needs to go or with `dry_run`.
    """
    given = body or Cleanup()
    if not given.dry_run and miner.state(desk).state == "running":
        found = retention.plan(desk, keep=given.keep, min_free_gb=given.min_free_gb)
        if found.items:
            raise Conflict(
                "a cleanup was asked for while the miner is running",
                allowed="a cleanup of a miner that is paused or offline, or a dry run",
                remedy="omp cleanup --dry-run lists what would go; to delete it, omp stop first",
            )
    found = retention.clean(
        desk,
        dry_run=given.dry_run,
        keep=given.keep,
        min_free_gb=given.min_free_gb,
        empty_trash=given.empty_trash,
    )
    return reply(found)


@router.get("/care", response_model=dict[str, Any])
def show_care(desk: AtDesk) -> Response:
    """Last backup, scrub and restore check, and which runs lie at hand, archived, in the trash."""
    return reply(care.state(desk))


@router.post("/backup", response_model=Backup)
def back_up(desk: AtDesk) -> Response:
    """Back up the whole record into the workspace's backups/, and prove the copy.

    Mining goes on meanwhile; another folder is named on the command line alone.
    """
    return reply(backup.make(desk))

"""The queue as pages and programs see it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection

from omp.ops.desk import Desk
from omp.ops.queue_file import entry
from omp.ops.queue_next import Next, line
from omp.store import campaigns as rows
from omp.store import runs
from omp.store.campaigns import Campaign, QueueChange


@dataclass(frozen=True)
class CampaignView:
    """A campaign as pages and programs see it.

    Args:
        status: State of its latest run; `idle` when it never had one.
        place: Its place in the line, from 1; None when it has no queued run.
        run_id: Its latest run.
        after: Ids of the campaigns whose latest run must have completed before it starts.
        duplicate: This answers a submission that was recognised as made before.
    """

    id: str
    name: str
    config_path: str
    market: str
    priority: int
    enabled: bool
    repeat: bool
    tags: list[str]
    created_at: str
    updated_at: str
    environment: str
    state: str
    quarantine_reason: str | None
    status: str
    place: int | None
    run_id: str | None
    config_hash: str
    owner: str
    approvals: dict[str, Any]
    consecutive_failures: int
    version: int
    removed_at: str | None = None
    duplicate: bool = False
    after: list[str] = field(default_factory=list)


def view(tx: Connection, campaign: Campaign, waiting: Sequence[Next]) -> CampaignView:
    """A campaign with its latest run and its place in the line."""
    return _view(tx, campaign, _places(waiting))


def _places(waiting: Sequence[Next]) -> dict[str, int]:
    return {one.campaign.id: number for number, one in enumerate(waiting, start=1)}


def _view(tx: Connection, campaign: Campaign, places: dict[str, int]) -> CampaignView:
    last = runs.latest(tx, campaign.id)
    shared = {**asdict(campaign), **entry(campaign)}
    return CampaignView(
        **{name: shared[name] for name in CampaignView.__dataclass_fields__ if name in shared},
        status="idle" if last is None else last.state,
        place=places.get(campaign.id),
        run_id=None if last is None else last.id,
    )


def list_queue(desk: Desk, *, environment: str | None = None) -> tuple[CampaignView, ...]:
    """Every campaign: those that wait in the order in which they will run, then the others."""
    with desk.read() as tx:
        places = _places(line(desk, tx))
        found = [_view(tx, one, places) for one in rows.listed(tx)]
    kept = [one for one in found if environment in (None, one.environment)]
    return tuple(sorted(kept, key=lambda one: (one.place is None, one.place or 0)))


def get(desk: Desk, campaign_id: str) -> CampaignView:
    """One campaign.

    Raises:
        NotFound: There is none, or it was removed.
    """
    with desk.read() as tx:
        return view(tx, rows.get(tx, campaign_id), line(desk, tx))


def changes(
    desk: Desk, *, campaign_id: str | None = None, limit: int = 200
) -> tuple[QueueChange, ...]:
    """Changes of the queue, the newest first."""
    with desk.read() as tx:
        return rows.changes(tx, campaign_id=campaign_id, limit=limit)

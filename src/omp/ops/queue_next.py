"""The line of queued runs, and the one that is claimed next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Connection

from omp.ops.desk import Desk
from omp.ops.queue_holds import Holds
from omp.ops.queue_order import AGEING_STEP_S, Waiting, ordered
from omp.store import campaigns, journal, queue_line, runs
from omp.store.campaigns import Campaign
from omp.store.runs import Run


@dataclass(frozen=True)
class Next:
    """The queued run that goes next, its campaign, and what ageing made of its priority."""

    run: Run
    campaign: Campaign
    waiting: Waiting


def line(desk: Desk, tx: Connection) -> tuple[Next, ...]:
    """Everything that waits, in the order in which it will run; holds are not considered."""
    now = desk.clock.now()
    by_id = {one.id: one for one in campaigns.listed(tx) if one.state == "enabled"}
    queued = {
        run.campaign_id: run
        for run in runs.find(tx, states=("queued",), newest_first=True, limit=10_000)
        if run.campaign_id in by_id
    }
    waiting = [_waiting(one, queued[one.id], now) for one in by_id.values() if one.id in queued]
    return tuple(
        Next(queued[one.campaign_id], by_id[one.campaign_id], one) for one in ordered(waiting)
    )


def next_run(desk: Desk, *, excluding: frozenset[str] = frozenset()) -> Next | None:
    """The run to claim next, or None; `excluding` names runs that cannot be taken now."""
    with desk.read() as tx:
        return following(desk, tx, excluding=excluding)


def following(
    desk: Desk,
    tx: Connection,
    *,
    excluding: frozenset[str] = frozenset(),
    at_any_hour: bool = False,
) -> Next | None:
    """The same in the caller's transaction; quiet hours may be left aside."""
    holds = Holds(desk, tx, at_any_hour=at_any_hour)
    if holds.everybody:
        return None
    now = desk.clock.now()
    aged = [
        journal.iso(now - timedelta(seconds=AGEING_STEP_S * n))
        for n in range(1, queue_line.STEPS + 1)
    ]
    ids = queue_line.in_order(tx, now=journal.iso(now), aged=aged)
    size = 1
    while page := tuple(islice(ids, size)):
        owners = campaigns.of_ids(tx, [campaign_id for _, campaign_id in page])
        found = runs.of_ids(tx, [run_id for run_id, _ in page])
        for run_id, campaign_id in page:
            run, campaign = found[run_id], owners[campaign_id]
            if run_id not in excluding and not holds.holds(run, campaign):
                return Next(run, campaign, _waiting(campaign, run, now))
        size = min(4 * size, queue_line.PAGE)
    return None


def _waiting(campaign: Campaign, run: Run, now: datetime) -> Waiting:
    waited_s = (now - datetime.fromisoformat(run.queued_at)).total_seconds()
    return Waiting(campaign.id, run.id, campaign.priority, campaign.position, waited_s)

"""The daemon's own measurements of luck: once for each lineage of real prices, as soon as it can.

The luck line a lineage is assumed to have costs nothing; the measured one, and the number of
different ideas, need its search made again on copies of its data. Nobody should have to ask for
them, so the upkeep asks, for a bounded time, while the miner is running.
"""

from datetime import datetime

from sqlalchemy import Connection

from omp.config.campaign_file import parse_campaign
from omp.domain.errors import ResourceShort
from omp.ops import luck, maintenance, miner
from omp.ops.children import Children
from omp.ops.desk import Desk
from omp.store import campaigns, meta, snapshots
from omp.store import luck as rows
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.store.snapshots import Lineage

ENVIRONMENTS = ("real", "demo")
"""Made markets come and go; those nobody asks about are not measured by themselves."""

LEAST_COPIES = 5
"""Fewer say too little: five copies bound a share no better than one in six."""

_TRIED_KEY = "luck.tried"
_MOST = 1000


def turn(desk: Desk, children: Children) -> bool:
    """Measure the luck of one lineage that has none on record; says whether it did.

    A run whose measurement failed is not tried again; the next run of its lineage is.
    """
    if desk.settings.luck.copies == 0 or desk.db.failed or maintenance.state(desk).on:
        return False
    if miner.state(desk).state != "running":
        return False
    found = due(desk)
    if found is None:
        return False
    lineage, run_id, copies = found
    _note(desk, lineage, run_id)
    try:
        luck.measure(desk, run_id, children=children, copies=copies)
    except ResourceShort:  # the daemon goes down, or there is no room now
        _note(desk, lineage, None)
        return False
    return True


def due(desk: Desk) -> tuple[str, str, int] | None:
    """Lineage, run and copies of the measurement that comes next; None while there is none."""
    with desk.read() as tx:
        tried = meta.get_json(tx, _TRIED_KEY) or {}
        for environment in ENVIRONMENTS:
            for one in snapshots.newest_roots(tx, environment=environment, limit=_MOST):
                run = _measurable(tx, one)
                if run is None or tried.get(one.id) == run.id:
                    continue
                copies = _copies(desk, run)
                if copies:
                    return one.id, run.id, copies
    return None


def _measurable(tx: Connection, lineage: Lineage) -> Run | None:
    """The lineage's last completed run, where it was judged and nothing is measured yet."""
    members = snapshots.members(tx, lineage.id)
    if rows.latest(tx, members) is not None:
        return None
    run = run_rows.mined_last(tx, members)
    if run is None or run.state != "completed" or run.place != "here":
        return None
    if run.outcome in (None, "pending"):
        return None
    text = campaigns.config(tx, run.config_hash).text
    return None if parse_campaign(text, name=run.config_hash).engine.command else run


def _copies(desk: Desk, run: Run) -> int:
    """As many copies as the time allows, each as long as the run was; 0 where it is too short."""
    settings = desk.settings.luck
    if run.started_at is None or run.finished_at is None:
        return 0
    took = datetime.fromisoformat(run.finished_at) - datetime.fromisoformat(run.started_at)
    possible = int(60.0 * settings.most_min / max(1.0, took.total_seconds()))
    copies = min(settings.copies, possible)
    return copies if copies >= min(LEAST_COPIES, settings.copies) else 0


def _note(desk: Desk, lineage: str, run_id: str | None) -> None:
    with desk.db.write() as tx:
        tried = meta.get_json(tx, _TRIED_KEY) or {}
        tried.pop(lineage, None)
        if run_id is not None:
            tried[lineage] = run_id
        meta.put_json(tx, _TRIED_KEY, tried)

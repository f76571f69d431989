"""Which open incidents tell of something that is over: a table, one row a kind.

The incident stays open until a person has written down cause and prevention; people are told once
that the trouble itself has passed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from omp.daemon import health
from omp.ops import drift, incidents, miner, sync
from omp.ops.desk import Desk
from omp.store import campaigns, meta, outbox_rows, runs
from omp.store import incidents as rows
from omp.store.incidents import OPEN, Incident


@dataclass(frozen=True)
class Scene:
    """What a row may look at: a short reader, and the last health check by name."""

    desk: Desk
    tx: Connection
    checks: Mapping[str, bool]
    checked_at: str
    miner_state: str


Row = Callable[[Scene, Incident], str | None]


def _passed(check: str, words: str) -> Row:
    def row(scene: Scene, incident: Incident) -> str | None:
        is_later = scene.checked_at > incident.last_seen_at
        return words if is_later and scene.checks.get(check) else None

    return row


def _mining_again(scene: Scene, incident: Incident) -> str | None:
    del incident
    return "the miner is running again" if scene.miner_state == "running" else None


def _run_went_well(scene: Scene, incident: Incident) -> str | None:
    campaign = incident.fingerprint.partition(":")[2]
    found = runs.find(scene.tx, states=("completed",), campaign_id=campaign, limit=1)
    if found and (found[0].finished_at or "") > incident.last_seen_at:
        return f"run {found[0].id} of the same campaign has completed"
    return None


def _lifted(scene: Scene, incident: Incident) -> str | None:
    wanted = incident.fingerprint.partition(":")[2]
    found = [one for one in campaigns.listed(scene.tx, removed=True) if one.id == wanted]
    if found and found[0].state != "quarantined":
        return f"the campaign {found[0].name} is no longer quarantined"
    return None


def _delivered(scene: Scene, incident: Incident) -> str | None:
    del incident
    lag = outbox_rows.lag(scene.tx)
    return "everything is delivered to the mirror" if not lag.pending else None


def _same_again(scene: Scene, incident: Incident) -> str | None:
    kept = meta.get_json(scene.tx, sync.DRIFT_KEY) or {}
    is_later = str(kept.get("at", "")) > incident.last_seen_at
    return "the mirror holds every entry" if is_later and not kept.get("found") else None


def _quiet(scene: Scene, incident: Incident) -> str | None:
    since = scene.desk.clock.now() - datetime.fromisoformat(incident.last_seen_at)
    return "the disk took everything for ten minutes" if since > QUIET else None


def _anchored(scene: Scene, incident: Incident) -> str | None:
    del incident
    return None if scene.desk.arrears.anchor else "the journal's head is anchored again"


QUIET = timedelta(minutes=10)

ROWS: dict[str, Row] = {
    "watchdog.disk:": _passed("disk", "the disk has room again"),
    "watchdog.burst:": _mining_again,
    "watchdog.failures:": _lifted,
    "watchdog.stuck:": _run_went_well,
    "watchdog.memory:": _run_went_well,
    "config.invalid": _passed("configuration", "the configuration is valid again"),
    incidents.RECORD_REFUSED: _passed("database", "the database takes writes again"),
    incidents.DISK_REFUSED: _quiet,
    incidents.UNANCHORED: _anchored,
    sync.LAGGING: _delivered,
    sync.REFUSED: _delivered,
    drift.FINGERPRINT: _same_again,
}
"""How a fingerprint begins -> why its trouble is over, or None while it is not."""


def look(desk: Desk) -> int:
    """Note every open incident whose trouble has passed; gives how many."""
    with desk.read() as tx:
        standing = [one for one in rows.find(tx, states=OPEN, limit=1000) if not one.recovered_at]
        if not standing:
            return 0
        kept: dict[str, Any] = meta.get_json(tx, health.KEY) or {}
        scene = Scene(
            desk,
            tx,
            {str(one["name"]): bool(one["ok"]) for one in kept.get("checks", [])},
            str(kept.get("at", "")),
            miner.state(desk).state,
        )
        over = [(one.id, why) for one in standing if (why := _over(scene, one))]
    for incident_id, why in over:
        incidents.recover(desk, incident_id, why)
    return len(over)


def _over(scene: Scene, incident: Incident) -> str | None:
    for begin, row in ROWS.items():
        if incident.fingerprint.startswith(begin):
            return row(scene, incident)
    return None

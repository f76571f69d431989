"""The PostgreSQL mirror of the Hall of Fame."""

from datetime import datetime

from omp.daemon.channels.base import Channel, Round
from omp.domain.errors import OmpError
from omp.ops import drift, sync
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.store import meta

COMPARE_EVERY_S = 86_400.0


def ready(desk: Desk) -> bool:
    """A mirror is configured, and something waits for it."""
    if sync.mirror_url(desk) is None:
        return False
    return sync.pending(desk).pending > 0 or sync.head_is_due(desk) or _is_time_to_compare(desk)


def deliver(desk: Desk) -> Round:
    """Deliver what waits; once a day compare what was delivered."""
    done = sync.hof_sync(desk)
    error = done.error
    if error is None and _is_time_to_compare(desk):
        try:
            drift.compare(desk)
        except OmpError as refusal:
            error = refusal.sentence
    if error is not None and _lag_s(desk, done.oldest) > sync.LONG_LAG_S:
        open_incident(desk, sync.LAGGING, "SEV-2", f"{done.pending} deliveries wait: {error}")
    return Round(done.delivered, done.pending, error)


def _is_time_to_compare(desk: Desk) -> bool:
    with desk.read() as tx:
        kept = meta.get_json(tx, sync.DRIFT_KEY)
    return kept is None or _lag_s(desk, kept.get("at")) >= COMPARE_EVERY_S


def _lag_s(desk: Desk, since: str | None) -> float:
    if since is None:
        return 0.0
    return (desk.clock.now() - datetime.fromisoformat(since)).total_seconds()


CHANNEL = Channel(name="postgres", ready=ready, deliver=deliver)

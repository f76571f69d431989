"""What the daemon does by the clock, beside mining: each duty says itself whether it is due."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from omp.ops import archive_check, backup, made_markets, scrub, tiers
from omp.ops.desk import Desk
from omp.store import meta

AGAIN_H = 1.0
"""A backup that failed is tried again after so many hours."""

Duty = Callable[[Desk], object]
_TRIED_KEY = "backup.tried"


def back_up(desk: Desk) -> bool:
    """Make the backup whose time has come; says whether it did."""
    every_h = desk.settings.backup.every_h
    if every_h == 0 or desk.db.dialect != "sqlite" or desk.db.failed:
        return False
    with desk.read() as tx:
        last = (meta.get_json(tx, backup.LAST_KEY) or {}).get("at")
        tried = meta.get(tx, _TRIED_KEY)
    if not (past(desk, last, every_h) and past(desk, tried, min(every_h, AGAIN_H))):
        return False
    with desk.db.write() as tx:
        meta.put(tx, _TRIED_KEY, desk.clock.iso())
    backup.make(desk)
    return True


def scrub_on(desk: Desk) -> bool:
    """Prove the next slice of the record, while a round is due; says whether it did."""
    every_h = desk.settings.store.scrub_every_h
    if every_h == 0 or desk.db.failed:
        return False
    standing = scrub.last(desk)
    ended = None if standing is None else standing.done_at
    if ended is not None and not past(desk, ended, every_h):
        return False
    scrub.slice_(desk)
    return True


def past(desk: Desk, instant: str | None, hours: float) -> bool:
    """Whether so many hours have gone by since an instant.

    An unknown one is long ago. One that lies ahead, since the date was set back, counts as now; but
    one that lies further ahead than the hours themselves was never true.
    """
    if instant is None:
        return True
    since = desk.clock.now() - datetime.fromisoformat(instant)
    return abs(since) >= timedelta(hours=hours)


DUTIES: Mapping[str, Duty] = {
    "backup": back_up,
    "scrub": scrub_on,
    "made_markets": made_markets.remove,
    "tiers": tiers.turn,
    "archive-check": archive_check.turn,
}
"""Name -> what is done when its time has come."""

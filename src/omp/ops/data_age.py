"""How old data are, and how old they may be before they are not ready any more.

The age of a data set counts from its last import or update: history that a person has brought up
to date is mined until the limit runs out, and then waits for the next update. Demo and synthetic
data are frozen history and never age.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from omp.domain.errors import DataHeld, InvalidInput, NotFound
from omp.domain.ids import check_id
from omp.ops.data_lineage import instant
from omp.ops.desk import Desk
from omp.store import data_sets as rows
from omp.store import snapshots
from omp.store.data_sets import DataSet
from omp.store.snapshots import Snapshot

AGING: frozenset[str] = frozenset({"real", "test"})
"""Environments whose data grow old."""

DAILY: frozenset[str] = frozenset({"1d", "1w", "1mo"})
DAY_S = 86_400.0
LONGEST_DAYS = 36_500.0


@dataclass(frozen=True)
class Age:
    """How old data are now.

    Args:
        days: Since they were last imported or updated.
        max_days: The limit; None where there is none (frozen history).
        since_last_bar_days: Since their last bar, for information.
        refreshed_at: When they were last brought up to date, ISO.
    """

    days: float
    max_days: float | None
    since_last_bar_days: float
    refreshed_at: str

    @property
    def is_stale(self) -> bool:
        return self.max_days is not None and self.days > self.max_days


def age_of(desk: Desk, snapshot: Snapshot, kept: DataSet | None) -> Age:
    """The age of a snapshot's data set, and its limit."""
    refreshed = snapshot.imported_at if kept is None else kept.refreshed_at
    now = desk.clock.now()
    return Age(
        days=max(0.0, (now - instant(refreshed)).total_seconds() / DAY_S),
        max_days=_limit(desk, snapshot, kept),
        since_last_bar_days=(now - instant(str(snapshot.manifest["last"]))).total_seconds() / DAY_S,
        refreshed_at=refreshed,
    )


def _limit(desk: Desk, snapshot: Snapshot, kept: DataSet | None) -> float | None:
    if snapshot.environment not in AGING:
        return None
    settings = desk.settings.data
    is_daily = str(snapshot.manifest.get("timeframe", "1d")) in DAILY
    own = None if kept is None else kept.max_age_days
    days = settings.max_age_days if is_daily else settings.max_age_days_intraday
    chosen = days if own is None else own
    return chosen if chosen > 0 else None


def stale_because(desk: Desk, tx: Connection, snapshot: Snapshot) -> str | None:
    """Why a snapshot is too old to be mined; None while it is not."""
    age = age_of(desk, snapshot, rows.find(tx, snapshot.name))
    if not age.is_stale:
        return None
    return (
        f"data set {snapshot.name} was last updated {age.days:.0f} days ago, its limit is "
        f"{age.max_days:g} days"
    )


def require_fresh(desk: Desk, tx: Connection, snapshot: Snapshot, source: str) -> None:
    """Refuse to mine a snapshot that is older than its limit.

    Raises:
        DataHeld: Says how old it is and how to update it.
    """
    why = stale_because(desk, tx, snapshot)
    if why is not None:
        raise DataHeld(
            f"data {source!r} are NOT READY: {why}",
            allowed="data imported or updated within their limit ([data] max_age_days)",
            remedy=f"omp data update {snapshot.name}; or omp data age {snapshot.name} "
            "--max-days N, --frozen where no newer bars will come",
        )


def set_limit(desk: Desk, name: str, *, max_days: float | None = None) -> DataSet:
    """Set how old a data set may get.

    Args:
        max_days: Days; 0 for frozen history that never ages; None for the configured limit.

    Raises:
        NotFound: There is no such data set.
        InvalidInput: The limit is negative or beyond a hundred years.
    """
    check_id(name, "data set")
    if max_days is not None and not 0 <= max_days <= LONGEST_DAYS:
        raise InvalidInput(
            f"a limit of {max_days:g} days", allowed=f"0 (frozen) to {LONGEST_DAYS:g} days"
        )
    with desk.write() as tx:
        before = rows.find(tx, name)
        if before is None and not any(one.name == name for one in snapshots.listed(tx)):
            raise NotFound(f"there is no data set {name!r}", remedy="omp data list names them")
        now = desk.clock.iso()
        rows.put(tx, name, now, max_age_days=max_days)
        payload = {"previous": before.max_age_days if before else None, "new": max_days}
        desk.note(tx, "data.limit", name, payload)
        found = rows.find(tx, name)
    desk.wake.set()
    return found or DataSet(name, now, max_age_days=max_days)

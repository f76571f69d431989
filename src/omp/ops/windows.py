"""A new sealed window: later bars alone, once there are enough; the old one closes for ever.

Evidence procedure, step 1: a bar once looked at stays spent. When new data have brought enough bars
after the last one that a look has seen, a person may open a window of only those. What was sealed
before joins the in-sample part, and the new window has a budget of its own. Subjects of the old one
are remembered: a twin of theirs is looked at no more.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from omp.domain.errors import Conflict, InvalidInput
from omp.ops import data
from omp.ops.children import Children
from omp.ops.data_lineage import instant, write_lineages
from omp.ops.desk import Desk
from omp.store import looks as look_rows
from omp.store import runs as run_rows
from omp.store import snapshots as rows
from omp.store.snapshots import Lineage, Snapshot

UNDER_WAY = ("ensemble", "look", "promote")
"""Stages of a completed run that has begun its way to a look, or comes from one."""


@dataclass(frozen=True)
class Window:
    """The sealed window of a lineage, and what a next one would be.

    Args:
        boundary: Its first instant.
        opened_at: When it was opened; None of a lineage's first window.
        looked_to: Last bar that a look at it has seen; None before the first look.
        next_boundary: First instant of the next window; None before the first look.
        later_days: Days with bars after `looked_to`, counted in whole months: at least so many.
        needed_days: How many of them a new window needs (`[holdout] min_bars`).
        may_open: Whether the next window may be opened now.
        why: What stands in its way, or that nothing does.
    """

    lineage: str
    boundary: str
    opened_at: str | None
    looked_to: str | None
    next_boundary: str | None
    later_days: int
    needed_days: int
    may_open: bool
    why: str


@dataclass(frozen=True)
class Opened:
    """A window that was opened, and the data sets that were cut at its boundary."""

    lineage: str
    boundary: str
    cut: tuple[str, ...]


def window(desk: Desk, lineage_id: str) -> Window:
    """The sealed window of a lineage.

    Raises:
        NotFound: There is no such lineage.
    """
    with desk.read() as tx:
        return window_of(tx, desk, rows.root(tx, lineage_id))


def window_of(tx: Connection, desk: Desk, root: Lineage) -> Window:
    """The same within the caller's transaction."""
    members = rows.members(tx, root.id)
    needed = desk.settings.holdout.min_bars
    looked_to = _looked_to(tx, members, root)
    current = _current(tx, members)
    if looked_to is None:
        why = "no look has been taken at it: all of it is still fresh"
        return Window(
            root.id, root.boundary, root.opened_at, None, None, 0, needed, may_open=False, why=why
        )
    later = max((_days_after(desk, one, looked_to) for one in current), default=0)
    busy = _under_way(tx, members)
    if later < needed:
        why = f"{later} days with bars after the last one looked at, a new window needs {needed}"
    elif busy:
        why = f"run {busy} is on its way through the gates; wait for its verdict"
    else:
        why = f"{later} days with bars have come since the last one looked at"
    next_day = looked_to.date() + timedelta(days=1)
    return Window(
        lineage=root.id,
        boundary=root.boundary,
        opened_at=root.opened_at,
        looked_to=looked_to.isoformat(),
        next_boundary=f"{next_day.isoformat()}T00:00:00Z",
        later_days=later,
        needed_days=needed,
        may_open=later >= needed and not busy,
        why=why,
    )


def open_window(desk: Desk, lineage_id: str, *, reason: str, children: Children) -> Opened:
    """Close the sealed window of a lineage for ever, and open one of later bars alone.

    The boundary moves in one transaction; then every data set of the lineage is cut at it. Asked
    again after an interruption, it only cuts what was not cut yet.

    Args:
        lineage_id: The lineage, or the name of one of its data sets.
        reason: Why; journalled.

    Raises:
        NotFound: There is no such lineage.
        InvalidInput: No reason was given.
        Conflict: Nothing was looked at, too few bars came since, or a run is at the gates.
    """
    if not reason.strip():
        raise InvalidInput(
            "a new sealed window without a reason",
            allowed="a reason; the old window closes for ever",
            remedy="give --reason",
        )
    with desk.write() as tx:
        root = rows.root(tx, _lineage_id(tx, lineage_id))
        members = rows.members(tx, root.id)
        behind = _behind(tx, members, root)
        if not behind:
            _move(desk, tx, root, reason)
            root = rows.root(tx, root.id)
            behind = _behind(tx, members, root)
        write_lineages(desk, tx)
    cut = []
    for name in behind:
        args = ["data", "recut", name, *data.sealing(desk)]
        found = data.publish(desk, children, args, f"cutting {name} at {root.boundary}")
        cut.append(f"{name}: {found.digest[:12]}")
    desk.wake.set()
    return Opened(root.id, root.boundary, tuple(cut))


def _move(desk: Desk, tx: Connection, root: Lineage, reason: str) -> None:
    found = window_of(tx, desk, root)
    if not found.may_open or found.next_boundary is None:
        raise Conflict(
            f"a new sealed window of {root.id} cannot be opened: {found.why}",
            allowed="a window that was looked at, and enough later bars",
            remedy="go on with the standing one; omp data update brings new bars",
        )
    now = desk.clock.iso()
    rows.change_lineage(tx, root.id, boundary=found.next_boundary, opened_at=now)
    desk.note(tx, "window.opened", root.id, {**asdict(found), "reason": reason})


def _lineage_id(tx: Connection, given: str) -> str:
    named = [one for one in rows.listed(tx) if one.name == given]
    return named[0].lineage if named else given


def _looked_to(tx: Connection, members: tuple[str, ...], root: Lineage) -> datetime | None:
    """The last bar that the sealed part of a looked-at snapshot had."""
    found = []
    for look in look_rows.of_lineages(tx, members):
        if root.opened_at is not None and look.granted_at < root.opened_at:
            continue
        digest = run_rows.get(tx, look.run_id).data_digest
        if digest is not None:
            found.append(instant(str(rows.get(tx, digest).manifest["last"]), end=True))
    return max(found, default=None)


def _current(tx: Connection, members: tuple[str, ...]) -> tuple[Snapshot, ...]:
    """The newest snapshot of each data set of the lineage."""
    newest: dict[str, Snapshot] = {}
    for one in rows.of_lineages(tx, members):
        newest.setdefault(one.name, one)
    return tuple(newest[name] for name in sorted(newest))


def _behind(tx: Connection, members: tuple[str, ...], root: Lineage) -> tuple[str, ...]:
    """Data sets whose newest snapshot is cut before an opened window's boundary."""
    if root.opened_at is None:
        return ()
    return tuple(
        one.name
        for one in _current(tx, members)
        if instant(one.boundary) < instant(root.boundary)
        and instant(str(one.manifest["last"]), end=True) > instant(root.boundary)
    )


def _under_way(tx: Connection, members: tuple[str, ...]) -> str | None:
    for run in run_rows.find(tx, states=("completed",), limit=10_000):
        if run.lineage in members and run.stage in UNDER_WAY:
            return run.id
    return None


def _days_after(desk: Desk, snapshot: Snapshot, looked_to: datetime) -> int:
    """Days with bars in the whole months after an instant, of the fullest symbol."""
    path = desk.workspace.snapshots / snapshot.digest / "calendar.json"
    try:
        picture = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return 0
    year, month = map(int, str(picture["first_month"]).split("-"))
    first = datetime(year, month, 1, tzinfo=UTC)
    passed = (looked_to.year - first.year) * 12 + looked_to.month - first.month + 1
    counts = []
    for one in picture["symbols"].values():
        after = max(0, passed - one["start"])
        counts.append(sum(one["sessions"][after:]) - sum(one["missing"][after:]))
    return max(counts, default=0)

"""Retention: which run directories may go, and letting them go.

The count rule deletes only under pressure, and only directories of runs that the database owns:
while the disk has less room than the warning limit every old run may go, and while the output
weighs more than `[retention] max_output_gb` the oldest go until a tenth of that is free again.
They go into the trash, and out of it after `[retention] trash_hours`, or at once before mining
would have to stop. The most recent runs, promoted runs, runs that are still judged, runs that are
held and runs under an open incident are never touched; nor are the ledger, the subjects, the Hall.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from omp.domain.errors import InvalidInput, OmpError
from omp.ops import incidents, tiers, trash
from omp.ops.desk import Desk
from omp.ops.retention_rules import Kept, shield
from omp.ops.run_moves import settle_all, tell
from omp.ops.tiers import Step, Tier
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.store.shredder import Weight, weigh

SPARE = 0.9
"""Once the output weighs too much, runs go until it weighs this share of what it may."""

WEIGHED_AT_ONCE = 20
READ_AT_ONCE = 200
INODES_WANTED_PCT = 5.0
INODES_NEEDED_PCT = 3.0


@dataclass(frozen=True)
class Item:
    """A run directory that may go."""

    run_id: str
    path: str
    finished_at: str | None
    files: int
    bytes: int


@dataclass(frozen=True)
class Place:
    """What lies in one place: `here`, `archived`, `trashed` or `deleted`."""

    runs: int
    bytes: int


@dataclass(frozen=True)
class Plan:
    """What retention would do now.

    Args:
        items: Directories that would go into the trash, oldest first; none without disk pressure.
        kept: Those that stay, with the reason.
        pressure: Less is free than `min_free_gb`, or the output weighs more than it may.
        urgent: So little is free that the trash is emptied at once.
        tiers: What every tier would do, and what it frees; what was done after a cleanup.
        places: What lies where now.
        deleted: Runs that were put into the trash.
        emptied: Runs that were deleted for good.
        freed_bytes: What the workspace's disk won.
        refused: Directories that could not be touched safely, and why.
    """

    items: tuple[Item, ...]
    kept: tuple[Kept, ...]
    keep: int
    free_gb: float
    min_free_gb: float
    pressure: bool
    urgent: bool
    dry_run: bool
    tiers: tuple[Tier, ...]
    places: dict[str, Place]
    deleted: int
    emptied: int
    freed_bytes: int
    refused: tuple[str, ...]
    note: str


def free_gb(path: Path) -> float:
    """Free on the filesystem of a path, GB (10**9 bytes)."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize / 1e9


def inodes_pct(path: Path) -> float:
    """Free inodes on the filesystem of a path, 0 to 100."""
    found = os.statvfs(path)
    return 100.0 * found.f_favail / found.f_files if found.f_files else 100.0


def plan(desk: Desk, *, keep: int | None = None, min_free_gb: float | None = None) -> Plan:
    """What would go now, listed before anything is touched, tier by tier.

    Args:
        keep: Runs that stay whole, the most recent ones; by default as configured.
        min_free_gb: Deletes only while less than this is free; by default the warning limit.
    """
    found = _pressed(desk, keep, min_free_gb)
    return replace(found, tiers=(*tiers.plan(desk), *found.tiers))


def clean(
    desk: Desk,
    *,
    dry_run: bool = False,
    keep: int | None = None,
    min_free_gb: float | None = None,
    empty_trash: bool = False,
) -> Plan:
    """Do what every tier has to do; what goes is journalled before it goes.

    Args:
        empty_trash: Delete for good all that lies in the trash, without waiting.
    """
    if dry_run:
        return plan(desk, keep=keep, min_free_gb=min_free_gb)
    packed = tiers.work(desk)
    found = relieve(desk, keep=keep, min_free_gb=min_free_gb, empty_trash=empty_trash)
    won = sum(one.frees_bytes for one in packed)
    done = Tier("compress and archive", "as configured", packed)
    told = f"{len(packed)} runs compressed or archived, {won / 1e9:.3f} GB freed; "
    note = (told if packed else "") + found.note
    return replace(
        found, tiers=(done, *found.tiers), freed_bytes=found.freed_bytes + won, note=note
    )


def relieve(
    desk: Desk,
    *,
    keep: int | None = None,
    min_free_gb: float | None = None,
    empty_trash: bool = False,
) -> Plan:
    """Win room at once: old runs into the trash while room is short, and the trash emptied."""
    settle_all(desk)
    found = _pressed(desk, keep, min_free_gb)
    facts = {"keep": found.keep, "free_gb": found.free_gb, "min_free_gb": found.min_free_gb}
    gone = trash.Gone((), 0, ())
    if found.items:
        gone = trash.put_away(desk, {one.run_id: one.bytes for one in found.items}, facts)
    why = "its time in the trash was over"
    if found.urgent:
        why = f"the disk is nearly full: {found.free_gb:.2f} GB are free"
    elif empty_trash:
        why = "the trash was emptied by hand"
    emptied = trash.empty(desk, why=why, now=found.urgent or empty_trash)
    refused = (*found.refused, *gone.refused, *emptied.refused)
    if found.refused:
        tell(desk, "retention.refused", found.refused)
    note = (
        f"{len(gone.runs)} old runs put into the trash, {len(emptied.runs)} deleted for good, "
        f"{emptied.bytes / 1e9:.3f} GB freed"
    )
    if not (gone.runs or emptied.runs):
        note = found.note
    return replace(
        found,
        dry_run=False,
        deleted=len(gone.runs),
        emptied=len(emptied.runs),
        freed_bytes=emptied.bytes,
        refused=refused,
        places=places(desk),
        note=note,
    )


def places(desk: Desk) -> dict[str, Place]:
    """How many finished runs lie where, and what their directories weigh."""
    with desk.read() as tx:
        return {name: Place(*found) for name, found in sorted(run_rows.weights(tx).items())}


def keep_within_quota(desk: Desk) -> Plan | None:
    """Weigh what finished lately; delete the oldest runs where the output weighs too much."""
    with desk.read() as tx:
        names = run_rows.unweighed(tx, limit=WEIGHED_AT_ONCE)
    for run_id in names:
        heavy = 0
        if os.path.lexists(desk.workspace.run(run_id)):
            try:
                heavy = weigh(desk.workspace.runs, run_id).bytes
            except OmpError as error:
                incidents.open_incident(
                    desk, f"retention.unweighed:{run_id}", "SEV-2", error.sentence
                )
        with desk.write() as tx:
            run_rows.change(tx, run_id, output_bytes=heavy)
    with desk.read() as tx:
        output = run_rows.output_bytes(tx) / 1e9
    return relieve(desk) if output > desk.settings.retention.max_output_gb else None


def _pressed(desk: Desk, keep: int | None, min_free_gb: float | None) -> Plan:
    """The count rule and the trash, as they stand now."""
    settings, root = desk.settings, desk.workspace.root
    keep = settings.retention.keep_runs if keep is None else keep
    least = settings.limits.warn_disk_free_gb if min_free_gb is None else min_free_gb
    if keep < 1:
        raise InvalidInput(f"keep {keep} runs", allowed="1 or more", remedy="give another number")
    free, inodes = free_gb(root), inodes_pct(root)
    most, lie = settings.retention.max_output_gb, places(desk)
    output = lie["here"].bytes / 1e9 if "here" in lie else 0.0
    kept, items, refused = _sort(desk, keep)
    may_go, is_short = items, free < least or inodes < INODES_WANTED_PCT
    if not is_short:
        items = _oldest(items, output - SPARE * most) if output > most else ()
    going = {one.run_id for one in items}
    spared = [one.run_id for one in may_go if one.run_id not in going]
    last_gb = (settings.limits.min_disk_free_gb + settings.limits.warn_disk_free_gb) / 2
    is_urgent = free < last_gb or inodes < INODES_NEEDED_PCT
    pressure = is_short or output > most
    note = (
        f"{free:.2f} GB are free, {least:g} are wanted; runs weigh {output:.2f} GB of {most:g}: "
        + (f"{len(items)} old runs may go" if pressure else "nothing needs to go")
    )
    return Plan(
        items=items,
        kept=(*kept, *(Kept(one, "there is room enough") for one in spared)),
        keep=keep,
        free_gb=round(free, 3),
        min_free_gb=least,
        pressure=pressure,
        urgent=is_urgent,
        dry_run=True,
        tiers=_trash_tiers(desk, items, now=is_urgent),
        places=lie,
        deleted=0,
        emptied=0,
        freed_bytes=0,
        refused=refused,
        note=note,
    )


def _trash_tiers(desk: Desk, items: tuple[Item, ...], *, now: bool) -> tuple[Tier, Tier]:
    hours = desk.settings.retention.trash_hours
    away = tuple(Step(one.run_id, one.bytes, 0) for one in items)
    out = tuple(
        Step(one.id, weight, weight)
        for one in trash.due(desk, now=now)
        for weight in (one.output_bytes or 0,)
    )
    return (
        Tier("trash", "while room is short", away),
        Tier("delete", "at once" if now else f"after {hours:g} h in the trash", out),
    )


def _oldest(items: tuple[Item, ...], surplus_gb: float) -> tuple[Item, ...]:
    """As many of the oldest as it takes to be rid of the surplus."""
    chosen, won = list[Item](), 0
    for one in items:
        if won / 1e9 >= surplus_gb:
            break
        chosen.append(one)
        won += one.bytes
    return tuple(chosen)


def _sort(desk: Desk, keep: int) -> tuple[tuple[Kept, ...], tuple[Item, ...], tuple[str, ...]]:
    """Every run with a directory: kept and why, or an item; and those that cannot be read."""
    home = desk.workspace.runs
    with desk.read() as tx:
        guard = shield(desk, tx, keep)
    kept, items, refused = [], [], []
    for one in _with_directory(desk):
        if not os.path.lexists(desk.workspace.run(one.id)):
            continue
        why = guard.why(one)
        if why is not None:
            kept.append(Kept(one.id, why))
            continue
        try:
            items.append(_item(desk, one, weigh(home, one.id)))
        except OmpError as error:
            refused.append(error.sentence)
    return tuple(kept), tuple(items), tuple(refused)


def _with_directory(desk: Desk) -> Iterator[Run]:
    """Runs that should have a directory here, the oldest first, a page in memory at a time."""
    before: tuple[str, str] | None = None
    while True:
        with desk.read() as tx:
            page = run_rows.find(
                tx, place="here", before=before, limit=READ_AT_ONCE, newest_first=False
            )
        yield from page
        if len(page) < READ_AT_ONCE:
            return
        before = page[-1].queued_at, page[-1].id


def _item(desk: Desk, run: Run, weight: Weight) -> Item:
    path = desk.workspace.run(run.id).relative_to(desk.workspace.root).as_posix()
    return Item(run.id, path, run.finished_at, weight.files, weight.bytes)

"""Retention: which run directories may go, and letting them go.

The count rule deletes only under pressure, and only directories of runs that the database owns:
while the disk has less room than the warning limit every old run may go, and while the output
weighs more than `[retention] max_output_gb` the oldest go until a tenth of that is free again.
The most recent runs, promoted runs, runs that are still judged and runs under an open incident
are never touched; nor are the ledger, the subjects and the Hall.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from omp.domain.errors import InvalidInput, OmpError
from omp.ops import incidents
from omp.ops.desk import Desk
from omp.store import hall
from omp.store import incidents as incident_rows
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.store.shredder import Weight, empty_trash, shred, weigh

SPARE = 0.9
"""Once the output weighs too much, runs go until it weighs this share of what it may."""

WEIGHED_AT_ONCE = 20


@dataclass(frozen=True)
class Item:
    """A run directory that may go."""

    run_id: str
    path: str
    finished_at: str | None
    files: int
    bytes: int


@dataclass(frozen=True)
class Kept:
    """A run directory that stays, and why."""

    run_id: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What retention would do now.

    Args:
        items: Directories that would go, oldest first; none without disk pressure.
        kept: Those that stay, with the reason.
        pressure: Less is free than `min_free_gb`, or the output weighs more than it may.
        deleted: The items were deleted.
        refused: Directories that could not be deleted safely, and why.
    """

    items: tuple[Item, ...]
    kept: tuple[Kept, ...]
    keep: int
    free_gb: float
    min_free_gb: float
    pressure: bool
    dry_run: bool
    deleted: int
    freed_bytes: int
    refused: tuple[str, ...]
    note: str


def free_gb(path: Path) -> float:
    """Free on the filesystem of a path, GB (10**9 bytes)."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize / 1e9


def plan(desk: Desk, *, keep: int | None = None, min_free_gb: float | None = None) -> Plan:
    """What would go now, listed before anything is touched.

    Args:
        keep: Runs that stay whole, the most recent ones; by default as configured.
        min_free_gb: Deletes only while less than this is free; by default the warning limit.
    """
    settings = desk.settings
    keep = settings.retention.keep_runs if keep is None else keep
    least = settings.limits.warn_disk_free_gb if min_free_gb is None else min_free_gb
    if keep < 1:
        raise InvalidInput(f"keep {keep} runs", allowed="1 or more", remedy="give another number")
    free, most = free_gb(desk.workspace.root), settings.retention.max_output_gb
    with desk.read() as tx:
        output = run_rows.output_bytes(tx) / 1e9
    kept, items, refused = _sort(desk, keep)
    may_go = items
    if free >= least:
        items = _oldest(items, output - SPARE * most) if output > most else ()
    going = {one.run_id for one in items}
    spared = [one.run_id for one in may_go if one.run_id not in going]
    kept = (*kept, *(Kept(one, "there is room enough") for one in spared))
    pressure = free < least or output > most
    note = (
        f"{free:.2f} GB are free, {least:g} are wanted; runs weigh {output:.2f} GB of {most:g}: "
        + (f"{len(items)} old runs may go" if pressure else "nothing needs to go")
    )
    return Plan(
        items=items,
        kept=kept,
        keep=keep,
        free_gb=round(free, 3),
        min_free_gb=least,
        pressure=pressure,
        dry_run=True,
        deleted=0,
        freed_bytes=0,
        refused=refused,
        note=note,
    )


def clean(
    desk: Desk,
    *,
    dry_run: bool = False,
    keep: int | None = None,
    min_free_gb: float | None = None,
) -> Plan:
    """Delete old run directories as the policy allows; what goes is journalled before it goes."""
    found = plan(desk, keep=keep, min_free_gb=min_free_gb)
    if dry_run:
        return found
    home = desk.workspace.runs
    with desk.read() as tx:
        terminal = run_rows.find(tx, states=("completed", "failed", "cancelled"), limit=1_000_000)
    empty_trash(home, frozenset(one.id for one in terminal))
    if not found.items:
        return replace(found, dry_run=False)
    with desk.write() as tx:
        desk.note(
            tx,
            "retention.deleted",
            "runs",
            {
                "runs": [one.run_id for one in found.items],
                "bytes": sum(one.bytes for one in found.items),
                "keep": found.keep,
                "free_gb": found.free_gb,
                "min_free_gb": found.min_free_gb,
            },
        )
    refused, freed, deleted = list(found.refused), 0, 0
    for one in found.items:
        try:
            freed += shred(home, one.run_id).bytes
            deleted += 1
            with desk.write() as tx:
                run_rows.change(tx, one.run_id, output_bytes=0)
        except OmpError as error:
            refused.append(error.sentence)
    if refused:
        incidents.open_incident(
            desk,
            "retention.refused",
            "SEV-2",
            f"Old runs could not be deleted safely: {refused[0]}",
            details={"symptoms": refused},
        )
    note = f"{deleted} old runs deleted, {freed / 1e9:.3f} GB freed"
    return replace(
        found,
        dry_run=False,
        deleted=deleted,
        freed_bytes=freed,
        refused=tuple(refused),
        note=note,
    )


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
    return clean(desk) if output > desk.settings.retention.max_output_gb else None


def _oldest(items: tuple[Item, ...], surplus_gb: float) -> tuple[Item, ...]:
    """As many of the oldest as it takes to be rid of the surplus."""
    chosen: list[Item] = []
    for one in items:
        if sum(item.bytes for item in chosen) / 1e9 >= surplus_gb:
            break
        chosen.append(one)
    return tuple(chosen)


def _sort(desk: Desk, keep: int) -> tuple[tuple[Kept, ...], tuple[Item, ...], tuple[str, ...]]:
    """Every run with a directory: kept and why, or an item; and those that cannot be read."""
    home = desk.workspace.runs
    with desk.read() as tx:
        runs = [
            one
            for one in run_rows.find(tx, limit=1_000_000)
            if os.path.lexists(desk.workspace.run(one.id))
        ]
        promoted = hall.promoted_runs(tx)
        suspect = {
            str(run)
            for incident in incident_rows.find(tx, states=incident_rows.OPEN, limit=100_000)
            for run in incident.details.get("runs", [])
        }
    recent = {one.id for one in runs[:keep]}
    kept, items, refused = [], [], []
    for one in sorted(runs, key=lambda one: (one.queued_at, one.id)):
        why = _stays(one, recent, promoted, suspect)
        if why is not None:
            kept.append(Kept(one.id, why))
            continue
        try:
            weight = weigh(home, one.id)
        except OmpError as error:
            refused.append(error.sentence)
            continue
        items.append(_item(desk, one, weight))
    return tuple(kept), tuple(items), tuple(refused)


def _item(desk: Desk, run: Run, weight: Weight) -> Item:
    path = desk.workspace.run(run.id).relative_to(desk.workspace.root).as_posix()
    return Item(run.id, path, run.finished_at, weight.files, weight.bytes)


def _stays(run: Run, recent: set[str], promoted: frozenset[str], suspect: set[str]) -> str | None:
    """Why a run's directory stays; None when it may go."""
    rules = (
        (not run.terminal, f"it is {run.state}"),
        (run.id in promoted or run.outcome == "promoted", "it was promoted"),
        (run.outcome in ("pending", "waiting"), f"its promotion is {run.outcome}"),
        (run.id in suspect, "an open incident names it"),
        (run.id in recent, "it is among the most recent"),
    )
    return next((why for holds, why in rules if holds), None)

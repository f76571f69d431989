"""The tiers of old runs: compressed after some days, archived after more, a slice at a time."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from omp.domain.errors import (
    Conflict,
    Damaged,
    InvalidInput,
    NotFound,
    OmpError,
    UnsafePath,
    WorkspaceBusy,
)
from omp.domain.failpoints import hit
from omp.ops import archive, maintenance, trash
from omp.ops.desk import Desk
from omp.ops.retention_rules import ago, shield
from omp.ops.run_moves import one_at_a_time, settle_all, tell
from omp.store import packing
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.store.shredder import weigh
from omp.wire.rundir import RunDirectory, read_manifest

SLICE_S = 2.0
ESTIMATE_S = 5.0
"""A dry run compresses in memory for so long; what is left is estimated from that."""

_ITS_OWN = (Conflict, Damaged, NotFound, UnsafePath)
"""Errors that belong to one run: it is held, and the others go on."""


@dataclass(frozen=True)
class Step:
    """What a tier would do with one run, or has done.

    Args:
        bytes: What its directory weighs.
        frees_bytes: By how much the workspace's disk becomes lighter, estimated or as it was.
    """

    run_id: str
    bytes: int
    frees_bytes: int


@dataclass(frozen=True)
class Tier:
    """One tier: `compress`, `archive`, `trash` or `delete`.

    Args:
        when: After what time, in words; says so where it is switched off.
        estimated: `frees_bytes` is partly estimated from the first runs.
    """

    name: str
    when: str
    steps: tuple[Step, ...] = ()
    estimated: bool = False

    @property
    def frees_bytes(self) -> int:
        return sum(one.frees_bytes for one in self.steps)


def turn(desk: Desk) -> bool:
    """A slice of the work that is due; says whether there was any."""
    if desk.db.failed or maintenance.state(desk).on:
        return False
    settle_all(desk)
    hours = desk.settings.retention.trash_hours
    emptied = trash.empty(desk, why=f"it lay in the trash for {hours:g} h", now=False)
    return bool(emptied.runs) | bool(work(desk, limit_s=SLICE_S))


def work(desk: Desk, *, limit_s: float = float("inf")) -> tuple[Step, ...]:
    """Compress and archive what is due, for about so long; gives what was done."""
    began_s, done = time.monotonic(), []
    for run, doing in _due(desk):
        try:
            done.append(doing(desk, run))
        except WorkspaceBusy:
            return tuple(done)  # somebody else does this work
        except _ITS_OWN as error:
            hold(desk, run.id, reason=error.asked)
            tell(desk, f"retention.held:{run.id}", [error.sentence])
        if time.monotonic() - began_s >= limit_s:
            break
    return tuple(done)


def plan(desk: Desk) -> tuple[Tier, Tier]:
    """What both tiers would do now, with what it frees."""
    rules = desk.settings.retention
    began_s, seen, freed = time.monotonic(), 0, 0
    compress, is_guess = [], False
    for run in _to_pack(desk):
        weight = _weight(desk, run)
        if time.monotonic() - began_s < ESTIMATE_S:
            frees = packing.estimate(desk.workspace.runs, run.id)
            seen, freed = seen + weight, freed + frees
        else:
            frees, is_guess = int(weight * freed / max(1, seen)), True
        compress.append(Step(run.id, weight, frees))
    moved = [Step(run.id, w, w) for run in _to_archive(desk) for w in (_weight(desk, run),)]
    home = archive.folder(desk)
    where = f"into {home}" if home else "[retention] archive_dir names no archive"
    return (
        Tier("compress", _days(rules.compress_after_days), tuple(compress), is_guess),
        Tier("archive", f"{_days(rules.archive_after_days)}, {where}", tuple(moved)),
    )


def hold(desk: Desk, run: str, *, reason: str) -> Run:
    """Take a run out of retention's reach, until it is released.

    Raises:
        NotFound: There is no such run.
        InvalidInput: There is no reason.
    """
    if not reason.strip():
        raise InvalidInput(
            f"hold {run} without a reason", allowed="a few words", remedy="say why it must stay"
        )
    return _set_hold(desk, run, reason.strip(), "retention.held")


def release(desk: Desk, run: str, *, reason: str | None = None) -> Run:
    """Give a run back to retention.

    Raises:
        NotFound: There is no such run.
    """
    return _set_hold(desk, run, None, "retention.released", told=reason)


def _set_hold(desk: Desk, run: str, held: str | None, kind: str, *, told: str | None = None) -> Run:
    with desk.write() as tx:
        run_rows.get(tx, run)
        run_rows.change(tx, run, held=held)
        desk.note(tx, kind, run, {"reason": held or told or ""})
        return run_rows.get(tx, run)


def _due(desk: Desk) -> Iterator[tuple[Run, Callable[[Desk, Run], Step]]]:
    """What is to be done with which run: the tiers in turn, so that neither waits."""
    for pack, away in zip_longest(_to_pack(desk), _to_archive(desk)):
        if pack is not None:
            yield pack, _pack
        if away is not None:
            yield away, _store


def _to_pack(desk: Desk) -> tuple[Run, ...]:
    return _old(desk, desk.settings.retention.compress_after_days, packed=False)


def _to_archive(desk: Desk) -> tuple[Run, ...]:
    if archive.folder(desk) is None:
        return ()
    return _old(desk, desk.settings.retention.archive_after_days, packed=None)


def _old(desk: Desk, days: float, *, packed: bool | None) -> tuple[Run, ...]:
    """Runs older than so many days that may be touched and have a directory."""
    if days == 0:
        return ()
    with desk.read() as tx:
        found = run_rows.due(tx, before=ago(desk, days=days), packed=packed)
        if not found:
            return ()
        guard = shield(desk, tx, desk.settings.retention.keep_runs)
    return tuple(
        one for one in found if guard.why(one) is None and desk.workspace.run(one.id).is_dir()
    )


def _pack(desk: Desk, run: Run) -> Step:
    """Compress a run's files; the row says so once every one is done."""
    home = desk.workspace.runs
    before = _weight(desk, run)
    found = RunDirectory(desk.workspace.run(run.id))
    bound = read_manifest(found.manifest).files if found.finished else {}
    with one_at_a_time(desk):
        spare = desk.settings.limits.min_disk_free_gb * 1e9
        done = packing.pack(home, run.id, bound, spare_bytes=spare)
    hit("retention.pack_removed")
    weight = weigh(home, run.id).bytes
    with desk.write() as tx:
        at = None if done.waiting else desk.clock.iso()
        run_rows.change(tx, run.id, place="here", packed_at=at, output_bytes=weight)
        if done.files:
            facts = {"files": done.files, "freed_bytes": before - weight}
            desk.note(tx, "retention.packed", run.id, {"runs": [run.id], **facts})
    if done.faults:
        tell(desk, f"retention.damaged:{run.id}", done.faults)
    return Step(run.id, before, before - weight)


def _store(desk: Desk, run: Run) -> Step:
    home = archive.opened(desk)
    if home is None:
        raise NotFound("no archive is configured", remedy="name one in [retention] archive_dir")
    weight = _weight(desk, run)
    archive.store(desk, run, home)
    return Step(run.id, weight, weight)


def _weight(desk: Desk, run: Run) -> int:
    try:
        return weigh(desk.workspace.runs, run.id).bytes
    except OmpError:
        return 0


def _days(days: float) -> str:
    return f"after {days:g} days" if days else "never"

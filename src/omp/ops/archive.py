"""The archive: old runs copied into another folder, proven there, and brought back from it."""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from omp.domain.durable import write_durable
from omp.domain.errors import Conflict, Damaged, DiskFull, NotFound, Refused, UnsafePath
from omp.domain.failpoints import hit
from omp.domain.run_place import PLACE
from omp.ops.desk import Desk
from omp.ops.run_moves import move, one_at_a_time, owe, settle
from omp.store import meta, shelving
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.wire.canonical import canonical, digest
from omp.wire.rundir import SCHEMA_VERSION, RunDirectory, changed_files, read_manifest

MARKS_KEY = "retention.archives"
INCOMING = "incoming"


@dataclass(frozen=True)
class Restored:
    """An archived run that was brought back, or could be.

    Args:
        files: Files that were copied and compared.
        dry_run: Everything was proven, nothing was moved.
    """

    run_id: str
    directory: str
    files: int
    bytes: int
    dry_run: bool
    note: str


def folder(desk: Desk) -> Path | None:
    """The archive that the settings name; None where there is none.

    Raises:
        UnsafePath: It lies where the workspace keeps other things, or around the workspace.
    """
    named = desk.settings.retention.archive_dir.strip()
    if not named:
        return None
    root = desk.workspace.root.resolve()
    path = (root / Path(named).expanduser()).resolve()
    inside = path.is_relative_to(root) and not path.is_relative_to(desk.workspace.archive.resolve())
    if inside or root.is_relative_to(path):
        raise UnsafePath(
            f"runs cannot be archived into {path}",
            allowed=f"a folder outside {root}, best on another disk; or one in archive/",
            remedy="correct [retention] archive_dir",
        )
    return path


def opened(desk: Desk) -> Path | None:
    """The archive that the settings name, known by its mark; None where there is none.

    Raises:
        NotFound: It was used before and its mark is not there: its disk is not mounted.
    """
    path = folder(desk)
    if path is None:
        return None
    with desk.read() as tx:
        marks: dict[str, str] = meta.get_json(tx, MARKS_KEY) or {}
    mark = shelving.mark_of(path)
    if mark is not None and mark == marks.get(str(path)):
        return path
    if str(path) in marks:
        raise NotFound(
            f"{path} is not the archive that it was: its mark {shelving.MARK} is "
            + ("missing" if mark is None else "another one"),
            remedy="mount its disk, or name another folder in [retention] archive_dir",
        )
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if mark is None:
        mark = secrets.token_hex(16)
        shelving.put_mark(path, mark)
    marks = {**marks, str(path): mark}
    document = {"schema_version": SCHEMA_VERSION, "archives": sorted(marks)}
    write_durable(desk.workspace.archives_file, canonical(document))
    with desk.db.write() as tx:
        meta.put_json(tx, MARKS_KEY, marks)
    return path


def store(desk: Desk, run: Run, home: Path) -> int:
    """Move one run into the archive; gives the bytes that its directory weighed.

    Raises:
        Damaged: The run is not what its manifest says, or the copy could not be proven.
        Conflict: The archive holds another copy of it.
        DiskFull: The archive's disk would have less free than the warning limit.
    """
    source, target = desk.workspace.run(run.id), home / run.id
    with one_at_a_time(desk):
        if faults := content_faults(source, run):
            raise Damaged(
                f"{run.id} is not what its manifest says: {faults[0]}",
                remedy="mine it again with: omp queue add",
            )
        files = shelving.take_down(source)
        weight = sum(size for _, size in files.values())
        if target.exists() or target.is_symlink():
            _require_same(target, run, files)
        else:
            _require_room(desk, home, weight)
            facts = {
                "run_id": run.id,
                "workspace": str(desk.workspace.root),
                "archived_at": desk.clock.iso(),
            }
            shelving.copy_whole(source, target, home / INCOMING, facts=facts, listed=files)
        told = {"archive": str(home), "bytes": weight, "files": len(files)}
        move(desk, [run.id], "archive", kind="retention.archived", facts=told, archive=str(home))
        hit("retention.archived")
        settle(desk, run.id)
    return weight


def restore(desk: Desk, run: str, *, dry_run: bool = False, reason: str | None = None) -> Restored:
    """Bring an archived run back, every byte compared; or only prove that it could be.

    Raises:
        NotFound: There is no such run, or the archive does not hold it.
        IllegalMove: It is not archived.
        Damaged: The archived copy is not what was put there; nothing is moved.
    """
    with desk.read() as tx:
        found = run_rows.get(tx, run)
    work = desk.workspace
    is_lost = found.place == "here" and found.terminal and not work.run(run).exists()
    if not is_lost:
        PLACE.after(found.place, "restore")
    home = Path(found.archive) if found.archive is not None else opened(desk)
    if home is None:
        raise Refused(
            f"{run} has no directory, and no archive is configured",
            remedy="name the archive in [retention] archive_dir",
        )
    listing = _listing(home, run)
    source, target = home / run, work.run(run)
    with one_at_a_time(desk):
        if target.exists():
            _settle_first(desk, run)  # an earlier restore was cut off
        _require_room(desk, work.runs, listing.bytes)
        if not dry_run and not is_lost:
            with desk.db.write() as tx:
                owe(tx, [run])
        copy = shelving.copy_whole(source, target, work.incoming, listed=listing.files, place=False)
        try:
            if faults := content_faults(copy, found):
                raise Damaged(
                    f"the archived copy of {run} is not what was mined: {faults[0]}",
                    remedy="bring the copy back from a backup of the archive",
                )
            if not dry_run:
                shelving.put_in_place(copy, target)
        finally:
            shelving.clear(work.incoming, run)
        if not dry_run:
            facts = {"archive": str(home), "bytes": listing.bytes, "reason": reason or ""}
            if is_lost:
                with desk.write() as tx:
                    desk.note(tx, "retention.restored", run, {"runs": [run], **facts})
                    run_rows.change(tx, run, placed_at=desk.clock.iso(), output_bytes=None)
            else:
                move(desk, [run], "restore", kind="retention.restored", facts=facts)
                hit("retention.restored")
                settle(desk, run)
    done = "could be brought back" if dry_run else "is back"
    return Restored(
        run_id=run,
        directory=target.relative_to(work.root).as_posix(),
        files=len(listing.files),
        bytes=listing.bytes,
        dry_run=dry_run,
        note=f"{run} {done}: {len(listing.files)} files, {listing.bytes / 1e6:.1f} MB, each the "
        "one that was archived",
    )


def _settle_first(desk: Desk, run: str) -> None:
    settle(desk, run)
    if desk.workspace.run(run).exists():
        raise Conflict(
            f"{desk.workspace.run(run)} is there already",
            allowed="a run that lies in one place",
            remedy="look at it, and move it away by hand",
        )


def content_faults(directory: Path, run: Run) -> tuple[str, ...]:
    """What of a run's directory is not what its record and its manifest say."""
    found = RunDirectory(directory)
    if run.manifest_digest is None and not found.finished:
        return ()  # it never finished, so nothing binds its files
    manifest = read_manifest(found.manifest)
    faults = changed_files(found.root, manifest.files)
    ours = digest(found.manifest.read_bytes())
    if run.manifest_digest is not None and ours != run.manifest_digest:
        return ("manifest.json is not the one that was ingested", *faults)
    return faults


def _listing(home: Path, run: str) -> shelving.Listing:
    try:
        listing = shelving.read_listing(home / run)
    except NotFound:
        raise NotFound(
            f"the archive {home} does not hold {run}",
            remedy="mount its disk; if the copy is lost, bring it back from a backup of it",
        ) from None
    if listing.facts.get("run_id") != run:
        raise Damaged(
            f"{home / run} is the copy of another run, {listing.facts.get('run_id')}",
            remedy="look at the archive; somebody renamed folders there",
        )
    return listing


def _require_same(target: Path, run: Run, files: dict[str, tuple[str, int]]) -> None:
    """A copy that a crash left, or that is there since the run was restored, must be the same."""
    fault = shelving.copy_fault(target)
    if fault is None and dict(shelving.read_listing(target).files) != files:
        fault = "it holds other files"
    if fault is not None:
        raise Conflict(
            f"{target} is there already and is no copy of {run.id}: {fault}",
            remedy=f"look at it and move it away, then: omp runs release {run.id}",
        )


def _require_room(desk: Desk, place: Path, weight: int) -> None:
    spare = desk.settings.limits.warn_disk_free_gb * 1e9
    if shutil.disk_usage(place).free - weight < spare:
        raise DiskFull(
            f"a copy of {weight / 1e6:.1f} MB would leave less than {spare / 1e9:.1f} GB free at "
            f"{place}",
            remedy="free some space there (omp cleanup --dry-run), or name another archive_dir",
        )

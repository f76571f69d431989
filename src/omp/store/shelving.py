"""Copies of whole run directories in another place, perhaps on another disk, proven by hash.

A copy is put together in a folder `incoming` of the target, every file synced and read again, and
moved into its place whole. `.archive.json`, written last, lists every file with size and blake3.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from omp.domain.durable import disk_room, sync_folder, write_durable
from omp.domain.errors import Damaged, NotFound, UnsafePath
from omp.domain.failpoints import hit
from omp.domain.ids import check_id
from omp.store.objects import digest_file
from omp.store.shredder import shred, weigh
from omp.wire.canonical import canonical
from omp.wire.rundir import SCHEMA_VERSION, read_json

LISTING = ".archive.json"
MARK = ".omp-archive.json"
_REMEDY = "bring the copy back from a backup of the archive, or go on without this run"


@dataclass(frozen=True)
class Listing:
    """What a copy says of itself.

    Args:
        facts: What was noted with it: run, workspace, instant.
        files: Path in the folder -> blake3 of the stored bytes, and how many.
    """

    facts: Mapping[str, str]
    files: Mapping[str, tuple[str, int]]

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.files.values())


def take_down(folder: Path) -> dict[str, tuple[str, int]]:
    """Every file below a folder with blake3 and size; hidden ones are left out.

    Raises:
        UnsafePath: A link lies among them.
    """
    weigh(folder.parent, folder.name)
    found = {}
    for here, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for one in sorted(names):
            if not one.startswith("."):
                path = Path(here) / one
                found[path.relative_to(folder).as_posix()] = digest_file(path)
    return found


def copy_whole(
    source: Path,
    target: Path,
    incoming: Path,
    *,
    facts: Mapping[str, str] | None = None,
    listed: Mapping[str, tuple[str, int]] | None = None,
    place: bool = True,
) -> Path:
    """Copy a folder and move the copy into its place, proven and durable.

    Args:
        source: The folder.
        target: Where it goes; nothing may be there.
        incoming: Where it is put together, on the target's filesystem.
        facts: Noted in the copy's listing; None writes none (a copy that is brought back).
        listed: What the source must hold; by default what it holds.
        place: False leaves it in `incoming`.

    Raises:
        Damaged: The source is not what is listed, or the copy cannot be proven.
        DiskFull: There is no room; the half copy is taken away.
        UnsafePath: A link lies in the source.
    """
    name = check_id(source.name, "run")
    files = take_down(source)
    if listed is not None and (fault := _differ(files, listed)):
        raise Damaged(f"{source}: {fault}", remedy=_REMEDY)
    incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
    clear(incoming, name)
    root = incoming / name
    try:
        with disk_room(root, remedy="free some space there, or name another archive_dir"):
            root.mkdir(mode=0o755)
            for relative in files:
                _copy(source / relative, root / relative)
            if facts is not None:
                document = {"schema_version": SCHEMA_VERSION, "facts": facts, "files": files}
                write_durable(root / LISTING, canonical(document))
            for folder, _, _ in os.walk(root, topdown=False):
                sync_folder(Path(folder))
            sync_folder(incoming)
        fault = _differ(take_down(root), files)
    except BaseException:
        clear(incoming, name)
        raise
    if fault is not None:
        clear(incoming, name)
        raise Damaged(f"the copy of {source}: {fault}", remedy="look at the disk of the copy")
    hit("retention.copied")
    if place:
        put_in_place(root, target)
        return target
    return root


def put_in_place(copy: Path, target: Path) -> None:
    """Move a whole copy to where it belongs, durably."""
    copy.rename(target)
    sync_folder(target.parent)
    sync_folder(copy.parent)
    hit("retention.copy_placed")


def clear(incoming: Path, name: str) -> None:
    """Take away a half copy of ours."""
    if (incoming / name).exists():
        shred(incoming, name)


def read_listing(folder: Path) -> Listing:
    """What a copy says of itself.

    Raises:
        NotFound: There is no copy.
        Damaged: Its listing cannot be read.
    """
    if folder.is_symlink():
        raise UnsafePath(f"{folder} is a link", remedy="put the folder itself there")
    document = read_json(folder / LISTING, remedy=_REMEDY)
    try:
        files = {str(name): (str(d), int(size)) for name, (d, size) in document["files"].items()}
        facts = {str(key): str(value) for key, value in document["facts"].items()}
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise Damaged(f"{folder / LISTING} lists no files: {error}", remedy=_REMEDY) from None
    return Listing(facts, files)


def copy_fault(folder: Path) -> str | None:
    """What is wrong with a copy, in a sentence; every byte is read. None when it is whole."""
    try:
        return _differ(take_down(folder), read_listing(folder).files)
    except (Damaged, NotFound, UnsafePath) as error:
        return error.asked


def _differ(
    found: Mapping[str, tuple[str, int]], expected: Mapping[str, tuple[str, int]]
) -> str | None:
    for name in sorted(found.keys() | expected.keys()):
        if name not in found:
            return f"{name} is missing"
        if name not in expected:
            return f"{name} was added"
        if found[name] != expected[name]:
            return f"{name} was changed"
    return None


def _copy(source: Path, target: Path) -> None:
    """Copy a plain file with mode and times, synced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as here:
        found = os.fstat(here.fileno())
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(target, flags, 0o600), "wb") as there:
            while chunk := here.read(1 << 20):
                there.write(chunk)
            there.flush()
            os.fchmod(there.fileno(), found.st_mode & 0o777)
            os.utime(there.fileno(), ns=(found.st_atime_ns, found.st_mtime_ns))
            os.fsync(there.fileno())


def mark_of(archive: Path) -> str | None:
    """The id in an archive's mark; None where it has none."""
    try:
        return str(json.loads((archive / MARK).read_bytes())["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def put_mark(archive: Path, mark: str) -> None:
    """Mark a folder as an archive, so that its absence is noticed."""
    document = {"schema_version": SCHEMA_VERSION, "id": mark, "is": "an archive of OMP runs"}
    write_durable(archive / MARK, canonical(document))

"""Files that survive a crash: whole or absent, on the disk before anything speaks of them."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from omp.domain.errors import DiskFull, DiskRefused

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_REFUSED = frozenset({errno.EIO, errno.EROFS, errno.ENXIO, errno.ENODEV, errno.ESTALE})

RESUME = (
    "free some space (omp cleanup --dry-run lists what may go), then resume: "
    "the work up to the last checkpoint is kept"
)
AGAIN = (
    "free some space (omp cleanup --dry-run lists what may go), then run the same command again: "
    "nothing was changed"
)
LOOK_AT_DISK = (
    "look at the disk (dmesg, smartctl -a); what was acknowledged stands, what the disk refused "
    "counts as not written and is tried again"
)


@contextmanager
def disk_room(path: Path, *, remedy: str = RESUME) -> Iterator[None]:
    """Turn "no space left" and "input/output error" inside the block into words naming the file.

    Raises:
        DiskFull: There is no room.
        DiskRefused: The disk did not take it, or did not keep it.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _REFUSED:
            asked = f"the disk refused to keep {path} ({error.strerror})"
            raise DiskRefused(asked, remedy=LOOK_AT_DISK) from error
        if error.errno not in _FULL:
            raise
        raise DiskFull(
            f"the disk has no room to write {path}",
            remedy=remedy,
        ) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durable(path: Path, data: bytes) -> None:
    """Write a file atomically: temporary name, fsync, rename, fsync of its folder.

    Raises:
        DiskFull: If there is no room; the former file, if any, stands untouched.
    """
    _write(path, data)
    with disk_room(path):
        sync_folder(path.parent)


def write_all_durable(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a folder, each atomically, and make their names durable together.

    Raises:
        DiskFull: If there is no room; the files before it stand.
    """
    for name, data in files.items():
        _write(folder / name, data)
    with disk_room(folder):
        sync_folder(folder)


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with disk_room(path):
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def sweep_unfinished(folder: Path) -> tuple[str, ...]:
    """Remove what writers left unfinished in a folder when they were killed; gives the names.

    A file that a living process may be writing stays, and so does what is not named as ours are.
    """
    dead = [
        one
        for one in folder.glob(".*.part")
        if (pid := one.name.split(".")[-2]).isdigit() and not Path(f"/proc/{pid}").exists()
    ]
    for one in dead:
        one.unlink(missing_ok=True)
    return tuple(sorted(one.name for one in dead))


def append_durable(path: Path, line: bytes, *, durable: bool = True) -> None:
    """Append one line (its newline is added) and return once it is on the disk.

    A last line that a crash left without its newline is cut off first. A line that could not be
    synced is cut off again: nobody can know whether it is on the disk, and a later sync that
    succeeds says nothing of it.

    Args:
        path: The file; made when it is not there.
        line: Without its newline.
        durable: False where the next durable line, or `sync_file`, is soon enough.

    Raises:
        DiskFull: If there is no room.
    """
    with disk_room(path):
        fresh = not path.exists()
        with path.open("ab+", buffering=0) as file:
            before = _cut_torn_tail(file.fileno())
            try:
                _write_all(file.fileno(), line + b"\n")
                if durable:
                    os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), before)
                raise
        if fresh:
            sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Return once what was appended to a file is on the disk.

    Raises:
        DiskFull: If there is no room.
    """
    with disk_room(path), path.open("ab") as file:
        os.fsync(file.fileno())


def _write_all(handle: int, data: bytes) -> None:
    """Write every byte, in as many pieces as the disk takes it."""
    while data:
        data = data[os.write(handle, data) :]


def _cut_torn_tail(handle: int) -> int:
    """Cut off what stands behind the last newline; gives the size that is left, bytes."""
    size = os.fstat(handle).st_size
    end = size
    while end > 0:
        start = max(0, end - 4096)
        newline = os.pread(handle, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end != size:
        os.ftruncate(handle, end)
    return end

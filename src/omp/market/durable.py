"""Writing files that survive a power cut: staged beside their place, fsynced, renamed."""

import errno
import os
import shutil
from pathlib import Path

from omp.domain.errors import DiskFull

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def sync_folder(folder: Path) -> None:
    """Make the names inside a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write and fsync one new file.

    Raises:
        DiskFull: when the disk has no room.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)  # a part of a file is worth nothing
        if error.errno in _FULL:
            raise DiskFull(
                f"no room to write {path.name} ({len(data)} bytes) in {path.parent}",
                allowed="nothing was changed",
                remedy="free disk space and run the same command again",
            ) from error
        raise


def replace_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put new content in the place of a file, atomically and durably."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    write_file(staged, data, mode)
    staged.replace(path)
    sync_folder(path.parent)


def publish_folder(files: dict[str, bytes], target: Path, mode: int, file_mode: int) -> None:
    """Make a folder appear whole or not at all: stage, fsync, rename, fsync the parent.

    Raises:
        DiskFull: when the disk has no room; nothing is left behind.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    staged = target.with_name(f".staging-{target.name[:16]}-{os.getpid()}")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(mode=mode)
    staged.chmod(mode)
    try:
        for name, data in files.items():
            write_file(staged / name, data, file_mode)
        sync_folder(staged)
        staged.rename(target)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    sync_folder(target.parent)


def _sweep(folder: Path) -> None:
    """Remove what a killed process left half written."""
    for left in folder.glob(".staging-*"):
        owner = left.name.rpartition("-")[2]
        if not Path("/proc", owner).exists():
            shutil.rmtree(left, ignore_errors=True)

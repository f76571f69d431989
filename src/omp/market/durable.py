"""Folders that appear whole or not at all: staged beside their place, fsynced, renamed."""

import os
import shutil
from pathlib import Path

from omp.domain.durable import AGAIN, disk_room, sync_folder


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Write and fsync one new file of a staged folder."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def publish_folder(files: dict[str, bytes], target: Path, mode: int, file_mode: int) -> None:
    """Make a folder appear whole or not at all: stage, fsync, rename, fsync the parent.

    Raises:
        DiskFull: when the disk has no room; nothing is left behind.
    """
    with disk_room(target, remedy=AGAIN):
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        _publish(files, target, mode, file_mode)


def _publish(files: dict[str, bytes], target: Path, mode: int, file_mode: int) -> None:
    staged = target.with_name(f".staging-{target.name[:16]}-{os.getpid()}")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(mode=mode)
    staged.chmod(mode)
    try:
        for name, data in files.items():
            _write_new(staged / name, data, file_mode)
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

"""The only door through which something is deleted.

Everything goes by directory descriptor and by names that the caller owns; nothing is found by a
pattern. What is to go is moved into the trash first, then taken apart without ever following a
link. A name that turns out to be a link, or a folder that holds one to a folder, is refused.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from omp.domain.durable import sync_folder
from omp.domain.errors import Conflict, NotFound, UnsafePath
from omp.domain.ids import check_id

TRASH = ".trash"


@dataclass(frozen=True)
class Weight:
    """What a folder holds."""

    files: int
    bytes: int


def weigh(parent: Path, name: str) -> Weight:
    """Files and bytes of a folder, links not followed.

    Raises:
        UnsafePath: If the name is a link, or something below it is.
        NotFound: If there is no such folder.
    """
    handle = _open_folder(parent)
    try:
        _check(handle, parent, name)
        files = size = 0
        for _, _, names, folder in os.fwalk(name, dir_fd=handle, follow_symlinks=False):
            for one in names:
                found = os.stat(one, dir_fd=folder, follow_symlinks=False)
                files += 1
                size += found.st_blocks * 512
        return Weight(files, size)
    finally:
        os.close(handle)


def carry(name: str, source: Path, target: Path) -> None:
    """Move a folder that the caller owns between two folders of one filesystem, durably.

    Args:
        name: Its name in both, a plain id.

    Raises:
        UnsafePath: If it is a link, or a link lies anywhere in it; nothing is moved then.
        NotFound: If there is no such folder.
        Conflict: There is something of that name in the target.
    """
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, other = _open_folder(source), _open_folder(target)
    try:
        _check(handle, source, name)
        if _holds(other, name):
            raise Conflict(
                f"{target / name} is there already",
                allowed="a run directory in one place",
                remedy="look at both, and move one of them away by hand",
            )
        os.rename(name, name, src_dir_fd=handle, dst_dir_fd=other)
        os.fsync(other)
        os.fsync(handle)
    finally:
        os.close(handle)
        os.close(other)


def destroy(parent: Path, name: str) -> Weight:
    """Delete for good one folder that lies in the trash.

    Args:
        parent: The trash itself.
        name: Its name, a plain id.

    Raises:
        UnsafePath: If it is a link, or a link lies anywhere in it; nothing is deleted then.
        NotFound: If there is no such folder.
    """
    weight = weigh(parent, name)
    handle = _open_folder(parent)
    try:
        _take_apart(handle, name)
        os.fsync(handle)
    finally:
        os.close(handle)
    return weight


def shred(parent: Path, name: str) -> Weight:
    """Delete one folder that the caller owns, by way of the trash.

    Args:
        parent: The folder it lies in, which must not be a link.
        name: Its name, a plain id.

    Raises:
        UnsafePath: If it is a link, or a link lies anywhere in it; nothing is deleted then.
        NotFound: If there is no such folder.
    """
    weight = weigh(parent, name)
    trash = parent / TRASH
    trash.mkdir(mode=0o700, exist_ok=True)
    handle, bin_handle = _open_folder(parent), _open_folder(trash)
    try:
        if _holds(bin_handle, name):  # left by a crash in the middle
            _take_apart(bin_handle, name)
        os.rename(name, name, src_dir_fd=handle, dst_dir_fd=bin_handle)
        os.fsync(bin_handle)
        os.fsync(handle)
        _take_apart(bin_handle, name)
        os.fsync(bin_handle)
    finally:
        os.close(handle)
        os.close(bin_handle)
    return weight


def shred_file(parent: Path, name: str) -> bool:
    """Delete one plain file that the caller owns; says whether it was there.

    Raises:
        UnsafePath: If it is a link or no file, or the folder is a link; nothing is deleted then.
    """
    check_id(name, "file")
    handle = _open_folder(parent)
    try:
        found = os.stat(name, dir_fd=handle, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            raise _refusal(parent / name)
        os.unlink(name, dir_fd=handle)
        os.fsync(handle)
    except FileNotFoundError:
        return False
    finally:
        os.close(handle)
    return True


def empty_trash(parent: Path, owned: frozenset[str]) -> tuple[str, ...]:
    """Finish deletions that a crash interrupted; only names that the caller owns."""
    trash = parent / TRASH
    if not trash.is_dir() or trash.is_symlink():
        return ()
    handle = _open_folder(trash)
    try:
        left = tuple(sorted(name for name in owned if _holds(handle, name)))
        for name in left:
            _check(handle, trash, name)
            _take_apart(handle, name)
        return left
    finally:
        os.close(handle)


def move_aside(source: Path, folder: Path, name: str) -> Path:
    """Move a folder out of the way into another, durably; nothing is deleted."""
    if source.is_symlink():
        raise _refusal(source)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / check_id(name, "folder")
    source.rename(target)
    sync_folder(folder)
    sync_folder(source.parent)
    return target


def _open_folder(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise NotFound(f"there is no folder {path}") from None
    except OSError as error:
        raise UnsafePath(
            f"{path} is not a plain folder: {error.strerror}",
            remedy="put a folder there in place of the link",
        ) from error


def _holds(handle: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _check(handle: int, parent: Path, name: str) -> None:
    check_id(name, "folder")
    try:
        found = os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        raise NotFound(f"there is no folder {parent / name}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise _refusal(parent / name)
    for _, folders, names, folder in os.fwalk(name, dir_fd=handle, follow_symlinks=False):
        for one in (*folders, *names):
            mode = os.stat(one, dir_fd=folder, follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                raise _refusal(parent / name / one)


def _take_apart(handle: int, name: str) -> None:
    """Remove a folder's content and the folder, bottom up, by descriptor."""
    for root, folders, names, folder in os.fwalk(
        name, topdown=False, dir_fd=handle, follow_symlinks=False
    ):
        for one in names:
            os.unlink(one, dir_fd=folder)
        for one in folders:
            os.rmdir(one, dir_fd=folder)
        if root == name:
            os.fsync(folder)
    os.rmdir(name, dir_fd=handle)


def _refusal(path: Path) -> UnsafePath:
    return UnsafePath(
        f"{path} is a link or no folder, so nothing is deleted there",
        allowed="plain files in plain folders that this workspace made",
        remedy="look where the link leads, take it out by hand, then clean up again",
    )

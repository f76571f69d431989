"""Files kept under the hash of their bytes: what is there once is never written again.

`objects/ab/abcdef…`, one file a content, readable by its owner alone. A file is copied, never
linked, so that damage to the original does not reach its copy.
"""

import errno
import os
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from omp.domain.durable import disk_room, sync_folder
from omp.domain.errors import Damaged, DiskFull, UnsafePath

OBJECTS = "objects"
_CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Kept:
    """A content that is in the store.

    Args:
        digest: blake3 of its bytes.
        is_new: It was written now.
    """

    digest: str
    bytes: int
    is_new: bool


def open_plain(path: Path) -> BinaryIO:
    """Open a file for reading, unless it is a link.

    Raises:
        UnsafePath: It is a link.
        FileNotFoundError: It is not there.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise UnsafePath(
            f"{path} is a link, and links are not followed",
            remedy="put the file itself there",
        ) from error
    return os.fdopen(handle, "rb")


def digest_file(path: Path) -> tuple[str, int]:
    """blake3 and size of a plain file, bytes.

    Raises:
        UnsafePath: It is a link.
        FileNotFoundError: It is not there.
    """
    with open_plain(path) as file:
        return _digest(file)


def _digest(file: BinaryIO) -> tuple[str, int]:
    hasher, size = blake3(max_threads=1), 0
    while chunk := file.read(_CHUNK):
        hasher.update(chunk)
        size += len(chunk)
    return hasher.hexdigest(), size


def object_path(store: Path, digest: str) -> Path:
    """Where a content lies.

    Raises:
        Damaged: That is no digest.
    """
    if not _DIGEST.fullmatch(digest):
        raise Damaged(f"{digest[:64]!r} is no digest", remedy="use another backup")
    return store / OBJECTS / digest[:2] / digest


def put(store: Path, source: Path, *, spare_bytes: float = 0.0) -> Kept:
    """Keep a file's content, durably; one that is there already is read and compared, not written.

    Args:
        store: The folder that holds `objects`.
        spare_bytes: So much stays free on the disk.

    Raises:
        DiskFull: There is not enough room for it.
    """
    digest, size = digest_file(source)
    path = object_path(store, digest)
    if path.exists() and digest_file(path) == (digest, size):
        return Kept(digest, size, is_new=False)
    if shutil.disk_usage(store).free - size < spare_bytes:
        raise DiskFull(
            f"a copy of {source} ({size / 1e6:.1f} MB) would leave less than "
            f"{spare_bytes / 1e9:.1f} GB free at {store}",
            remedy="free some space (omp cleanup --dry-run), or name another disk with --to",
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{digest}.part")
    with disk_room(path):
        try:
            _copy(source, part)
            digest, size = digest_file(part)  # it may have changed since it was first read
            path = object_path(store, digest)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            part.replace(path)
            sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)
    return Kept(digest, size, is_new=True)


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as there, open_plain(source) as here:
        shutil.copyfileobj(here, there, _CHUNK)
        there.flush()
        os.fsync(there.fileno())


def fault(store: Path, digest: str) -> str | None:
    """What is wrong with a kept content, in a sentence; None when it is whole."""
    path = object_path(store, digest)
    try:
        found, _ = digest_file(path)
    except FileNotFoundError:
        return f"{path} is missing"
    return None if found == digest else f"{path} does not have the hash in its name"


def fetch(store: Path, digest: str, target: Path, *, mode: int) -> None:
    """Write a kept content to a file, proven by its hash and durable.

    Raises:
        Damaged: It is missing or changed.
        DiskFull: There is no room for it.
    """
    source = object_path(store, digest)
    with disk_room(target):
        try:
            _copy(source, target)
        except FileNotFoundError:
            raise Damaged(f"{source} is missing", remedy="use another backup") from None
        if digest_file(target)[0] != digest:
            raise Damaged(
                f"{source} does not have the hash in its name", remedy="use another backup"
            )
        target.chmod(mode)


def drop_others(store: Path, wanted: Collection[str]) -> int:
    """Delete the contents that nothing names any more; gives how many.

    Only names that are digests go, by folder descriptor; links are not followed.
    """
    root, dropped = store / OBJECTS, 0
    if not root.is_dir() or root.is_symlink():
        return 0
    for folder in sorted(root.iterdir()):
        if len(folder.name) != 2 or folder.is_symlink() or not folder.is_dir():
            continue
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for name in os.listdir(handle):  # noqa: PTH208 - by descriptor
                if _DIGEST.fullmatch(name) and name not in wanted:
                    os.unlink(name, dir_fd=handle)
                    dropped += 1
            os.fsync(handle)
        finally:
            os.close(handle)
    return dropped

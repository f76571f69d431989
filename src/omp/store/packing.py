"""Compresses the files of a finished run one by one; at every instant one whole form is there.

A file is written compressed under a hidden name beside itself, synced, decompressed again and
compared with what it holds and with what its run's manifest says. Then it is renamed, its folder is
synced, and only then the plain file goes. Everything goes by folder descriptor, links are refused.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import zstandard

from omp.domain.durable import disk_room
from omp.domain.errors import Damaged
from omp.domain.failpoints import hit
from omp.store.shredder import weigh
from omp.wire.filed import SUFFIX, pack_stream, unpacked_digest

LEVEL = 10
LEAST_BYTES = 16 << 10
"""A smaller file is left as it is."""

WORTH = 0.9
"""A file stays plain unless it becomes smaller than this share of itself."""

PLAIN = frozenset({"manifest.json", "campaign.toml"})
"""Names that stay plain: by the first a finished run is known."""

_BLOCK = 4096


@dataclass(frozen=True)
class Packed:
    """What became of a run's files.

    Args:
        files: Files that lie compressed now and did not before.
        freed_bytes: By how much the folder became lighter.
        faults: Files that stay as they are, because they are not what they should be.
        waiting: Files for which there was no room beside them.
    """

    files: int
    freed_bytes: int
    faults: tuple[str, ...] = ()
    waiting: int = 0


def pack(parent: Path, name: str, bound: Mapping[str, str], *, spare_bytes: float = 0.0) -> Packed:
    """Compress what is worth it in one folder.

    Args:
        parent: The folder it lies in.
        name: Its name, a plain id.
        bound: Path in the folder -> blake3 the content must have, where it is known.
        spare_bytes: So much stays free on the disk while a file is there in both forms.

    Raises:
        UnsafePath: A link lies in it; nothing is touched then.
        DiskFull: There is no room beside a file; what was done before stands.
    """
    before = weigh(parent, name).bytes
    handle = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    files, waiting, faults = 0, 0, []
    try:
        for here, _, names, folder in os.fwalk(name, dir_fd=handle, follow_symlinks=False):
            place, earlier = Path(here).relative_to(name), files
            for one in sorted(names):
                relative = (place / one).as_posix()
                if one in PLAIN or one.startswith(".") or one.endswith(SUFFIX):
                    continue
                if relative + SUFFIX in bound:
                    continue  # the engine's own file has the name
                if _free_bytes(folder) - _size(folder, one) < spare_bytes:
                    waiting += 1
                    continue
                with disk_room(parent / name / relative):
                    try:
                        files += _pack_one(folder, one, bound.get(relative))
                    except Damaged as error:
                        faults.append(f"{name}/{relative}: {error.asked}")
            if files > earlier:
                os.fsync(folder)  # the plain files are gone for good, all at once
    finally:
        os.close(handle)
    return Packed(files, before - weigh(parent, name).bytes, tuple(faults), waiting)


def estimate(parent: Path, name: str) -> int:
    """How much lighter a folder would become, bytes; nothing is written.

    Raises:
        UnsafePath: A link lies in it.
    """
    weigh(parent, name)
    packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    handle = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    freed = 0
    try:
        for _, _, names, folder in os.fwalk(name, dir_fd=handle, follow_symlinks=False):
            for one in names:
                if one in PLAIN or one.startswith(".") or one.endswith(SUFFIX):
                    continue
                found = os.stat(one, dir_fd=folder, follow_symlinks=False)
                if found.st_size < LEAST_BYTES:
                    continue
                with os.fdopen(_open(folder, one), "rb") as file:
                    size = len(packer.compress(file.read()))
                if size < WORTH * found.st_size:
                    freed += found.st_blocks * 512 - -(-size // _BLOCK) * _BLOCK
    finally:
        os.close(handle)
    return max(0, freed)


def _pack_one(folder: int, name: str, expected: str | None) -> int:
    """Compress one file of an open folder; 1 if it lies compressed now."""
    part, target = f".{name}{SUFFIX}.part", name + SUFFIX
    if _holds(folder, part):
        os.unlink(part, dir_fd=folder)  # left by a crash; ours alone
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if _holds(folder, target):
        with os.fdopen(_open(folder, name), "rb") as plain:
            digest = _digest(plain.fileno())
        with os.fdopen(_open(folder, target), "rb") as packed:
            if unpacked_digest(name, packed) != digest:
                raise Damaged(f"{target} does not hold what {name} holds", remedy="look at both")
    elif found.st_size < LEAST_BYTES:
        return 0
    else:
        digest = _write(folder, name, part, (found.st_atime_ns, found.st_mtime_ns))
        if expected is not None and digest != expected:
            os.unlink(part, dir_fd=folder)
            raise Damaged("it does not have the digest in the manifest", remedy="mine it again")
        size = os.stat(part, dir_fd=folder, follow_symlinks=False).st_size
        if size >= WORTH * found.st_size:
            os.unlink(part, dir_fd=folder)
            return 0
        hit("retention.packed")
        os.rename(part, target, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)
    hit("retention.pack_placed")
    os.unlink(name, dir_fd=folder)
    return 1


def _write(folder: int, name: str, part: str, times: tuple[int, int]) -> str:
    """Write the compressed form of a file under a hidden name and prove it; gives the digest."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(part, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(handle, "w+b") as there, os.fdopen(_open(folder, name), "rb") as here:
            mode = os.fstat(here.fileno()).st_mode & 0o777
            digest = pack_stream(here, there, level=LEVEL)
            there.flush()
            os.fchmod(there.fileno(), mode)
            os.utime(there.fileno(), ns=times)
            os.fsync(there.fileno())
            there.seek(0)
            is_same = unpacked_digest(name, there) == digest
    except BaseException:
        os.unlink(part, dir_fd=folder)
        raise
    if not is_same:
        os.unlink(part, dir_fd=folder)
        raise Damaged("its compressed copy does not hold the same", remedy="look at the disk")
    return digest


def _digest(handle: int) -> str:
    from blake3 import blake3

    hasher = blake3(max_threads=1)
    while chunk := os.read(handle, 1 << 20):
        hasher.update(chunk)
    return hasher.hexdigest()


def _free_bytes(folder: int) -> int:
    found = os.fstatvfs(folder)
    return found.f_bavail * found.f_frsize


def _size(folder: int, name: str) -> int:
    return os.stat(name, dir_fd=folder, follow_symlinks=False).st_size


def _open(folder: int, name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


def _holds(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True

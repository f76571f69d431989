"""What a user hands over, as plain files: a file, a folder, or an archive of them.

An archive is untrusted. Nothing is taken from one that names a path outside itself, a link, a
file twice, or that would unpack to more than its limits; limits are counted while unpacking,
because an archive's own figures can lie.
"""

import gzip
import lzma
import os
import shutil
import stat
import tempfile
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from omp.domain.durable import AGAIN, disk_room
from omp.domain.errors import DataNotReady, NotFound
from omp.market.given_file import head_of, refused

CHUNK_BYTES = 1 << 20
INCOMING = ".incoming-"
ZIP_MAGIC, GZIP_MAGIC, ZSTD_MAGIC = b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
EMPTY_ZIP_MAGIC = b"PK\x05\x06"
PACKED_SUFFIXES = (".zip", ".gz", ".zst")
TOO_LARGE = "an archive that unpacks to a sensible size"
REMEDY = "unpack it yourself, look at what is in it, and import the folder"


@dataclass(frozen=True)
class Limits:
    """How much an archive may unpack to.

    Args:
        total_bytes: of all files of an import together.
        ratio: unpacked over packed size, of a file that unpacks to more than `small_bytes`.
        small_bytes: up to this size the ratio does not count.
        files: number of files.
        depth: archives within archives.
    """

    total_bytes: int = 16 << 30
    ratio: float = 250.0
    small_bytes: int = 1 << 20
    files: int = 50_000
    depth: int = 2


class Packed(Protocol):
    """Something that unpacks as it is read."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; none at the end."""


@dataclass
class _Tally:
    """What has been unpacked so far, against the limits."""

    limits: Limits
    room_bytes: int
    folder: Path
    total_bytes: int = 0
    files: int = 0
    seen: set[Path] = field(default_factory=set)


@contextmanager
def plain_files(
    path: Path, *, staging: Path | None = None, limits: Limits | None = None
) -> Iterator[tuple[Path, ...]]:
    """The files of a file, folder or archive, in the order of their names.

    Unpacked files live in a folder of their own until the end of the `with`; what a killed import
    left there is swept by the next one.

    Args:
        path: what the user handed over.
        staging: folder to unpack in; by default the system's for temporary files.
        limits: how much may be unpacked.

    Raises:
        NotFound: when there is no such path.
        DataNotReady: when it is empty, holds a link, or an archive that is not to be trusted;
            the message begins with the rule's name.
    """
    if not path.exists():
        raise NotFound(
            f"there is no file or folder {path}",
            allowed="a market data file, an archive, or a folder of them",
            remedy="check the path; a relative one starts at the current folder",
        )
    base = staging or Path(tempfile.gettempdir())
    stands = next(one for one in (base, *base.absolute().parents) if one.is_dir())
    _sweep(base)
    folder = base / f"{INCOMING}{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        room_bytes = shutil.disk_usage(stands).free // 2
        tally = _Tally(limits or Limits(), room_bytes, folder)
        files = tuple(_plain(path, path.name, tally, 0))
        if not files and not path.is_dir():
            raise refused(
                path.name,
                "empty",
                "there is no file in it",
                allowed="a file, or a folder or archive that holds one",
                remedy="check the path",
            )
        yield files
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for made in (base, *base.absolute().parents):
            if made == stands or (made.is_dir() and any(made.iterdir())):
                break
            if made.is_dir():
                made.rmdir()


def _sweep(staging: Path) -> None:
    """Remove what a killed import had unpacked."""
    for left in staging.glob(f"{INCOMING}*"):
        owner = left.name.removeprefix(INCOMING).partition("-")[0]
        if not Path("/proc", owner).exists():
            shutil.rmtree(left, ignore_errors=True)


def _plain(path: Path, name: str, tally: _Tally, depth: int) -> Iterator[Path]:
    if path.is_dir():
        for one in sorted(path.iterdir()):
            if one.name.startswith("."):
                continue
            if one.is_symlink():
                raise _untrusted(name, "symlink", f"{one.name} is a link")
            yield from _plain(one, f"{name}/{one.name}", tally, depth)
        return
    if not path.is_file():
        raise _untrusted(name, "special_file", "it is no plain file")
    head = head_of(path, 4)
    if head in (ZIP_MAGIC, EMPTY_ZIP_MAGIC):
        yield from _zip(path, name, tally, depth)
    elif head[:2] == GZIP_MAGIC or head == ZSTD_MAGIC:
        yield _single(path, name, tally)
    elif path.suffix.lower() in PACKED_SUFFIXES and head:
        raise _untrusted(name, "archive_damaged", f"it does not begin as a {path.suffix} does")
    else:
        yield path


def _zip(path: Path, name: str, tally: _Tally, depth: int) -> Iterator[Path]:
    limits = tally.limits
    if depth >= limits.depth:
        raise _untrusted(name, "zip_bomb", f"archives lie {depth + 1} deep within each other")
    target = tally.folder / f"{len(tally.seen)}" / path.name
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            _examine(members, name, tally)
            for one in members:
                place = target.joinpath(*PurePosixPath(one.filename).parts)
                if place in tally.seen:
                    raise _untrusted(name, "archive_twice", f"{one.filename} is in it twice")
                tally.seen.add(place)
                with archive.open(one) as packed:
                    size = max(one.compress_size, 1)
                    _pour(packed, place, f"{name}: {one.filename}", size, tally)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError) as error:
        raise _untrusted(name, "archive_damaged", str(error) or type(error).__name__) from error
    if target.is_dir():
        yield from _plain(target, name, tally, depth + 1)


def _examine(members: list[zipfile.ZipInfo], name: str, tally: _Tally) -> None:
    """Judge an archive by its directory before a byte of it is unpacked."""
    limits = tally.limits
    tally.files += len(members)
    if tally.files > limits.files:
        raise _untrusted(name, "zip_bomb", f"it holds {tally.files} files, above {limits.files}")
    for one in members:
        parts = PurePosixPath(one.filename.replace("\\", "/")).parts
        if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0] or "\\" in one.filename:
            raise _untrusted(name, "zip_path", f"{one.filename!r} leads out of the archive")
        kind = stat.S_IFMT(one.external_attr >> 16)
        if kind == stat.S_IFLNK:
            raise _untrusted(name, "symlink", f"{one.filename!r} is a link")
        if kind not in (0, stat.S_IFREG):
            raise _untrusted(name, "special_file", f"{one.filename!r} is no plain file")
        if one.flag_bits & 1:
            raise _untrusted(name, "encrypted", f"{one.filename!r} needs a password")
        _weigh(one.file_size, max(one.compress_size, 1), f"{name}: {one.filename}", tally)


def _weigh(size_bytes: int, packed_bytes: int, name: str, tally: _Tally) -> None:
    """Refuse a size above the limits, be it declared or counted."""
    limits = tally.limits
    if size_bytes > limits.small_bytes and size_bytes > limits.ratio * packed_bytes:
        ratio = size_bytes / packed_bytes
        detail = f"it unpacks to {ratio:,.0f} times its size, above {limits.ratio:,.0f}"
        raise _untrusted(name, "zip_bomb", detail)
    total = tally.total_bytes + size_bytes
    allowed = min(limits.total_bytes, tally.room_bytes)
    if total > allowed:
        detail = f"it unpacks to more than {allowed / 1e9:,.1f} GB (limit, or half the free disk)"
        raise _untrusted(name, "zip_bomb", detail)


def _single(path: Path, name: str, tally: _Tally) -> Path:
    """A file packed alone (.gz, .zst), unpacked beside nothing else."""
    place = tally.folder / f"{len(tally.seen)}" / path.name.removesuffix(".gz").removesuffix(".zst")
    tally.seen.add(place)
    size = max(path.stat().st_size, 1)
    try:
        if head_of(path, 2) == GZIP_MAGIC:
            with gzip.open(path) as packed:
                _pour(packed, place, name, size, tally)
        else:
            _unpack_zstd(path, place, name, size, tally)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _untrusted(name, "archive_damaged", str(error) or type(error).__name__) from error
    return place


def _unpack_zstd(path: Path, place: Path, name: str, packed_bytes: int, tally: _Tally) -> None:
    import zstandard

    try:
        with path.open("rb") as file:
            stream = zstandard.ZstdDecompressor().stream_reader(file)
            _pour(stream, place, name, packed_bytes, tally)
    except zstandard.ZstdError as error:
        raise _untrusted(name, "archive_damaged", str(error)) from error


def _pour(packed: Packed, place: Path, name: str, packed_bytes: int, tally: _Tally) -> None:
    """Unpack one file, counting as it goes."""
    tally.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with disk_room(place, remedy=AGAIN), place.open("xb") as file:
        while chunk := packed.read(CHUNK_BYTES):
            size += len(chunk)
            _weigh(size, packed_bytes, name, tally)
            file.write(chunk)
    tally.total_bytes += size


def _untrusted(name: str, rule: str, what: str) -> DataNotReady:
    return refused(name, rule, what, allowed=TOO_LARGE, remedy=REMEDY)

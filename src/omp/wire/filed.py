"""Files of a finished run as they are kept: plain, or compressed beside their own name.

Retention compresses `curves.json` into `curves.json.zst` and takes the plain file away only then.
Whoever reads a run's file asks here and gets its content, whichever of the two is there; digests
that were recorded for a run are those of the content. `zstd -d` opens the files as well.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import zstandard
from blake3 import blake3

from omp.domain.errors import Damaged

SUFFIX = ".zst"
CHUNK = 1 << 20
_HEADER_BYTES = 18
_REMEDY = "take the run back from its archive, or mine it again: omp queue add"


def packed_name(path: Path) -> Path:
    """Where the compressed form of a file lies."""
    return path.with_name(path.name + SUFFIX)


def is_filed(path: Path) -> bool:
    """Whether the content of a file is there in either form, links left aside."""
    return any(one.is_file() and not one.is_symlink() for one in (path, packed_name(path)))


@contextmanager
def open_filed(path: Path) -> Iterator[BinaryIO]:
    """Read a file's content from its beginning, whichever form is there.

    Raises:
        FileNotFoundError: Neither is there.
        Damaged: The compressed form cannot be opened.
    """
    try:
        plain = path.open("rb")
    except FileNotFoundError:
        with packed_name(path).open("rb") as file, _unpacking(path):
            reader = zstandard.ZstdDecompressor().stream_reader(file, closefd=False)
            yield cast("BinaryIO", reader)
        return
    with plain:
        yield plain


def size_filed(path: Path) -> int:
    """Bytes of a file's content.

    Raises:
        FileNotFoundError: Neither form is there.
        Damaged: The compressed form does not say.
    """
    try:
        return path.stat().st_size
    except FileNotFoundError:
        with packed_name(path).open("rb") as file:
            return content_size(path, file)


def content_size(path: Path, file: BinaryIO) -> int:
    """What the header of a compressed file says of its content, bytes."""
    with _unpacking(path):
        size = zstandard.frame_content_size(file.read(_HEADER_BYTES))
    if size < 0:
        raise Damaged(f"{packed_name(path)} does not say how long it is", remedy=_REMEDY)
    return int(size)


def read_filed(path: Path) -> bytes:
    """A file's whole content, whichever form is there.

    Raises:
        FileNotFoundError: Neither is there.
        Damaged: The compressed form is cut or changed.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        data = packed_name(path).read_bytes()
    with _unpacking(path):
        return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)


def part_filed(path: Path, start: int, max_bytes: int) -> tuple[bytes, int]:
    """A part of a file's content, and how long the whole is; an absent file is empty."""
    try:
        size = size_filed(path)
        with open_filed(path) as file:
            file.seek(start)
            return file.read(max_bytes), size
    except FileNotFoundError:
        return b"", 0


def digest_filed(path: Path) -> str:
    """blake3 of a file's content, whichever form is there.

    Raises:
        FileNotFoundError: Neither is there.
        Damaged: The compressed form is cut or changed.
    """
    hasher, read = blake3(max_threads=1), 0
    with open_filed(path) as file:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)
            read += len(chunk)
    if read != size_filed(path):
        raise Damaged(f"{packed_name(path)} ends too early", remedy=_REMEDY)
    return hasher.hexdigest()


def content_name(name: str) -> str:
    """The name a stored file's content goes by."""
    return name.removesuffix(SUFFIX)


def pack_stream(source: BinaryIO, target: BinaryIO, *, level: int) -> str:
    """Compress a file into another; gives the blake3 of the content.

    The same content and level give the same bytes: one thread, with length and checksum.
    """
    size = os.fstat(source.fileno()).st_size
    hasher = blake3(max_threads=1)
    packer = zstandard.ZstdCompressor(level=level, write_checksum=True, write_content_size=True)
    with packer.stream_writer(target, size=size, closefd=False) as writer:
        while chunk := source.read(CHUNK):
            hasher.update(chunk)
            writer.write(chunk)
    return hasher.hexdigest()


def unpacked_digest(name: str, file: BinaryIO) -> str:
    """blake3 of the content of an open compressed file, read to its proper end.

    Raises:
        Damaged: It is cut or changed.
    """
    expected = content_size(Path(name), file)
    file.seek(0)
    hasher, read = blake3(max_threads=1), 0
    with _unpacking(Path(name)):
        reader = zstandard.ZstdDecompressor().stream_reader(file, closefd=False)
        while chunk := reader.read(CHUNK):
            hasher.update(chunk)
            read += len(chunk)
    if read != expected:
        raise Damaged(f"{name} ends too early", remedy=_REMEDY)
    return hasher.hexdigest()


@contextmanager
def _unpacking(path: Path) -> Iterator[None]:
    try:
        yield
    except zstandard.ZstdError as error:
        raise Damaged(
            f"{packed_name(path)} cannot be decompressed: {error}", remedy=_REMEDY
        ) from error

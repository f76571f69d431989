"""`metrics.obfs`: a sealed container that opens whole or not at all.

Layout, little endian::

    offset  bytes  content
    0       8      magic, the ASCII letters OMPOBFS and a zero byte
    8       2      format version, 1
    10      4      length P of the payload before compression
    14      4      length C of the compressed payload
    18      C      payload: canonical JSON (RFC 8785), compressed with zstd
    18+C    32     blake3 of every byte before it

The digest covers the header too, so one changed, missing or added byte is found. It is a seal
against accident and tampering by hand, not a secret: anybody may open it with this page.
"""

import json
import struct
from typing import Any

import blake3
import zstandard

from omp.domain.errors import Damaged, NewerFormat
from omp.wire.canonical import canonical

MAGIC = b"OMPOBFS\x00"
VERSION = 1
_HEADER = struct.Struct("<8sHII")
_DIGEST_BYTES = 32


def seal(document: dict[str, Any]) -> bytes:
    """The container's bytes for a JSON document; the same document gives the same bytes."""
    payload = canonical(document)
    packed = zstandard.ZstdCompressor(level=9).compress(payload)
    body = _HEADER.pack(MAGIC, VERSION, len(payload), len(packed)) + packed
    return body + blake3.blake3(body).digest()


def unseal(data: bytes, *, name: str = "metrics.obfs") -> dict[str, Any]:
    """The document inside a container.

    Args:
        data: The file's bytes.
        name: What to call it in a message.

    Raises:
        Damaged: If any byte was changed, is missing or was added.
        NewerFormat: If a newer version of the program wrote it.
    """
    remedy = "write it again from its run: combiner factory evidence --run ID"
    if len(data) < _HEADER.size + _DIGEST_BYTES or data[:8] != MAGIC:
        raise Damaged(f"{name} is not a metrics container", remedy=remedy)
    body, seal_digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if blake3.blake3(body).digest() != seal_digest:
        raise Damaged(f"{name} was changed after it was sealed", remedy=remedy)
    _, version, length, packed_length = _HEADER.unpack_from(body)
    if version > VERSION:
        raise NewerFormat(
            f"{name} has format version {version}",
            allowed=f"version {VERSION} and older",
            remedy="update the program: git pull && ./omp up",
        )
    if len(body) != _HEADER.size + packed_length:
        raise Damaged(f"{name} does not have the length it names", remedy=remedy)
    payload = zstandard.ZstdDecompressor().decompress(
        body[_HEADER.size :], max_output_size=max(length, 1)
    )
    document: dict[str, Any] = json.loads(payload)
    return document

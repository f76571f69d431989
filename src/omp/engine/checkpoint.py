"""Checkpoints: the state of a run on disk, whole or not at all.

A checkpoint is one file, `checkpoint.json`: a line with schema version, length and blake3, then the
state as canonical JSON. It is written beside the old one, forced to the disk and put in its place
in one step, so a kill at any moment leaves the old or the new one.
"""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from omp.domain.errors import Damaged, NewerFormat
from omp.wire.canonical import digest

FILE_NAME = "checkpoint.json"
FORMAT_VERSION = 1


def save(directory: Path, state: dict[str, Any]) -> Path:
    """Write the state of a run durably; the previous checkpoint stays until the new one stands.

    Args:
        directory: the run's `checkpoint/`; made when it is not there.
        state: JSON values; floats must be finite.
    """
    directory.mkdir(parents=True, exist_ok=True)
    body = json.dumps(state, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    head = {"schema_version": FORMAT_VERSION, "bytes": len(body), "blake3": digest(body)}
    path, fresh = directory / FILE_NAME, directory / f".{FILE_NAME}.{os.getpid()}"
    try:
        with fresh.open("wb") as file:
            file.write(json.dumps(head, sort_keys=True).encode() + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    _sync(directory)
    return path


def load(directory: Path) -> dict[str, Any] | None:
    """The state of the last checkpoint, None where there is none yet.

    Raises:
        NewerFormat: when a newer version wrote it.
        Damaged: when its bytes do not match its digest.
    """
    path = directory / FILE_NAME
    try:
        head_line, _, body = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    try:
        head = json.loads(head_line)
        version = int(head["schema_version"])
        whole = head["bytes"] == len(body) and head["blake3"] == digest(body)
    except (ValueError, KeyError, TypeError) as fault:
        raise _damaged(path) from fault
    if version != FORMAT_VERSION:
        raise NewerFormat(
            f"checkpoint {path} of version {version}",
            allowed=str(FORMAT_VERSION),
            remedy="resume with the version of the program that started the run",
        )
    if not whole:
        raise _damaged(path)
    state: dict[str, Any] = json.loads(body)
    return state


def _damaged(path: Path) -> Damaged:
    return Damaged(
        f"checkpoint {path} does not match its digest",
        allowed="a checkpoint exactly as it was written",
        remedy="remove the run's checkpoint folder; the run then starts again from generation 0",
    )


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Checkpoints are whole or not there, and say when they are neither."""

import json
import os
from pathlib import Path

import pytest

from omp.domain.errors import Damaged, NewerFormat
from omp.engine import checkpoint

STATE = {"generation": 3, "values": [0.1, 1e-17, -2.5], "text": "é"}


def test_round_trip(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / "checkpoint") is None
    checkpoint.save(tmp_path / "checkpoint", STATE)
    checkpoint.save(tmp_path / "checkpoint", {**STATE, "generation": 4})
    assert checkpoint.load(tmp_path / "checkpoint") == {**STATE, "generation": 4}
    assert [one.name for one in (tmp_path / "checkpoint").iterdir()] == [checkpoint.FILE_NAME]


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, STATE)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises((Damaged, NewerFormat)):
            checkpoint.load(tmp_path)
    path.write_bytes(whole[:-1])
    with pytest.raises(Damaged, match="digest"):
        checkpoint.load(tmp_path)


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, STATE)
    head, body = path.read_bytes().split(b"\n", 1)
    changed = {**json.loads(head), "schema_version": 2}
    path.write_bytes(json.dumps(changed).encode() + b"\n" + body)
    with pytest.raises(NewerFormat, match="version 2"):
        checkpoint.load(tmp_path)


def test_a_failing_disk_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint.save(tmp_path, STATE)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(tmp_path, {"generation": 9})
    monkeypatch.undo()
    assert checkpoint.load(tmp_path) == STATE
    assert [one.name for one in tmp_path.iterdir()] == [checkpoint.FILE_NAME]


def test_numbers_that_json_cannot_say_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        checkpoint.save(tmp_path, {"value": float("nan")})

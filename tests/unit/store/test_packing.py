"""A file is compressed in steps that a power cut may separate: what is on the disk before what."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from omp.domain.errors import UnsafePath
from omp.store import packing, shelving
from omp.wire.canonical import digest
from omp.wire.filed import pack_stream, read_filed, size_filed

TEXT = b"2001-01-02,1.0\n" * 4_000


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """fsync, rename and unlink as they come, with the path or name."""
    seen: list[tuple[str, str]] = []

    def listen(name: str, told: Callable[..., str]) -> None:
        real = getattr(os, name)

        def heard(*arguments: Any, **named: Any) -> Any:
            seen.append((name, told(*arguments)))
            return real(*arguments, **named)

        monkeypatch.setattr(os, name, heard)

    listen("fsync", lambda handle: str(Path(f"/proc/self/fd/{handle}").readlink()))
    listen("rename", lambda _, target: Path(target).name)
    listen("unlink", str)
    return seen


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run_a"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "trades.csv").write_bytes(TEXT)
    (folder / "manifest.json").write_bytes(b"{}" * 20_000)
    return folder


def test_the_plain_file_goes_last_of_all(run: Path, calls: list[tuple[str, str]]) -> None:
    done = packing.pack(run.parent, run.name, {"sub/trades.csv": digest(TEXT)})
    assert (done.files, done.faults) == (1, ())
    folder = str(run / "sub")
    assert calls == [
        ("fsync", f"{folder}/.trades.csv.zst.part"),
        ("rename", "trades.csv.zst"),
        ("fsync", folder),
        ("unlink", "trades.csv"),
        ("fsync", folder),
    ]
    assert sorted(one.name for one in (run / "sub").iterdir()) == ["trades.csv.zst"]
    assert read_filed(run / "sub" / "trades.csv") == TEXT
    assert size_filed(run / "sub" / "trades.csv") == len(TEXT)
    assert done.freed_bytes > 50_000


def test_a_half_form_that_a_crash_left_is_written_anew(run: Path) -> None:
    (run / "sub" / ".trades.csv.zst.part").write_bytes(b"half")
    packing.pack(run.parent, run.name, {})
    assert [one.name for one in (run / "sub").iterdir()] == ["trades.csv.zst"]


def test_both_forms_that_a_crash_left_become_one(run: Path) -> None:
    packing.pack(run.parent, run.name, {})
    (run / "sub" / "trades.csv").write_bytes(TEXT)
    assert packing.pack(run.parent, run.name, {}).files == 1
    assert [one.name for one in (run / "sub").iterdir()] == ["trades.csv.zst"]


def test_two_forms_that_differ_are_left_for_a_person(run: Path) -> None:
    packing.pack(run.parent, run.name, {})
    (run / "sub" / "trades.csv").write_bytes(TEXT + b"more")
    done = packing.pack(run.parent, run.name, {})
    assert "does not hold what" in done.faults[0]
    assert len(list((run / "sub").iterdir())) == 2


def test_a_compressed_copy_that_holds_something_else_is_never_trusted(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(source: BinaryIO, target: BinaryIO, *, level: int) -> str:
        pack_stream(source, target, level=level)
        return digest(TEXT + b"!")  # the disk has given us something else the first time

    monkeypatch.setattr(packing, "pack_stream", wrong)
    done = packing.pack(run.parent, run.name, {})
    assert "does not hold the same" in done.faults[0]
    assert [one.name for one in (run / "sub").iterdir()] == ["trades.csv"]


def test_a_file_waits_while_there_is_no_room_for_both_forms(run: Path) -> None:
    done = packing.pack(run.parent, run.name, {}, spare_bytes=1e18)
    assert (done.files, done.waiting, done.freed_bytes) == (0, 1, 0)
    assert (run / "sub" / "trades.csv").read_bytes() == TEXT


def test_a_folder_that_is_a_link_is_not_entered(run: Path) -> None:
    (run.parent / "run_b").symlink_to(run)
    for verb in (packing.estimate, lambda *at: packing.pack(*at, {})):
        with pytest.raises(UnsafePath):
            verb(run.parent, "run_b")
    assert (run / "sub" / "trades.csv").read_bytes() == TEXT


def test_a_copy_is_durable_before_it_is_in_its_place(
    run: Path, tmp_path: Path, calls: list[tuple[str, str]]
) -> None:
    cold, incoming = tmp_path / "cold", tmp_path / "cold" / "incoming"
    cold.mkdir()
    shelving.copy_whole(run, cold / "run_a", incoming, facts={"run_id": "run_a"})
    placed = calls.index(("rename", "run_a"))
    synced = [path for _, path in calls[:placed]]
    own = incoming / "run_a"
    for path in (own / "sub" / "trades.csv", own / "manifest.json", own / "sub", own, incoming):
        assert str(path) in synced
    assert calls[placed + 1 :] == [("fsync", str(cold)), ("fsync", str(incoming))]
    assert shelving.copy_fault(cold / "run_a") is None
    assert (cold / "run_a" / "sub" / "trades.csv").stat().st_mtime_ns == (
        run / "sub" / "trades.csv"
    ).stat().st_mtime_ns

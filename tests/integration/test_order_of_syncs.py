"""What must be on the disk before what: seen by the calls themselves, whatever the filesystem.

A power cut on ext4 cannot show a missing fsync of a folder, since the commit that follows carries
it along; on another filesystem it would. So the order is read from the calls.
"""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.desks import template
from tests.finished import FakeChildren, finish_run

from omp.app import open_desk
from omp.domain.durable import append_durable, write_durable
from omp.domain.errors import DiskRefused
from omp.ops import promotion
from omp.store import hall as rows

__all__ = ["template"]


@dataclass
class Calls:
    """fsync and rename as they come: (`sync` or `rename`, path)."""

    seen: list[tuple[str, str]] = field(default_factory=list)
    is_open: bool = False

    def index(self, kind: str, end: str) -> int:
        """Where the last call of that kind on a path with this ending stands."""
        wanted = (kind, end)
        found = [n for n, (what, at) in enumerate(self.seen) if (what, at[-len(end) :]) == wanted]
        assert found, f"no {kind} of …{end}"
        return found[-1]


_calls = Calls()


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _calls.is_open and event == "os.rename":
        _calls.seen.append(("rename", os.fspath(arguments[1])))


sys.addaudithook(_hear)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """Listen to this test's calls."""
    real = os.fsync

    def fsync(handle: Any) -> None:
        number = handle if isinstance(handle, int) else handle.fileno()
        _calls.seen.append(("sync", str(Path(f"/proc/self/fd/{number}").readlink())))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    _calls.seen.clear()
    _calls.is_open = True
    yield _calls
    _calls.is_open = False


def test_a_file_is_synced_then_renamed_then_its_folder_is_synced(
    calls: Calls, tmp_path: Path
) -> None:
    write_durable(tmp_path / "name", b"content")
    kinds = [kind for kind, _ in calls.seen]
    assert kinds == ["sync", "rename", "sync"]
    assert calls.seen[0][1].endswith(".part")
    assert calls.seen[2][1] == str(tmp_path)


def test_a_line_is_on_the_disk_when_the_call_returns(calls: Calls, tmp_path: Path) -> None:
    append_durable(tmp_path / "lines", b"one")
    assert calls.seen == [("sync", str(tmp_path / "lines")), ("sync", str(tmp_path))]


def test_a_line_whose_sync_failed_counts_as_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines"
    append_durable(path, b"one")

    def refuse(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", refuse)
        with pytest.raises(DiskRefused, match="lines"):
            append_durable(path, b"two")
        with pytest.raises(DiskRefused, match="name"):
            write_durable(tmp_path / "name", b"content")
    assert path.read_bytes() == b"one\n"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["lines"]
    append_durable(path, b"three")
    assert path.read_bytes() == b"one\nthree\n"


def test_an_entry_is_durable_before_its_row(
    calls: Calls, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(template, root, ignore=shutil.ignore_patterns("reserve"))
    desk = open_desk(root, operator="tester")
    run_id = finish_run(desk)
    real = rows.add

    def add(*arguments: Any) -> Any:
        calls.seen.append(("row", "hall_entries"))
        return real(*arguments)

    monkeypatch.setattr(rows, "add", add)
    while promotion.advance(desk, run_id, FakeChildren(desk.workspace)).more:
        pass
    (name,) = [one.name for one in desk.workspace.hall.iterdir() if one.name[0] != "."]
    desk.db.close()
    placed, row = calls.index("rename", f"hall_of_fame/{name}"), calls.index("row", "hall_entries")
    staged = f".staging/{run_id}"
    files = [one for one in (root / f"artifacts/hall_of_fame/{name}").rglob("*") if one.is_file()]
    for path in files:
        relative = path.relative_to(root / f"artifacts/hall_of_fame/{name}").as_posix()
        assert calls.index("sync", f"{staged}/{relative}") < placed
    assert len(files) > 15
    assert calls.index("sync", staged) < placed
    assert placed < calls.index("sync", "artifacts/hall_of_fame") < row
    assert row < calls.index("sync", "state/.anchor." + f"{os.getpid()}.part")

"""One daemon for a workspace."""

import json
from pathlib import Path

import pytest

from omp.daemon.ownership import own, read_note, take_lock
from omp.domain.errors import WorkspaceBusy
from omp.ops.presence import daemon
from omp.wire.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "state").mkdir()
    return Workspace(tmp_path)


def test_the_note_says_who_and_where_and_goes_with_the_daemon(workspace: Workspace) -> None:
    with own(workspace, host="127.0.0.1", port=3101, started_at="2026-01-01T00:00:00Z"):
        present = daemon(workspace)
        assert present is not None
        assert present.port == 3101
    assert daemon(workspace) is None
    assert not (workspace.state / "daemon.json").exists()


def test_a_second_owner_is_refused_with_pid_and_address(workspace: Workspace) -> None:
    with (
        own(workspace, host="127.0.0.1", port=3101, started_at="x") as note,
        pytest.raises(WorkspaceBusy, match=f"pid {note.pid}.*http://127.0.0.1:3101"),
        own(workspace, host="127.0.0.1", port=1, started_at="x"),
    ):
        pass
    with own(workspace, host="127.0.0.1", port=1, started_at="x"):
        pass


def test_a_lock_without_a_note_is_still_respected(workspace: Workspace) -> None:
    handle = take_lock(workspace)
    assert handle > 2
    with pytest.raises(WorkspaceBusy, match="another process"):
        take_lock(workspace)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": "x"}'])
def test_a_torn_note_is_no_daemon(workspace: Workspace, text: str) -> None:
    (workspace.state / "daemon.json").write_text(text)
    assert read_note(workspace) is None


def test_the_note_of_a_dead_daemon_is_no_daemon(workspace: Workspace) -> None:
    with own(workspace, host="127.0.0.1", port=1, started_at="x"):
        note = json.loads((workspace.state / "daemon.json").read_text())
    (workspace.state / "daemon.json").write_text(json.dumps({**note, "start_ticks": 1}))
    assert read_note(workspace) is None

"""Laying out a workspace: every folder and file, once, and completed when half made."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from tests.desks import write_data

from omp.app import open_desk
from omp.domain.errors import DataNotReady, DiskFull, InvalidConfiguration, NotFound
from omp.ops import incidents, miner, queue, workspace
from omp.ops.children import ChildResult
from omp.store import journal
from omp.wire.workspace import Workspace


class Publisher:
    """Children that publish the demo data as the mining wing would; may fail once."""

    def __init__(self, root: Path, *, failing: str = "") -> None:
        self.root, self.failing = root, failing
        self.calls = 0

    def run(self, args: list[str], *, log: Path) -> ChildResult:
        self.calls += 1
        name = "us-large-caps" if args[1] == "demo" else args[args.index("--name") + 1]
        if name == self.failing:
            return ChildResult(3, {"event": "error", "message": "gap on 2004-01-02"}, ())
        environment = "demo" if args[1] == "demo" else "synthetic"
        path = write_data(self.root, name, symbols=[name], environment=environment)
        return ChildResult(0, {"event": "result", "manifest": str(path)}, ())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_workspace_has_everything_and_wants_to_mine(root: Path) -> None:
    created = workspace.create(root, children=Publisher(root), operator="me")
    at = Workspace(root)
    assert created.is_new
    for folder in at.folders:
        assert folder.is_dir()
    for path in (at.state, at.sealed, at.keys):
        assert mode(path) == 0o700
    for path in (at.state / "token", at.keys / "grants.key", at.state / "reserve"):
        assert mode(path) == 0o600
    assert len((at.state / "token").read_text().strip()) >= 32
    assert (at.state / "reserve").stat().st_size == workspace.RESERVE_BYTES
    assert (at.state / "reserve").stat().st_blocks * 512 >= workspace.RESERVE_BYTES
    assert (at.campaigns / "test.toml").exists()
    document = json.loads(at.queue_file.read_text())
    assert [one["id"] for one in document["campaigns"]] == list(created.campaigns)
    desk = open_desk(root)
    assert [one.environment for one in queue.list_queue(desk)] == ["demo", "synthetic", "synthetic"]
    assert all(one.status == "queued" for one in queue.list_queue(desk))
    assert miner.state(desk).wanted == "running"
    with desk.read() as tx:
        assert journal.verify(tx) is None
        assert journal.read_anchor(at) == journal.head(tx)
    desk.db.close()


def test_making_it_again_changes_nothing(root: Path) -> None:
    children = Publisher(root)
    workspace.create(root, children=children)
    token = (root / "state" / "token").read_text()
    desk = open_desk(root)
    queue.remove(desk, queue.list_queue(desk)[0].id)
    desk.live.set()
    miner.want(desk, "stop")
    again = workspace.create(root, children=children)
    assert (again.is_new, again.made, again.campaigns) == (False, (), ())
    assert children.calls == 2
    assert len(queue.list_queue(desk)) == 2
    assert miner.state(desk).wanted == "offline"
    assert (root / "state" / "token").read_text() == token
    desk.db.close()


def test_a_half_made_one_is_completed(root: Path) -> None:
    with pytest.raises(DataNotReady, match="gap on 2004-01-02"):
        workspace.create(root, children=Publisher(root, failing="planted-edge"))
    (root / "state" / "token").unlink()
    created = workspace.create(root, children=Publisher(root))
    assert "state/token" in created.made
    assert "data set planted-edge" in created.made
    assert "data set us-large-caps" not in created.made
    assert len(created.campaigns) == 3
    assert (
        len(json.loads((root / "dashboard" / "campaign_queue.json").read_text())["campaigns"]) == 3
    )


def test_idle_and_without_demo(root: Path) -> None:
    created = workspace.create(root, demo=False, idle=True)
    desk = open_desk(root)
    assert created.campaigns == ()
    assert miner.state(desk).wanted == "offline"
    desk.db.close()


def test_the_reserve_is_spent_once_and_held_again(root: Path) -> None:
    workspace.create(root, demo=False)
    at = Workspace(root)
    assert workspace.spend_reserve(at)
    assert not workspace.spend_reserve(at)
    assert workspace.hold_reserve(at)
    assert not workspace.hold_reserve(at)


def test_a_folder_that_is_no_workspace_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is no workspace"):
        open_desk(tmp_path)


def test_a_workspace_whose_database_is_gone_is_not_begun_anew(root: Path) -> None:
    workspace.create(root, demo=False)
    for path in (root / "state").glob("omp.db*"):
        path.unlink()
    with pytest.raises(NotFound, match="not there any more"):
        open_desk(root)
    with pytest.raises(NotFound, match="not there any more"):
        workspace.create(root, demo=False)
    assert not (root / "state" / "omp.db").exists()


def test_faulty_settings_are_refused_with_every_fault(root: Path) -> None:
    workspace.create(root, demo=False)
    (root / "dashboard" / "omp_config.toml").write_text("[loop]\ninterval_s = -1\ncolour = 1\n")
    with pytest.raises(InvalidConfiguration) as refused:
        open_desk(root)
    assert len(refused.value.faults) == 2


def test_a_missing_anchor_is_an_incident_and_is_not_quietly_written_anew(root: Path) -> None:
    workspace.create(root, demo=False)
    (root / "state" / "anchor").unlink()
    desk = open_desk(root)
    assert "is gone" in incidents.frozen(desk)[0].summary
    assert not (root / "state" / "anchor").exists()
    desk.db.close()


def test_a_full_disk_keeps_a_new_workspace_from_being_made_but_opens_an_old_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.create(root, demo=False)
    workspace.spend_reserve(Workspace(root))

    def full(handle: int, start: int, length: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert "no reserve" in workspace.create(root, demo=False).made[0]
    with pytest.raises(DiskFull, match="state/reserve"):
        workspace.create(root.with_name("other"), demo=False)

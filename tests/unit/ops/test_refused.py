"""What a disk refuses stops nothing that was committed, and is shown until it is made good."""

import errno
from pathlib import Path

import pytest

from omp.domain.errors import DiskFull
from omp.ops import miner, queue
from omp.ops.desk import Desk
from omp.store import journal


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names that are not renamed into their place while they stand in this list."""
    names: list[str] = []
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if Path(target).name in names:
            raise OSError(errno.EIO, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    return names


def test_a_commit_stands_though_its_anchor_is_refused(desk: Desk, refuse: list[str]) -> None:
    refuse.append("anchor")
    miner.want(desk, "start")
    assert miner.state(desk).wanted == "running"
    with desk.read() as tx:
        last = journal.head(tx)
        assert journal.behind(tx, desk.workspace) is None
    kept = journal.read_anchor(desk.workspace)
    assert kept is None or kept.seq < last.seq
    (told,) = desk.refused
    assert "anchor" in told
    assert told in miner.status(desk)["blocked"]
    refuse.clear()
    assert desk.anchor() is None
    assert journal.read_anchor(desk.workspace) == last
    assert desk.refused == ()


def test_a_change_of_the_queue_stands_though_its_file_is_refused(
    desk: Desk, refuse: list[str]
) -> None:
    added = queue.add(desk, name="one", config_path="configs/campaigns/one.toml")
    refuse.append("campaign_queue.json")
    before = desk.workspace.queue_file.read_bytes()
    queue.change(desk, added.id, priority=2, reason="because")
    assert queue.get(desk, added.id).priority == 2
    assert desk.workspace.queue_file.read_bytes() == before
    assert "queue file" in desk.refused[0]
    refuse.clear()
    assert queue.ingest_file(desk).applied == (), "the old file is no hand edit"
    queue.export_file(desk)
    assert b'"priority": 2' in desk.workspace.queue_file.read_bytes()
    assert desk.refused == ()


def test_a_record_that_takes_no_writes_is_shown(desk: Desk) -> None:
    desk.db._failed = "the disk refused to keep the database (SQLITE_IOERR_FSYNC)"
    assert any("takes no writes" in one for one in miner.status(desk)["blocked"])
    desk.db._failed = None


def test_no_room_for_the_anchor_is_remembered_as_that(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFull("the disk has no room to write state/anchor")

    monkeypatch.setattr(journal, "write_anchor", full)
    miner.want(desk, "start")
    assert isinstance(desk.arrears.anchor, DiskFull)

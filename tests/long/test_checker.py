"""The checker itself: a whole workspace passes, and each planted fault is named."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.desks import template
from tests.finished import FakeChildren, finish_run
from tests.long.checker import Checker

from omp.app import open_desk
from omp.ops import promotion
from omp.ops.workspace import hold_reserve

__all__ = ["template"]


@pytest.fixture(scope="module")
def promoted(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one entry in its Hall."""
    root = tmp_path_factory.mktemp("promoted") / "workspace"
    shutil.copytree(template, root, ignore=shutil.ignore_patterns("reserve"))
    desk = open_desk(root, operator="tester")
    hold_reserve(desk.workspace)
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, FakeChildren(desk.workspace)).more:
        pass
    desk.db.close()
    return root


@pytest.fixture
def workspace(promoted: Path, tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    shutil.copytree(promoted, root)
    return root


def sql(root: Path, text: str) -> None:
    """Change the record behind the product's back, triggers or not."""
    db = sqlite3.connect(root / "state" / "omp.db")
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute(text)
    db.commit()
    db.close()


def entry(root: Path) -> Path:
    (found,) = [one for one in (root / "artifacts/hall_of_fame").iterdir() if one.name[0] != "."]
    return found


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_whole_workspace_passes(workspace: Path) -> None:
    checker = Checker(workspace)
    assert checker.check(settled=True) == []
    assert checker.check(settled=True) == []
    assert len(checker.memory.hall) == 1


FAULTS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "an entry's row is lost": ("I1", lambda w: sql(w, "DELETE FROM hall_entries")),
    "a run is lost": ("I1", lambda w: sql(w, "DELETE FROM runs")),
    "a look is forgotten": ("I1", lambda w: sql(w, "DELETE FROM looks")),
    "a charge is forgotten": ("I1", lambda w: sql(w, "DELETE FROM ledger")),
    "an entry is not posted": ("I1", lambda w: sql(w, "DELETE FROM outbox")),
    "one bit of a file": ("I3", lambda w: flip(entry(w) / "trades.csv")),
    "one word of a row": ("I3", lambda w: sql(w, "UPDATE hall_entries SET metrics = '{}'")),
    "a file is missing": ("I3", lambda w: (entry(w) / "packet.md").unlink()),
    "a folder was deleted": ("I4", lambda w: shutil.rmtree(entry(w))),
    "a folder nobody adopts": ("I4", lambda w: shutil.copytree(entry(w), entry(w).with_name("x"))),
    "a campaign is lost": ("I5", lambda w: sql(w, "DELETE FROM campaigns")),
    "the queue file is torn": (
        "I5",
        lambda w: (w / "dashboard/campaign_queue.json").write_text('{"campai'),
    ),
    "a run without an owner": (
        "I7",
        lambda w: sql(w, "UPDATE runs SET state='running', pid=1, progress_at='2020-01-01T00:00Z'"),
    ),
    "a record is rewritten": (
        "I8",
        lambda w: sql(w, "UPDATE journal SET payload = '{}' WHERE seq = 2"),
    ),
    "the journal is cut": ("I8", lambda w: sql(w, "DELETE FROM journal WHERE seq > 3")),
    "the anchor is gone": ("I8", lambda w: (w / "state/anchor").unlink()),
    "the anchor stands still": (
        "I8",
        lambda w: (w / "state/anchor").write_text(json.dumps({"seq": 1, "hash": "0" * 64})),
    ),
    "a strange file": ("I9", lambda w: (w / "core.1234").write_text("")),
    "a failure without a cause": (
        "I11",
        lambda w: sql(w, "UPDATE runs SET state = 'failed', cause = NULL"),
    ),
    "the reserve is gone": ("I12", lambda w: (w / "state/reserve").unlink()),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named(name: str, workspace: Path) -> None:
    checker = Checker(workspace)
    assert checker.check(settled=True) == []
    expected, plant = FAULTS[name]
    plant(workspace)
    fresh = Checker(workspace)
    assert expected in {one.name for one in [*checker.check(settled=True), *fresh.check()]}

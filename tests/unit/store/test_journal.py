"""The journal's chain breaks where it was touched; its anchor tells a restored record."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omp.domain.events import KINDS
from omp.store import journal, meta
from omp.store.database import Database
from omp.store.journal import GENESIS, Head
from omp.store.migrate import migrate
from omp.wire.workspace import Workspace

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "state").mkdir()
    return Workspace(tmp_path)


@pytest.fixture
def db(workspace: Workspace) -> Iterator[Database]:
    opened = Database.open(workspace.database)
    migrate(opened)
    with opened.write() as tx:
        for number in range(6):
            journal.append(
                tx,
                "queue.change",
                operator="me",
                subject=f"s{number}",
                payload={"n": number},
                now=NOW,
            )
    yield opened
    opened.close()


TOUCHES = {
    "UPDATE journal SET payload = '{\"n\":9}' WHERE seq = 3": 3,
    "UPDATE journal SET payload = 'no json' WHERE seq = 3": 3,
    "UPDATE journal SET operator = 'you' WHERE seq = 2": 2,
    "UPDATE journal SET ts = '2020' WHERE seq = 1": 1,
    "UPDATE journal SET kind = 'run.queued' WHERE seq = 4": 4,
    "UPDATE journal SET subject = 'x' WHERE seq = 4": 4,
    "UPDATE journal SET previous_hash = hash WHERE seq = 5": 5,
    "UPDATE journal SET hash = 'x' WHERE seq = 5": 5,
    "DELETE FROM journal WHERE seq = 4": 4,
    "DELETE FROM journal WHERE seq = 1": 1,
    "UPDATE journal SET seq = 99 WHERE seq = 6": 6,
}


@pytest.mark.parametrize("touch", TOUCHES)
def test_the_first_record_that_was_touched_is_named(
    db: Database, workspace: Workspace, touch: str
) -> None:
    with db.read() as tx:
        assert journal.verify(tx) is None
    with sqlite3.connect(workspace.database) as raw:
        raw.execute("DROP TRIGGER journal_no_update")
        raw.execute("DROP TRIGGER journal_no_delete")
        raw.execute(touch)
    raw.close()
    with db.read() as tx:
        assert journal.verify(tx) == TOUCHES[touch]


def test_only_known_kinds_are_written(db: Database) -> None:
    with db.write() as tx, pytest.raises(ValueError, match=r"domain/events\.py"):
        journal.append(tx, "made.up", operator="me", subject="s", payload={}, now=NOW)
    assert "queue.change" in KINDS


def test_an_empty_journal_has_a_head(tmp_path: Path) -> None:
    empty = Database.open(tmp_path / "other.db")
    migrate(empty)
    with empty.read() as tx:
        assert journal.head(tx) == Head(0, GENESIS)
        assert journal.verify(tx) is None
    empty.close()


def test_the_anchor_goes_forward_only(db: Database, workspace: Workspace) -> None:
    with db.read() as tx:
        head = journal.head(tx)
    journal.write_anchor(workspace, head)
    journal.write_anchor(workspace, Head(2, "older"))
    assert journal.read_anchor(workspace) == head
    journal.write_anchor(workspace, Head(2, "older"), accept=True)
    assert journal.read_anchor(workspace) == Head(2, "older")


def test_a_record_that_ends_before_its_anchor_is_told(db: Database, workspace: Workspace) -> None:
    with db.read() as tx:
        assert journal.behind(tx, workspace) is None
    with db.write() as tx:
        meta.put(tx, journal.ANCHORED_KEY, "yes")
    with db.read() as tx:
        assert "is gone" in str(journal.behind(tx, workspace))
        journal.write_anchor(workspace, journal.head(tx))
        assert journal.behind(tx, workspace) is None
        journal.write_anchor(workspace, Head(9, "x"))
        assert "ends at 6, its anchor names 9" in str(journal.behind(tx, workspace))
        journal.write_anchor(workspace, Head(3, "x"), accept=True)
        assert "is not the one" in str(journal.behind(tx, workspace))
        journal.anchor_path(workspace).write_text("{")
        assert "cannot be read" in str(journal.behind(tx, workspace))

"""The database: durable, one writer, and refused rather than re-created."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from omp.domain.errors import (
    Damaged,
    DiskFull,
    DiskRefused,
    InvalidInput,
    NotFound,
    ResourceShort,
)
from omp.store import meta
from omp.store.copies import copy_database
from omp.store.database import READERS, SQLITE_FAULTS, Database
from omp.store.migrate import migrate


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "omp.db"
    db = Database.open(path)
    migrate(db)
    db.close()
    return path


def test_readers_that_are_opened_at_the_start_are_those_that_are_used(path: Path) -> None:
    def handles() -> int:
        names = Path("/proc/self/fd").iterdir()
        return sum(one.exists() and one.resolve() == path.resolve() for one in names)

    db = Database.open(path)
    db.open_readers()
    ready = handles()
    with db.write() as tx:
        meta.put(tx, "who", "writer")
    assert ready == READERS + 2  # the writer's, and the one that SQLite keeps
    for _ in range(5):
        with ExitStack() as readers:
            for _ in range(READERS):
                tx = readers.enter_context(db.read())
                assert meta.get(tx, "who") == "writer"
    copy_database(path, path.with_name("copy.db"))
    assert handles() == ready
    db.close()


def test_sqlite_runs_as_reliability_asks(path: Path) -> None:
    db = Database.open(path)
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15000}
    with db.write() as tx:
        for pragma, value in expected.items():
            assert tx.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
        assert tx.exec_driver_sql("PRAGMA journal_size_limit").scalar() == 64 * 2**20
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            sqlite3.connect(path, timeout=0).execute("BEGIN IMMEDIATE")
    db.close()


@pytest.mark.parametrize("content", [None, b""])
def test_a_database_that_was_there_is_never_begun_anew(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "omp.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NotFound, match="not there any more"):
        Database.open(path, must_exist=True)
    assert path.exists() is (content is not None)


@pytest.mark.parametrize(
    "content", [b"x", b"not a database " * 100, b"SQLite format 2\x00" + b"0" * 99]
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "omp.db"
    path.write_bytes(content)
    with pytest.raises(Damaged, match="not a database"):
        migrate(Database.open(path))
    assert path.read_bytes() == content


def test_damaged_pages_are_found_by_the_check(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("INSERT INTO meta VALUES ('a', 'b')")
    raw.close()
    data = bytearray(path.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 64] = os.urandom(64)
    path.write_bytes(data)
    db = Database.open(path)
    with pytest.raises(Damaged):
        db.check()
    db.close()


def test_a_sound_database_passes_the_check(path: Path) -> None:
    db = Database.open(path)
    db.check()
    db.close()


def test_a_full_disk_keeps_nothing_of_the_block_and_says_so(path: Path) -> None:
    db = Database.open(path)
    with pytest.raises(DiskFull, match="no room"), db.write() as tx:  # noqa: PT012
        pages = tx.exec_driver_sql("PRAGMA page_count").scalar()
        tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        meta.put(tx, "kept", "x")
        meta.put(tx, "a", "x" * 1_000_000)
    with db.read() as tx:
        assert meta.get(tx, "kept") is None
    assert db.failed is None
    db.close()


def test_another_writer_is_waited_for_and_then_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omp.store.database.BUSY_TIMEOUT_MS", 50)
    db = Database.open(path)
    raw = sqlite3.connect(path)
    raw.execute("BEGIN IMMEDIATE")
    with pytest.raises(ResourceShort, match="another program"), db.write():
        pass
    raw.rollback()
    with db.write() as tx:
        meta.put(tx, "a", "b")
    raw.close()
    db.close()


@pytest.mark.parametrize(
    "name", ["SQLITE_IOERR_FSYNC", "SQLITE_IOERR_WRITE", "SQLITE_CORRUPT_INDEX"]
)
def test_after_a_failing_disk_nothing_is_written_until_all_is_begun_anew(
    path: Path, name: str
) -> None:
    kind = DiskRefused if "IOERR" in name else Damaged
    db = Database.open(path)
    fault = sqlite3.OperationalError("disk I/O error")
    fault.sqlite_errorname = name
    with pytest.raises(kind), db.write():
        raise OperationalError("COMMIT", None, fault)
    assert name in str(db.failed)
    with pytest.raises(kind, match="nothing is written any more"), db.write():
        pass
    with db.read() as tx:
        assert tx.execute(text("SELECT 1")).scalar() == 1
    assert db.recover() is (kind is DiskRefused), "a damaged file does not mend itself"
    if kind is DiskRefused:
        with db.write() as tx:
            tx.execute(text("CREATE TABLE one (a)"))
    db.close()


def test_what_a_dead_process_left_in_the_log_is_folded_in_before_anything_is_written(
    path: Path, tmp_path: Path
) -> None:
    db = Database.open(path)
    with db.write() as tx:
        tx.execute(text("CREATE TABLE one (a)"))
    left = tmp_path / "left.db"
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{left}{end}")
    db.close()
    again = Database.open(left)
    assert Path(f"{left}-wal").stat().st_size > 0
    again.fold()
    log = Path(f"{left}-wal")
    assert not log.exists() or log.stat().st_size == 0
    with again.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM one")).scalar() == 0
    again.close()


def test_every_fault_says_what_to_do() -> None:
    for kind, asked, remedy in SQLITE_FAULTS.values():
        assert kind(asked, remedy=remedy).remedy


@pytest.mark.parametrize("url", ["mysql://h/d", "oracle://h/d"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"\[store\] url"):
        Database.open(url)


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    db = Database.open("postgresql://me:secret@nowhere.invalid/d")
    assert "secret" not in db.where
    with pytest.raises(ResourceShort, match="cannot be reached") as refused, db.read() as tx:
        tx.execute(text("SELECT 1"))
    assert "secret" not in str(refused.value)
    db.close()


def test_a_database_at_the_head_is_opened_without_alembic(path: Path) -> None:
    code = (
        "import sys; from omp.store.database import Database;"
        "from omp.store.migrate import migrate;"
        f"migrate(Database.open({str(path)!r}));"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

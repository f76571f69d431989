"""Whole copies of the SQLite database, taken while others write, and looked through."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from omp.domain.durable import LOOK_AT_DISK, disk_room, sync_folder
from omp.domain.errors import Damaged, DiskRefused, ResourceShort
from omp.store.journal import GENESIS, Head


@dataclass(frozen=True)
class Facts:
    """What a copy says of itself.

    Args:
        revision: Its schema; empty of a database that has none.
        workspace_id: The workspace it belongs to.
        head: The last record of its journal.
    """

    revision: str
    workspace_id: str
    head: Head


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy of a database that may be written meanwhile, durably, whole or not at all.

    SQLite's backup call copies within one read transaction; in WAL mode no writer waits for it.

    Raises:
        DiskFull: There is no room for it.
        DiskRefused: The disk did not give or did not take it.
        Damaged: A page of the source or of the copy cannot be read.
        ResourceShort: Another program holds the database for itself.
    """
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        with disk_room(target), _faults(source):
            with (
                closing(sqlite3.connect(f"file:{source}?mode=rw", uri=True, timeout=15)) as there,
                closing(sqlite3.connect(part)) as here,
            ):
                part.chmod(0o600)
                there.execute("PRAGMA query_only=ON")
                there.backup(here)
                here.execute("PRAGMA journal_mode=DELETE").fetchall()
                _check(here, part)
            with part.open("rb+") as file:
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
            sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


def read_facts(path: Path) -> Facts:
    """Revision, workspace and journal head of a copy that nobody writes.

    Raises:
        Damaged: It is no database of ours, or a page cannot be read.
    """
    with (
        _faults(path),
        closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as tx,
    ):
        _check(tx, path)
        revision = tx.execute("SELECT version_num FROM alembic_version").fetchone()
        owner = tx.execute("SELECT value FROM meta WHERE key = 'workspace.id'").fetchone()
        head = tx.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    return Facts(
        revision=str(revision[0]) if revision else "",
        workspace_id=str(owner[0]) if owner else "",
        head=Head(int(head[0]), str(head[1])) if head else Head(0, GENESIS),
    )


def rows_of(path: Path, query: str) -> list[tuple[object, ...]]:
    """What a query finds in a copy that nobody writes."""
    with (
        _faults(path),
        closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as tx,
    ):
        return list(tx.execute(query))


def _check(handle: sqlite3.Connection, path: Path) -> None:
    found = [str(row[0]) for row in handle.execute("PRAGMA quick_check(3)")]
    if found != ["ok"]:
        raise Damaged(
            f"the database {path} is damaged: {'; '.join(found)}",
            remedy="restore the last sound backup: omp restore FILE --into DIR",
        )


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith("SQLITE_FULL"):
            raise OSError(errno.ENOSPC, "no space left", str(path)) from error
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise ResourceShort(
                f"another program holds the database {path} ({name})",
                remedy="close what has it open, then try again",
            ) from error
        if name.startswith("SQLITE_IOERR"):
            raise DiskRefused(
                f"the disk refused to read {path} or to keep its copy ({name})",
                remedy=LOOK_AT_DISK,
            ) from error
        raise Damaged(
            f"the database {path} cannot be read: {error} ({name})",
            remedy="restore the last sound backup: omp restore FILE --into DIR",
        ) from error

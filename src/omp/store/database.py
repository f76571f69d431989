"""The one database: SQLite on this disk by default, PostgreSQL where it is asked for.

One writer at a time, many short readers. A commit that returns is on the disk: SQLite runs in WAL
mode with `synchronous=FULL`, and a write transaction begins with `BEGIN IMMEDIATE`, because a
reader that turns into a writer meets SQLITE_BUSY_SNAPSHOT however long it waits. On PostgreSQL an
advisory lock makes writers queue in the same way.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from omp.domain.errors import Damaged, DiskFull, DiskRefused, NotFound, OmpError, ResourceShort
from omp.domain.errors import InvalidInput as Invalid

BUSY_TIMEOUT_MS = 15_000
WAL_LIMIT_BYTES = 64 * 1024 * 1024
CACHE_KIB = 512
"""Of each connection; the kernel keeps the file's pages anyway."""
READERS, MOST_READERS = 6, 16
"""Connections for reading that stay open, and that may be open at once."""
WRITER_LOCK = 0x6F6D70  # "omp": the advisory lock of writers on PostgreSQL
SQLITE_MAGIC = b"SQLite format 3\x00"

_RESTORE = "restore the last backup into a new folder: omp restore backups/FILE --into DIR"

SQLITE_FAULTS: dict[str, tuple[type[OmpError], str, str]] = {
    "SQLITE_FULL": (
        DiskFull,
        "the disk has no room for the database",
        "free some space (omp cleanup --dry-run lists what may go), then omp start",
    ),
    "SQLITE_BUSY": (
        ResourceShort,
        "another program holds the database",
        "close what has state/omp.db open (a database browser, a copy of omp), then try again",
    ),
    "SQLITE_LOCKED": (
        ResourceShort,
        "another connection holds a table of the database",
        "close what has state/omp.db open, then try again",
    ),
    "SQLITE_READONLY": (
        ResourceShort,
        "the database cannot be written",
        "make state/ and omp.db writable by this user; is the disk mounted read-only?",
    ),
    "SQLITE_CANTOPEN": (
        ResourceShort,
        "the database cannot be opened",
        "make state/ and omp.db readable and writable by this user",
    ),
    "SQLITE_IOERR": (
        DiskRefused,
        "the disk refused to read or to keep the database",
        "look at the disk (dmesg, smartctl -a). Nothing is written until it takes the record "
        "again, which is tried at every tick; if it stays so: " + _RESTORE,
    ),
    "SQLITE_CORRUPT": (Damaged, "the database is damaged", _RESTORE),
    "SQLITE_NOTADB": (Damaged, "the database file is not a database", _RESTORE),
}
"""What SQLite calls a fault -> how a person is told; the longest matching prefix counts."""

FATAL = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB")
"""After one of these nothing is written any more, until `recover` has begun anew."""

PASSING = "SQLITE_IOERR"
"""The one of them that may pass; a damaged file does not."""

RECOVER_WAIT_S = 1.0


class Database:
    """A door to the record.

    `tx` in every function of this room is the SQLAlchemy connection of one transaction.
    """

    def __init__(self, engine: Engine, reader: Engine, where: str) -> None:
        self._engine = engine
        self._reader = reader
        self.where = where
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._failed: str | None = None
        self._may_pass = False

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def failed(self) -> str | None:
        """Why this process may no longer write; None while all is well."""
        return self._failed

    @classmethod
    def open(cls, where: str | Path, *, must_exist: bool = False) -> "Database":
        """Open the database at a path, or at a SQLAlchemy URL of SQLite or PostgreSQL.

        Args:
            where: A path of a SQLite file, or a URL.
            must_exist: Refuse to begin an empty one: the workspace has had one before.

        Raises:
            NotFound: It is not there and must be.
            Damaged: The file is there and is no SQLite database.
            InvalidInput: The URL is of another kind of database.
        """
        if isinstance(where, Path) or "://" not in where:
            path = Path(where)
            _check_file(path, must_exist=must_exist)
            return cls._sqlite(path)
        url = make_url(where)
        if url.get_backend_name() == "sqlite":
            path = Path(url.database or "")
            _check_file(path, must_exist=must_exist)
            return cls._sqlite(path)
        if url.get_backend_name() != "postgresql":
            raise Invalid(
                f"[store] url names a {url.get_backend_name()} database",
                allowed="an empty url (state/omp.db), sqlite:///PATH or postgresql://…",
                remedy="correct [store] url in dashboard/omp_config.toml",
            )
        url = url.set(drivername="postgresql+psycopg")
        writer = create_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True)
        reader = create_engine(
            url,
            pool_size=READERS,
            max_overflow=MOST_READERS - READERS,
            pool_pre_ping=True,
            isolation_level="REPEATABLE READ",
        )
        return cls(writer, reader, url.render_as_string(hide_password=True))

    @classmethod
    def _sqlite(cls, path: Path) -> "Database":
        writer = create_engine(f"sqlite:///{path}", pool_size=1, max_overflow=0)
        reader = create_engine(
            f"sqlite:///{path}",
            pool_size=READERS,
            max_overflow=MOST_READERS - READERS,
            pool_use_lifo=True,  # the one that was used last knows the most pages
        )
        event.listen(writer, "connect", _prepare_writer)
        event.listen(reader, "connect", _prepare_reader)
        event.listen(writer, "begin", lambda tx: tx.exec_driver_sql("BEGIN IMMEDIATE"))
        event.listen(reader, "begin", lambda tx: tx.exec_driver_sql("BEGIN"))
        return cls(writer, reader, str(path))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction: commits when the block ends, rolls back when it raises.

        Raises:
            DiskFull: There was no room; nothing of the block was kept.
            ResourceShort: Another program holds the database.
            DiskRefused: The disk failed; nothing is written until `recover` has begun anew.
            Damaged: The file is damaged; this process writes nothing any more.
        """
        if self._owner == threading.get_ident():
            raise RuntimeError("a write transaction inside a write transaction: pass `tx` on")
        with self._lock:
            self._refuse_if_failed()
            self._owner = threading.get_ident()
            try:
                with self._faults(), self._engine.begin() as tx:
                    if self.dialect == "postgresql":
                        tx.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": WRITER_LOCK})
                    yield tx
            finally:
                self._owner = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the record; keep it short, it holds back the checkpoint."""
        with self._faults(), self._reader.connect() as tx:
            if self.dialect == "postgresql":
                tx.execute(text("SET TRANSACTION READ ONLY"))
            yield tx

    def open_readers(self) -> None:
        """Open the connections that stay: a process holds from the start what it will hold.

        One more is opened and closed. SQLite keeps the handle of a closed connection, since to
        close it would free the locks of the others, and gives it to the next one: a backup's.

        Raises:
            ResourceShort: The file cannot be opened.
        """
        with self.write() as tx:  # the writer's comes first: it would take the spare handle
            tx.exec_driver_sql("SELECT 1 FROM meta").first()
        with ExitStack() as opened:
            for _ in range(READERS + 1):
                opened.enter_context(self.read()).exec_driver_sql("SELECT 1 FROM meta").first()

    def check(self) -> None:
        """Read every page of the file once.

        Raises:
            Damaged: A page or an index does not fit; says what was found.
        """
        if self.dialect != "sqlite":
            return
        with self.read() as tx:
            found = tx.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
        if list(found) != ["ok"]:
            raise Damaged(
                f"the database {self.where} is damaged: {'; '.join(map(str, found))}",
                allowed="a database whose every page can be read",
                remedy=_RESTORE,
            )

    def fold(self) -> None:
        """Bring the write-ahead log into the database file, synced, before anything new is written.

        A process whose sync failed may have left a transaction in the log that is readable and not
        on the disk. What is written behind it would be lost with it in a power cut.

        Raises:
            DiskRefused: The disk does not take it.
            ResourceShort: Another program reads the database all the time.
        """
        if self.dialect != "sqlite":
            return
        try:
            with closing(sqlite3.connect(self.where, timeout=RECOVER_WAIT_S)) as handle:
                busy = handle.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                check = "PRAGMA quick_check(1)" if self._failed else "SELECT 'ok'"
                sound = handle.execute(check).fetchone()[0]
        except sqlite3.Error as error:
            raise self._told(error) or error from error
        if sound != "ok":
            self._may_pass = False
            raise Damaged(f"the database {self.where} is damaged: {sound}", remedy=_RESTORE)
        if busy:
            raise ResourceShort(
                f"another program reads the database {self.where}",
                remedy="close what has state/omp.db open (a database browser, a copy of omp)",
            )

    def recover(self) -> bool:
        """Begin anew after the disk refused: fresh connections, the log folded in, every page read.

        A sync that failed is never asked again as if it had not: what it was for was reported as
        not written, and is gone from the log when this returns.

        Returns:
            Whether the record takes writes again.
        """
        if self._failed is None or not self._may_pass:
            return self._failed is None
        with self._lock:
            self._engine.dispose()
            self._reader.dispose()
            try:
                self.fold()
            except OmpError:
                return False
            self._failed = None
        return True

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()
        self._reader.dispose()

    def _refuse_if_failed(self) -> None:
        if self._failed:
            raise (DiskRefused if self._may_pass else Damaged)(
                f"nothing is written any more, because an earlier write failed: {self._failed}",
                allowed="writing once the disk is sound",
                remedy="look at the disk (dmesg); the daemon tries again at every tick",
            )

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._explained(error) from error

    def _explained(self, error: DBAPIError) -> Exception:
        original = error.orig
        if not isinstance(original, sqlite3.Error):
            if error.connection_invalidated or isinstance(error, OperationalError):
                return ResourceShort(
                    f"the database {self.where} cannot be reached: {original}",
                    allowed="a PostgreSQL server that answers",
                    remedy="start it, or correct [store] url, then try again",
                )
            return error
        return self._told(original) or error

    def _told(self, original: sqlite3.Error) -> OmpError | None:
        """What a fault of SQLite means for a person; None where it is none of the machine."""
        name = getattr(original, "sqlite_errorname", "")
        for prefix, (kind, asked, remedy) in SQLITE_FAULTS.items():
            if name.startswith(prefix):
                if prefix in FATAL:
                    self._failed = f"{asked} ({name})"
                    self._may_pass = prefix == PASSING
                return kind(f"{asked}: {self.where} ({name})", remedy=remedy)
        return None


def _check_file(path: Path, *, must_exist: bool) -> None:
    if not path.exists() or path.stat().st_size == 0:
        if must_exist:
            raise NotFound(
                f"the database is not there any more: {path}",
                allowed="the database this workspace has had; a new one would forget every look",
                remedy=_RESTORE,
            )
        return
    with path.open("rb") as file:
        if file.read(len(SQLITE_MAGIC)) != SQLITE_MAGIC:
            raise Damaged(f"the file {path} is not a database", remedy=_RESTORE)


def _prepare(handle: Any) -> None:
    handle.isolation_level = None  # the begin event below speaks for itself
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
        f"cache_size=-{CACHE_KIB}",
        "temp_store=MEMORY",
    ):
        handle.execute(f"PRAGMA {pragma}")


def _prepare_writer(handle: Any, _record: Any) -> None:
    _prepare(handle)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"journal_size_limit={WAL_LIMIT_BYTES}",
        "wal_autocheckpoint=1000",
    ):
        handle.execute(f"PRAGMA {pragma}").fetchall()


def _prepare_reader(handle: Any, _record: Any) -> None:
    _prepare(handle)
    handle.execute("PRAGMA query_only=ON")

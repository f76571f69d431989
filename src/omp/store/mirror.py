"""The PostgreSQL mirror of the Hall of Fame: tables made if absent, rows put in place by key.

A delivery carries its number in the outbox; an older one never overwrites a newer, and the same one
twice changes nothing. Whether a commit that was cut off arrived is found out by reading.
"""

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from omp.domain.errors import Conflict, InvalidInput, ResourceShort
from omp.domain.failpoints import hit
from omp.wire.canonical import canonical

CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_MS = 30_000
LIMIT_S = 40.0
"""A session that lasts longer is cut: a server that was stopped never says so itself."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS hall_of_fame (
    candidate_id text PRIMARY KEY,
    genome_hash text NOT NULL,
    run_id text NOT NULL,
    campaign_id text NOT NULL,
    config_hash text NOT NULL,
    git_sha text NOT NULL,
    promoted_at timestamptz NOT NULL,
    environment text NOT NULL,
    behaviour_hash text NOT NULL,
    state text NOT NULL,
    state_reason text,
    episode integer NOT NULL,
    provenance jsonb NOT NULL,
    metrics jsonb NOT NULL,
    artifacts jsonb NOT NULL,
    row_hash text NOT NULL,
    workspace text NOT NULL,
    outbox_seq bigint NOT NULL,
    journal_seq bigint NOT NULL,
    journal_hash text NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (environment, genome_hash)
);
CREATE TABLE IF NOT EXISTS omp_journal_head (
    workspace text PRIMARY KEY,
    journal_seq bigint NOT NULL,
    journal_hash text NOT NULL,
    outbox_seq bigint NOT NULL,
    synced_at timestamptz NOT NULL DEFAULT now()
);
"""

COLUMNS: tuple[str, ...] = (
    "candidate_id",
    "genome_hash",
    "run_id",
    "campaign_id",
    "config_hash",
    "git_sha",
    "promoted_at",
    "environment",
    "behaviour_hash",
    "state",
    "state_reason",
    "episode",
    "provenance",
    "metrics",
    "artifacts",
    "row_hash",
    "workspace",
    "outbox_seq",
    "journal_seq",
    "journal_hash",
    "updated_at",
)

_UPSERT = (
    f"INSERT INTO hall_of_fame ({', '.join(COLUMNS)}) "  # noqa: S608 - names of this module
    f"VALUES ({', '.join(f'%({name})s' for name in COLUMNS)}) "
    "ON CONFLICT (candidate_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
    + " WHERE hall_of_fame.workspace = excluded.workspace"
    " AND hall_of_fame.outbox_seq < excluded.outbox_seq"
)

_HEAD = (
    "INSERT INTO omp_journal_head (workspace, journal_seq, journal_hash, outbox_seq) "
    "VALUES (%(workspace)s, %(journal_seq)s, %(journal_hash)s, %(outbox_seq)s) "
    "ON CONFLICT (workspace) DO UPDATE SET journal_seq = excluded.journal_seq, "
    "journal_hash = excluded.journal_hash, "
    "outbox_seq = greatest(omp_journal_head.outbox_seq, excluded.outbox_seq), synced_at = now() "
    "WHERE omp_journal_head.journal_seq < excluded.journal_seq"
)

_IS_PREPARED = (
    "SELECT to_regclass('hall_of_fame') IS NOT NULL AND to_regclass('omp_journal_head') IS NOT NULL"
)

_LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})

Session = psycopg.Connection[tuple[Any, ...]]


class Mirror:
    """A door to the mirror; each delivery has its own short transaction.

    Args:
        url: PostgreSQL URL.
        workspace: Name of this workspace; rows of another one are never overwritten.
    """

    def __init__(self, url: str, workspace: str, *, limit_s: float | None = None) -> None:
        self._parameters = parameters_of(url)
        self._workspace = workspace
        self._limit_s = LIMIT_S if limit_s is None else limit_s
        self._is_prepared = False

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A connection with time limits; its transaction is committed when the block ends.

        Raises:
            ResourceShort: The server cannot be reached, or the connection broke.
            InvalidInput: The URL is none.
        """
        try:
            session = psycopg.connect(
                **{"connect_timeout": CONNECT_TIMEOUT_S, **self._parameters},
                application_name="omp-outbox",
            )
            with _cut_after(session, self._limit_s):
                session.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}".encode())
                yield session
                session.commit()
        except psycopg.ProgrammingError as error:
            raise InvalidInput(
                f"the mirror refuses what it is told: {first_line(error)}",
                allowed="a PostgreSQL URL, and the right to make and fill its tables",
                remedy="correct the URL in the environment, or the tables of the mirror",
            ) from error
        except psycopg.OperationalError as error:
            raise ResourceShort(
                f"the mirror cannot be reached: {first_line(error)}",
                allowed="a PostgreSQL server that answers",
                remedy="start it or correct its URL; nothing is lost meanwhile",
            ) from error

    def prepare(self) -> None:
        """Make the tables, unless they are there."""
        if self._is_prepared:
            return
        with self.session() as session:
            found = session.execute(_IS_PREPARED.encode()).fetchone()
            if not found or not found[0]:
                session.execute(b"SELECT pg_advisory_xact_lock(7205759403792793)")
                session.execute(SCHEMA.encode())
        self._is_prepared = True

    def deliver(self, seq: int, payload: Mapping[str, Any]) -> None:
        """Put one entry in place; returns once the mirror holds it, or a newer state of it.

        Raises:
            ResourceShort: The mirror cannot be reached; nobody knows more than `holds` tells.
            Conflict: The mirror holds the entry, or its genome, from another workspace.
        """
        values = row_of(seq, payload, self._workspace)
        self.prepare()
        hit("outbox.before_send")
        changed = False
        try:
            with self.session() as session:
                changed = session.execute(_UPSERT.encode(), values).rowcount == 1
                session.execute(_HEAD.encode(), values)
                hit("outbox.before_commit")
        except psycopg.errors.UniqueViolation as error:
            raise Conflict(
                f"the mirror holds the genome of {values['candidate_id']} under another name",
                allowed="one row a genome and environment",
                remedy=f"look at hall_of_fame in the mirror: {first_line(error)}",
            ) from error
        except ResourceShort:
            if not self.holds(seq, str(values["candidate_id"])):
                raise
            changed = True
        if not changed and not self.holds(seq, str(values["candidate_id"])):
            raise Conflict(
                f"the mirror holds {values['candidate_id']} from another workspace",
                allowed="one workspace for each mirror database",
                remedy="give this workspace a database of its own",
            )
        hit("outbox.after_commit")

    def holds(self, seq: int, candidate_id: str) -> bool:
        """Whether the mirror has this delivery of ours, or a later one."""
        with self.session() as session:
            row = session.execute(
                b"SELECT outbox_seq FROM hall_of_fame WHERE candidate_id = %s AND workspace = %s",
                (candidate_id, self._workspace),
            ).fetchone()
        return row is not None and int(row[0]) >= seq

    def put_head(self, journal_seq: int, journal_hash: str) -> None:
        """Keep the journal's head in the mirror, unless it holds a later one.

        Raises:
            ResourceShort: The mirror cannot be reached.
        """
        self.prepare()
        values = {
            "workspace": self._workspace,
            "journal_seq": journal_seq,
            "journal_hash": journal_hash,
            "outbox_seq": 0,
        }
        with self.session() as session:
            session.execute(_HEAD.encode(), values)

    def head(self) -> tuple[int, str] | None:
        """Number and hash of the journal's head as the mirror holds it."""
        self.prepare()
        with self.session() as session:
            row = session.execute(
                b"SELECT journal_seq, journal_hash FROM omp_journal_head WHERE workspace = %s",
                (self._workspace,),
            ).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def rows(self) -> dict[str, dict[str, Any]]:
        """Every row of this workspace, by candidate."""
        self.prepare()
        query = f"SELECT {', '.join(COLUMNS)} FROM hall_of_fame WHERE workspace = %s"  # noqa: S608 - names of this module
        with self.session() as session, session.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(query.encode(), (self._workspace,)).fetchall()
        return {str(one["candidate_id"]): one for one in found}


@contextmanager
def _cut_after(session: Session, limit_s: float) -> Iterator[None]:
    """Close the session when the block ends, and cut its connection when that takes too long."""
    lock, is_over = threading.Lock(), False

    def cut() -> None:
        with lock, suppress(OSError, psycopg.Error):
            if not is_over:
                with socket.socket(fileno=os.dup(session.fileno())) as line:
                    line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(limit_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            is_over = True
        session.close()


def parameters_of(url: str) -> dict[str, Any]:
    """The parameters of a connection; beyond this machine it is encrypted unless the URL says no.

    Raises:
        InvalidInput: It is no PostgreSQL URL. The message does not repeat it: it holds a password.
    """
    try:
        found = conninfo_to_dict(url.replace("postgresql+psycopg://", "postgresql://", 1))
    except psycopg.Error:
        raise InvalidInput(
            "the URL of the mirror cannot be read",
            allowed="postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full",
            remedy="correct the environment variable that [sync] url_env names",
        ) from None
    hosts = str(found.get("host") or found.get("hostaddr") or "").split(",")
    is_local = all(one in _LOCAL or one.startswith(("/", "@", "127.")) for one in hosts)
    if not is_local and not found.get("sslmode") and not os.environ.get("PGSSLMODE"):
        found["sslmode"] = "require"
    return dict(found)


def row_of(seq: int, payload: Mapping[str, Any], workspace: str) -> dict[str, Any]:
    """The mirror's columns from a delivery."""
    entry, head = payload["entry"], payload["journal"]
    values = {name: entry[name] for name in COLUMNS if name in entry}
    for name in ("provenance", "metrics", "artifacts"):
        values[name] = canonical(entry[name]).decode()
    return {
        **values,
        "config_hash": entry["provenance"]["config_hash"],
        "git_sha": entry["provenance"]["git_sha"],
        "workspace": workspace,
        "outbox_seq": seq,
        "journal_seq": head["seq"],
        "journal_hash": head["hash"],
    }


def first_line(error: Exception) -> str:
    """The first line of what a driver says, without its details."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

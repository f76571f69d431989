"""The PostgreSQL mirror of the Hall of Fame: tables made if absent, rows put in place by key.

A delivery carries its number in the outbox; an older one never overwrites a newer, and the same one
twice changes nothing. Whether a commit that was cut off arrived is found out by reading.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from omp.domain.errors import Conflict, InvalidInput, ResourceShort
from omp.domain.failpoints import hit
from omp.wire.canonical import canonical

CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_MS = 30_000

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
    "journal_hash = excluded.journal_hash, outbox_seq = excluded.outbox_seq, synced_at = now() "
    "WHERE omp_journal_head.outbox_seq < excluded.outbox_seq"
)

Session = psycopg.Connection[tuple[Any, ...]]


class Mirror:
    """A door to the mirror; each delivery has its own short transaction.

    Args:
        url: PostgreSQL URL.
        workspace: Name of this workspace; rows of another one are never overwritten.
    """

    def __init__(self, url: str, workspace: str) -> None:
        self._url = url
        self._workspace = workspace
        self._is_prepared = False

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A connection with time limits.

        Raises:
            ResourceShort: The server cannot be reached, or the connection broke.
            InvalidInput: The URL is none.
        """
        try:
            with psycopg.connect(
                self._url,
                connect_timeout=CONNECT_TIMEOUT_S,
                application_name="omp-outbox",
            ) as session:
                session.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}".encode())
                yield session
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
        try:
            with self.session() as session:
                session.execute(_UPSERT.encode(), values)
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
        if not self.holds(seq, str(values["candidate_id"])):
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

"""The audit journal: append-only, hash-chained, its head anchored outside the database.

Each record's hash covers its content and the hash before it, so a changed, missing or swapped
record breaks the chain from there on. The head is also kept in `state/anchor`, so that a database
restored from an old copy is recognised: its journal ends before the anchor.
"""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from omp.domain.durable import write_durable
from omp.domain.events import KINDS
from omp.store import meta
from omp.store.tables import journal
from omp.wire.canonical import canonical, digest_of
from omp.wire.workspace import Workspace

GENESIS = "0" * 64
"""What stands before the first record."""


@dataclass(frozen=True)
class Record:
    """One journal record."""

    seq: int
    ts: str
    kind: str
    operator: str
    subject: str
    payload: dict[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class Head:
    """The last record's number and hash; 0 and GENESIS of an empty journal."""

    seq: int
    hash: str


def iso(now: datetime) -> str:
    """An instant as every table keeps it: ISO 8601, UTC, microseconds, `Z`."""
    return now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def record_hash(
    seq: int, ts: str, kind: str, operator: str, subject: str, payload: Any, previous_hash: str
) -> str:
    """blake3 of the canonical JSON of everything a record says, and of the hash before it."""
    return digest_of(
        {
            "seq": seq,
            "ts": ts,
            "kind": kind,
            "operator": operator,
            "subject": subject,
            "payload": payload,
            "previous_hash": previous_hash,
        }
    )


def append(
    tx: Connection,
    kind: str,
    *,
    operator: str,
    subject: str,
    payload: dict[str, Any],
    now: datetime,
) -> int:
    """Write one record in the caller's transaction; gives its number.

    Raises:
        ValueError: If the kind is not in `omp.domain.events.KINDS`.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of journal record; add it to domain/events.py")
    last = head(tx)
    seq, ts = last.seq + 1, iso(now)
    text = canonical(payload).decode()
    whole = json.loads(text)
    tx.execute(
        insert(journal).values(
            seq=seq,
            ts=ts,
            kind=kind,
            operator=operator,
            subject=subject,
            payload=text,
            previous_hash=last.hash,
            hash=record_hash(seq, ts, kind, operator, subject, whole, last.hash),
        )
    )
    return seq


def head(tx: Connection) -> Head:
    """The last record."""
    row = tx.execute(
        select(journal.c.seq, journal.c.hash).order_by(journal.c.seq.desc()).limit(1)
    ).first()
    return Head(row.seq, row.hash) if row else Head(0, GENESIS)


def hash_of(tx: Connection, seq: int) -> str | None:
    """The hash of one record; None where there is none of that number."""
    found = tx.execute(select(journal.c.hash).where(journal.c.seq == seq)).scalar()
    return None if found is None else str(found)


def records(
    tx: Connection,
    *,
    after: int = 0,
    limit: int = 200,
    kinds: Iterable[str] = (),
    subject: str | None = None,
    newest_first: bool = False,
) -> tuple[Record, ...]:
    """Records in order of their number.

    Args:
        after: Only records with a greater number.
        limit: At most so many.
        kinds: Only these kinds; empty for all.
        subject: Only records about this one.
        newest_first: The last ones, newest first.
    """
    query = select(journal).where(journal.c.seq > after).limit(limit)
    if wanted := tuple(kinds):
        query = query.where(journal.c.kind.in_(wanted))
    if subject is not None:
        query = query.where(journal.c.subject == subject)
    query = query.order_by(journal.c.seq.desc() if newest_first else journal.c.seq)
    return tuple(_record(row) for row in tx.execute(query))


def _record(row: Any) -> Record:
    return Record(
        row.seq,
        row.ts,
        row.kind,
        row.operator,
        row.subject,
        json.loads(row.payload),
        row.previous_hash,
        row.hash,
    )


def verify(tx: Connection) -> int | None:
    """The number of the first record that does not fit the chain; None when all fit."""
    expected, before = 1, GENESIS
    for row in tx.execute(select(journal).order_by(journal.c.seq)):
        try:
            payload = json.loads(row.payload)
        except ValueError:
            return int(row.seq)
        fits = (
            row.seq == expected
            and row.previous_hash == before
            and row.hash
            == record_hash(row.seq, row.ts, row.kind, row.operator, row.subject, payload, before)
        )
        if not fits:
            return min(int(row.seq), expected)
        expected, before = row.seq + 1, row.hash
    return None


def count(tx: Connection) -> int:
    """How many records there are."""
    return int(tx.execute(select(func.count()).select_from(journal)).scalar_one())


ANCHORED_KEY = "journal.anchored"
"""Set once a workspace has had its first anchor: from then on a missing anchor is a fault."""

_anchor_lock = threading.Lock()


def write_anchor(
    workspace: Workspace,
    last: Head,
    *,
    looks: Mapping[str, int] | None = None,
    accept: bool = False,
) -> None:
    """Keep the head outside the database, durably; call it after the commit.

    Args:
        looks: Highest ordinal of each sealed window; what is anchored already never goes down.
        accept: Go back to an earlier head: a person has accepted a restored record.
    """
    with _anchor_lock:
        kept = read_anchor(workspace)
        if not accept and kept is not None and kept.seq >= last.seq:
            return
        highest = anchored_looks(workspace)
        for window, ordinal in (looks or {}).items():
            highest[window] = max(ordinal, highest.get(window, 0))
        document = {"schema_version": 1, "seq": last.seq, "hash": last.hash, "looks": highest}
        write_durable(anchor_path(workspace), canonical(document) + b"\n")


def anchor_path(workspace: Workspace) -> Path:
    """Where the anchor lies."""
    return workspace.state / "anchor"


def read_anchor(workspace: Workspace) -> Head | None:
    """The anchored head; None when there is none or it cannot be read (which `behind` tells)."""
    try:
        document = json.loads(anchor_path(workspace).read_bytes())
        return Head(int(document["seq"]), str(document["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def anchored_looks(workspace: Workspace) -> dict[str, int]:
    """Highest ordinal of each sealed window that the anchor knows; nothing where there is none."""
    return looks_in(anchor_path(workspace))


def looks_in(anchor: Path) -> dict[str, int]:
    """The same of an anchor kept elsewhere; one of before they were written holds none."""
    try:
        found = json.loads(anchor.read_bytes()).get("looks", {})
        return {str(window): int(ordinal) for window, ordinal in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def behind(tx: Connection, workspace: Workspace) -> str | None:
    """Why the journal does not reach its anchor, in a sentence; None when it does.

    A database restored from an old copy, or cut short, ends before the record the anchor names.

    Args:
        tx: A transaction that has read nothing yet, or that writes. The snapshot of an older
            reader may end before an anchor that another thread has written since.
    """
    kept, path = read_anchor(workspace), anchor_path(workspace)
    if kept is None:
        if path.exists():
            return f"the anchor {path} cannot be read"
        return f"the anchor {path} is gone" if meta.get(tx, ANCHORED_KEY) else None
    found = tx.execute(select(journal.c.hash).where(journal.c.seq == kept.seq)).scalar()
    if found is None:
        return f"the journal ends at {head(tx).seq}, its anchor names {kept.seq}"
    if found != kept.hash:
        return f"record {kept.seq} of the journal is not the one its anchor names"
    return None

"""`campaign_queue.json`: an interface to the queue, never its record.

After each change the queue is exported atomically. A file whose bytes we did not write is a hand
edit: what it changes against the export it began from is validated and applied as one change, or
refused whole with line and reason. So an edit never undoes what it has not seen.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection

from omp.domain.durable import write_durable
from omp.domain.errors import ResourceShort
from omp.ops.desk import Desk
from omp.store import campaigns as rows
from omp.store import journal, meta
from omp.store.campaigns import Campaign
from omp.wire.canonical import digest

VERSION = "1.0"
FIELDS: tuple[str, ...] = (
    "id",
    "name",
    "config_path",
    "market",
    "priority",
    "enabled",
    "repeat",
    "tags",
    "created_at",
)
"""The published shape of one campaign."""

KEPT_EXPORTS = 5
"""So many exports back an edit may have begun."""

_KEY = "queue.file"
rehearsing: ContextVar[Callable[[Connection, int], None] | None] = ContextVar(
    "rehearsing", default=None
)
"""Set while a change is only tried: takes the transaction and the journal's number before it, and
raises, so that nothing is kept."""

lock = threading.RLock()
"""Held from the beginning of a change until its export; the workspace lock keeps others out."""


def entry(campaign: Campaign) -> dict[str, Any]:
    """A campaign as the file has it."""
    enabled = {"enabled": campaign.state == "enabled"}
    return {name: enabled[name] if name in enabled else getattr(campaign, name) for name in FIELDS}


def render(export: dict[str, Any]) -> bytes:
    """The file's bytes of one export: `updated_at` and `campaigns`."""
    document = {
        "version": VERSION,
        "updated_at": export["updated_at"],
        "campaigns": [{name: one[name] for name in FIELDS} for one in export["campaigns"]],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


@contextmanager
def changing(desk: Desk) -> Iterator[Connection]:
    """One change of the queue: a hand edit that waits goes first, then this, then the export."""
    from omp.ops.queue_edit import ingest_file

    rehearsal = rehearsing.get()
    with lock:
        if rehearsal is None:
            ingest_file(desk)
        with desk.write() as tx:
            before = journal.head(tx).seq
            yield tx
            if rehearsal is not None:
                rehearsal(tx, before)
            stage(desk, tx)
        publish(desk)
    desk.wake.set()


def stage(desk: Desk, tx: Connection) -> None:
    """Note in the transaction what the file will hold, so that its bytes are known as ours."""
    before = known_exports(tx)
    export = {
        "updated_at": desk.clock.iso(),
        "campaigns": [entry(one) for one in rows.listed(tx)],
    }
    kept = [*before.get("exports", []), export][-KEPT_EXPORTS:]
    digests = [digest(render(one)) for one in kept]
    meta.put_json(tx, _KEY, {"exports": kept, "digests": digests, "refused": before.get("refused")})


def publish(desk: Desk) -> None:
    """Write what was staged last; a refused edit that stands there is kept beside it.

    The change stands in the record already, so a disk that refuses the file does not undo it: the
    loop writes the file as soon as it can, and tells of it.
    """
    fault: ResourceShort | None = None
    try:
        _publish(desk)
    except ResourceShort as error:
        fault = error
    desk.arrears.queue_file = fault


def _publish(desk: Desk) -> None:
    path = desk.workspace.queue_file
    with desk.read() as tx:
        known = known_exports(tx)
    data = render(known["exports"][-1])
    present = path.read_bytes() if path.exists() else b""
    if present and digest(present) == known.get("refused"):
        write_durable(path.with_name("campaign_queue.refused.json"), present)
    if present != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durable(path, data)


def export_file(desk: Desk) -> None:
    """Bring the file up to date, unless a hand edit stands there; heals a lost export."""
    with lock:
        with desk.read() as tx:
            staged = meta.get_json(tx, _KEY)
        if staged is None:
            with desk.write() as tx:
                stage(desk, tx)
        if hand_edit(desk) is None:
            publish(desk)


def known_exports(tx: Connection) -> dict[str, Any]:
    """The last `exports`, oldest first, their `digests`, and the digest of a `refused` edit."""
    return dict(meta.get_json(tx, _KEY) or {})


def note_refused(tx: Connection, edit_digest: str) -> None:
    """Remember a refused edit, so that it is refused once and not at every tick."""
    meta.put_json(tx, _KEY, {**known_exports(tx), "refused": edit_digest})


def hand_edit(desk: Desk) -> bytes | None:
    """The file's bytes when somebody else wrote them; None when they are ours or absent."""
    path = desk.workspace.queue_file
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    with desk.read() as tx:
        known = known_exports(tx)
    return None if digest(data) in known.get("digests", ()) else data

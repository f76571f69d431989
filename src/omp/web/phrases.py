"""The activity feed of a page: the last records as sentences, with links."""

from typing import Any

from omp.ops.desk import Desk
from omp.ops.phrases import sentence
from omp.store import journal
from omp.store.journal import Record

SHOWN = 60

LINKS: tuple[tuple[str, str], ...] = (
    ("run_", "/runs/"),
    ("cand_", "/hall/"),
    ("ens_", "/hall/"),
    ("INC-", "/incidents#"),
)


def link(record: Record) -> str | None:
    """The page of what it is about, where it has one."""
    for prefix, address in LINKS:
        if record.subject.startswith(prefix):
            if address == "/hall/" and not record.kind.startswith("hall."):
                return None
            return address + record.subject
    return None


def latest(desk: Desk, *, limit: int = SHOWN) -> list[dict[str, Any]]:
    """The last records, the newest first."""
    with desk.read() as tx:
        found = journal.records(tx, limit=limit, newest_first=True)
    return [
        {
            "seq": one.seq,
            "ts": one.ts,
            "sentence": sentence(one),
            "subject": one.subject,
            "operator": one.operator,
            "link": link(one),
        }
        for one in found
    ]

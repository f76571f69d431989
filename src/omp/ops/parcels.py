"""What the PostgreSQL mirror is told about an entry, in the transaction that changes it."""

from sqlalchemy import Connection

from omp.ops.desk import Desk
from omp.store import journal, outbox_rows
from omp.store.hall import Entry
from omp.store.rows import to_values

ENTRY = "hall.entry"
"""The only kind of delivery there is yet: the whole entry as it stands."""


def post_entry(desk: Desk, tx: Connection, entry: Entry) -> int:
    """Put an entry as it stands now into the outbox, with the journal's head."""
    head = journal.head(tx)
    payload = {
        "entry": to_values(entry),
        "journal": {"seq": head.seq, "hash": head.hash},
    }
    return outbox_rows.post(tx, ENTRY, entry.candidate_id, payload, desk.clock.iso())

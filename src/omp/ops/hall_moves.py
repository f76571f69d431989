"""The moves of an entry, each within a transaction, journalled and sent to the mirror."""

from dataclasses import replace

from sqlalchemy import Connection

from omp.domain.errors import Conflict, Damaged
from omp.domain.hall import ENTRY
from omp.ops.desk import Desk
from omp.ops.parcels import post_entry
from omp.store import hall as rows
from omp.store.hall import Entry

ACTIONS: dict[str, str] = {
    "flag": "hall.flagged",
    "clear": "hall.cleared",
    "demote": "hall.demoted",
    "quarantine": "hall.quarantined",
    "release": "hall.released",
    "remove": "hall.removed",
}
"""Move of an entry -> kind of its journal record."""

ENDS_EPISODE = frozenset({"demote", "remove"})


def move(desk: Desk, tx: Connection, candidate_id: str, action: str, reason: str) -> Entry:
    """Move an entry from one state to another, in the caller's transaction.

    Raises:
        NotFound: There is no such entry.
        IllegalMove: The entry's state allows no such move.
        Damaged: The row of the entry does not have its hash.
    """
    now = desk.clock.iso()
    before = rows.get(tx, candidate_id)
    if not before.intact:
        raise Damaged(
            f"the row of {candidate_id} does not have its hash",
            remedy="put back your own copy of state/omp.db; omp verify says what fits",
        )
    after = replace(
        before,
        state=ENTRY.after(before.state, action),
        state_reason=reason,
        updated_at=now,
    ).sealed()
    if not rows.change(tx, before, after):
        raise Conflict(f"{candidate_id} was changed meanwhile", remedy="look again")
    if action in ENDS_EPISODE:
        rows.end_episode(tx, candidate_id, before.episode, now=now, reason=reason)
    payload = {"from": before.state, "to": after.state, "reason": reason}
    desk.note(tx, ACTIONS[action], candidate_id, payload)
    post_entry(desk, tx, after)
    return after

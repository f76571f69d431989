"""What a new snapshot changes: history that differs is an incident, new bars are re-validated.

The import compares a new snapshot with the one it follows and writes what differs into the
manifest; here the record draws its conclusions.
"""

from typing import Any

from sqlalchemy import Connection

from omp.domain.ids import new_id
from omp.ops import data_holds, data_incidents
from omp.ops.desk import Desk
from omp.store import data_sets as rows
from omp.store import hall, snapshots
from omp.store.data_incidents import Question
from omp.store.data_sets import Revalidation
from omp.store.snapshots import Snapshot

NEW, CHANGED = "new-data", "changed-data"
REVALIDATED: frozenset[str] = frozenset({"active", "flagged", "quarantined"})
"""States of an entry that is validated again; a demoted one or a tombstone is not."""


def taken(desk: Desk, tx: Connection, snapshot: Snapshot) -> tuple[Revalidation, ...]:
    """Conclude what follows from a snapshot just registered; gives the re-validations queued."""
    parents = data_holds.parents_of(snapshot)
    if not parents:
        return ()
    changes: dict[str, Any] = snapshot.manifest.get("changes") or {}
    changed = int(changes.get("changed_bars") or 0) + int(changes.get("removed_bars") or 0)
    queued = _revalidate(desk, tx, snapshot, CHANGED if changed else NEW)
    suspect = unexplained(changes)
    if suspect and desk.settings.data.on_changed_history == "incident":
        _call_into_question(desk, tx, snapshot, parents, suspect)
    return queued


def unexplained(changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The symbols whose history differs by more than one common factor of all their prices.

    A new dividend or split rescales the whole past of adjusted prices: that is no fault.
    """
    return {
        symbol: one
        for symbol, one in (changes.get("symbols") or {}).items()
        if one.get("removed") or (one.get("changed") and one.get("factor") is None)
    }


def _revalidate(
    desk: Desk, tx: Connection, snapshot: Snapshot, trigger: str
) -> tuple[Revalidation, ...]:
    before = set(data_holds.kin(snapshots.listed(tx), [snapshot.digest])) - {snapshot.digest}
    now = desk.clock.iso()
    queued = []
    for entry in hall.listed(tx):
        digest = str(entry.provenance.get("data_digest"))
        if digest not in before or entry.state not in REVALIDATED:
            continue
        one = Revalidation(
            id=new_id("revalidation", now_s=desk.clock.now().timestamp()),
            candidate_id=entry.candidate_id,
            trigger=trigger,
            name=snapshot.name,
            digest_before=digest,
            digest_after=snapshot.digest,
            state="queued",
            queued_at=now,
        )
        if rows.queue_revalidation(tx, one):
            queued.append(one)
            payload = {"trigger": trigger, "data": snapshot.digest, "id": one.id}
            desk.note(tx, "hall.revalidation_queued", entry.candidate_id, payload)
    return tuple(queued)


def _call_into_question(
    desk: Desk,
    tx: Connection,
    snapshot: Snapshot,
    parents: tuple[str, ...],
    touched: dict[str, dict[str, Any]],
) -> None:
    firsts = [str(one["first"]) for one in touched.values() if one.get("first")]
    lasts = [str(one["last"]) for one in touched.values() if one.get("last")]
    differing = sum(
        int(one.get("changed") or 0) + int(one.get("removed") or 0) for one in touched.values()
    )
    whole = len(firsts) < len(touched)  # a removed bar has no place in the new series
    shown = ", ".join(sorted(touched)[:5]) + (", …" if len(touched) > 5 else "")
    question = Question(
        incident_id="",
        name=snapshot.name,
        origin="overlap",
        digests=sorted({*parents, snapshot.digest}),
        symbols=sorted(touched),
        first=None if whole else min(firsts, default=None),
        last=None if whole else max(lasts, default=None),
    )
    summary = (
        f"the new snapshot {snapshot.digest[:12]} of {snapshot.name} changes history: "
        f"{differing} bars that were there differ or are gone" + (f" ({shown})" if touched else "")
    )
    data_incidents.open_in(desk, tx, question, summary)

"""The trash: what retention deletes lies there for a day before it is gone."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omp.domain.errors import NotFound, OmpError
from omp.domain.failpoints import hit
from omp.domain.run_place import PLACE
from omp.ops.desk import Desk
from omp.ops.retention_rules import ago
from omp.ops.run_moves import move, settle, tell
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.store.shredder import weigh


@dataclass(frozen=True)
class Gone:
    """What was done with some runs.

    Args:
        runs: Those it was done with.
        bytes: What they weighed.
        refused: Why others could not be touched safely, one sentence each.
    """

    runs: tuple[str, ...]
    bytes: int
    refused: tuple[str, ...]


def put_away(desk: Desk, items: dict[str, int], facts: dict[str, Any]) -> Gone:
    """Put runs into the trash; journalled before it is done.

    Args:
        items: Run -> what its directory weighs, bytes.
        facts: Why, for the journal.
    """
    facts = {"bytes": sum(items.values()), **facts}
    moved = move(desk, list(items), "trash", kind="retention.trashed", facts=facts)
    hit("retention.trash_noted")
    return _settled(desk, moved, items)


def due(desk: Desk, *, now: bool) -> tuple[Run, ...]:
    """Runs whose time in the trash is over; with `now` all that lie in it."""
    before = None if now else ago(desk, hours=desk.settings.retention.trash_hours)
    with desk.read() as tx:
        return run_rows.placed(tx, "trashed", before=before)


def empty(desk: Desk, *, why: str, now: bool) -> Gone:
    """Delete for good what lies in the trash and whose time is over, or all of it."""
    weights, refused = {}, []
    for run in due(desk, now=now):
        try:
            weights[run.id] = weigh(desk.workspace.trash, run.id).bytes
        except NotFound:
            weights[run.id] = 0  # somebody took it away by hand; the row says so from now on
        except OmpError as error:
            refused.append(error.sentence)
    gone = Gone((), 0, ())
    if weights:
        facts = {"bytes": sum(weights.values()), "why": why}
        moved = move(
            desk, list(weights), "delete", kind="retention.deleted", facts=facts, output_bytes=0
        )
        hit("retention.delete_noted")
        gone = _settled(desk, moved, weights)
    if refused:
        tell(desk, "retention.refused", refused)
    return Gone(gone.runs, gone.bytes, (*gone.refused, *refused))


def undelete(desk: Desk, run: str, *, reason: str | None = None) -> Run:
    """Take a run out of the trash, as it was.

    Raises:
        NotFound: There is no such run, or its directory is gone.
        IllegalMove: It is not in the trash.
    """
    with desk.read() as tx:
        found = run_rows.get(tx, run)
    PLACE.after(found.place, "undelete")
    place = desk.workspace
    if not os.path.lexists(place.trash / run) and not os.path.lexists(place.run(run)):
        raise NotFound(
            f"{run} is not in {place.trash} any more", remedy="mine it again: omp queue add"
        )
    move(desk, [run], "undelete", kind="retention.undeleted", facts={"reason": reason or ""})
    hit("retention.undeleted")
    settle(desk, run)
    with desk.read() as tx:
        return run_rows.get(tx, run)


def _settled(desk: Desk, moved: Sequence[str], weights: dict[str, int]) -> Gone:
    done, refused = [], []
    for run_id in moved:
        try:
            settle(desk, run_id)
            done.append(run_id)
        except OmpError as error:
            refused.append(error.sentence)
    if refused:
        tell(desk, "retention.refused", refused)
    return Gone(tuple(done), sum(weights[one] for one in done), tuple(refused))

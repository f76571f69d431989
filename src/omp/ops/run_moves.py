"""Moves of run directories: the record says where one belongs, and the disk follows it.

A move is one transaction (row, journal, and a note that the disk owes it), then `settle`, which
does whatever is left to do. A crash between the two is finished by the next `settle_all`.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from omp.domain.errors import Conflict, OmpError, WorkspaceBusy
from omp.domain.run_place import PLACE
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.store import meta, shelving
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.store.shredder import carry, destroy, empty_trash, shred

OWED_KEY = "retention.owed"
_ORIGIN = {action: state for state, action in PLACE.moves}


def move(
    desk: Desk,
    run_ids: Sequence[str],
    action: str,
    *,
    kind: str,
    facts: dict[str, Any],
    **columns: Any,
) -> tuple[str, ...]:
    """Write where runs belong from now on; gives those that were still where they were thought.

    Args:
        action: A move of `omp.domain.run_place`.
        kind: The journal record's kind; it is written with `facts` and the runs.
        columns: What else their rows say.
    """
    origin = _ORIGIN[action]
    after = PLACE.after(origin, action)
    with desk.write() as tx:
        now = desk.clock.iso()
        columns = {**columns, "to_place": after, "placed_at": now}
        moved = tuple(one for one in run_ids if run_rows.change(tx, one, place=origin, **columns))
        if moved:
            subject = moved[0] if len(moved) == 1 else "runs"
            desk.note(tx, kind, subject, {"runs": list(moved), **facts})
            owe(tx, moved)
    return moved


def owe(tx: Connection, run_ids: Sequence[str]) -> None:
    """Note that the disk must be brought to what the rows of these runs say."""
    owed = meta.get_json(tx, OWED_KEY) or []
    meta.put_json(tx, OWED_KEY, sorted({*owed, *run_ids}))


def settle(desk: Desk, run_id: str) -> None:
    """Bring the disk to where the record says that a run belongs.

    Raises:
        OmpError: It cannot be done safely; it stays owed.
    """
    with _alone(desk, "retention.lock", wait=True):
        with desk.read() as tx:
            run = run_rows.get(tx, run_id)
        _SETTLE[run.place](desk, run)
        empty_trash(desk.workspace.runs, frozenset({run_id}))
        with desk.db.write() as tx:
            owed = meta.get_json(tx, OWED_KEY) or []
            meta.put_json(tx, OWED_KEY, [one for one in owed if one != run_id])


def settle_all(desk: Desk) -> tuple[str, ...]:
    """Finish what a crash cut off; gives a sentence for each run where that is not possible."""
    with desk.read() as tx:
        owed = meta.get_json(tx, OWED_KEY) or []
    if not owed:
        return ()
    try:
        with one_at_a_time(desk):
            refused = [told for one in owed for told in _tried(desk, one)]
    except WorkspaceBusy:
        return ()  # a copy is under way, and what it owes is not yet due
    if refused:
        tell(desk, "retention.unsettled", refused)
    return tuple(refused)


def _tried(desk: Desk, run_id: str) -> tuple[str, ...]:
    """Settle one run; why it cannot be done."""
    try:
        settle(desk, run_id)
    except OmpError as error:
        return (error.sentence,)
    except OSError as error:
        return (f"{run_id}: {error}",)
    return ()


def tell(desk: Desk, fingerprint: str, refused: Sequence[str]) -> None:
    """Open the incident of runs that could not be moved safely."""
    open_incident(
        desk,
        fingerprint,
        "SEV-2",
        f"Old runs could not be deleted or moved safely: {refused[0]}",
        details={"symptoms": list(refused[:50])},
    )


@contextmanager
def one_at_a_time(desk: Desk) -> Iterator[None]:
    """While the files of a run are compressed or copied, nobody else does so.

    Raises:
        WorkspaceBusy: Somebody does.
    """
    with _alone(desk, "tiers.lock", wait=False):
        yield


def _here(desk: Desk, run: Run) -> None:
    place = desk.workspace
    if not _is_there(place.runs, run.id) and _is_there(place.trash, run.id):
        carry(run.id, place.trash, place.runs)
    if run.archive is not None:
        archive = Path(run.archive)
        if _is_there(place.runs, run.id) and _is_there(archive, run.id):
            shred(archive, run.id)
        if archive.is_dir():
            empty_trash(archive, frozenset({run.id}))
        with desk.db.write() as tx:
            run_rows.change(tx, run.id, place="here", archive=None)


def _trashed(desk: Desk, run: Run) -> None:
    place = desk.workspace
    if _is_there(place.runs, run.id):
        carry(run.id, place.runs, place.trash)


def _deleted(desk: Desk, run: Run) -> None:
    if _is_there(desk.workspace.trash, run.id):
        destroy(desk.workspace.trash, run.id)


def _archived(desk: Desk, run: Run) -> None:
    if not _is_there(desk.workspace.runs, run.id):
        return
    fault = shelving.copy_fault(Path(str(run.archive)) / run.id)
    if fault is not None:
        raise Conflict(
            f"the archived copy of {run.id} is not whole: {fault}",
            remedy=f"the run is still in {desk.workspace.run(run.id)}; look at the archive's disk",
        )
    shred(desk.workspace.runs, run.id)


_SETTLE = {"here": _here, "trashed": _trashed, "deleted": _deleted, "archived": _archived}
"""Place -> what brings the disk there."""


def _is_there(folder: Path, name: str) -> bool:
    return os.path.lexists(folder / name)


@contextmanager
def _alone(desk: Desk, name: str, *, wait: bool) -> Iterator[None]:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(desk.workspace.state / name, flags, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise WorkspaceBusy(
                "another run is being compressed, archived or restored just now",
                remedy="try again in a moment",
            ) from None
        yield
    finally:
        os.close(handle)

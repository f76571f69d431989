"""Scrubbing: every page, row and file of the record read and proven, a slice at a time.

A round goes through database, journal, rows, entries and snapshots in the order of their names; a
slice works for about a second, then the place is kept, so that a restart goes on there.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from omp.domain.errors import OmpError
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.store import hall, journal, meta, objects, reconcile, seals, vault

SLICE_S = 1.0
KEY = "scrub"
DAMAGED = "store.damaged"


@dataclass(frozen=True)
class Round:
    """Where a round stands.

    Args:
        after: The last part that was proven; empty at the beginning.
        done_at: When it ended; None while it is under way.
        faults: What does not fit, one sentence each.
    """

    began_at: str
    after: str = ""
    done_at: str | None = None
    parts: int = 0
    faults: tuple[str, ...] = ()


def last(desk: Desk) -> Round | None:
    """The round under way, or the last one; None before the first."""
    with desk.read() as tx:
        found = meta.get_json(tx, KEY)
    return None if found is None else Round(**{**found, "faults": tuple(found["faults"])})


def slice_(desk: Desk, *, limit_s: float = SLICE_S) -> Round:
    """Go on with the round, or begin one, for about `limit_s` seconds of this thread's work."""
    standing = last(desk)
    if standing is None or standing.done_at is not None:
        standing = Round(began_at=desk.clock.iso())
    began_s, after, parts = time.monotonic(), standing.after, standing.parts
    found: list[str] = []
    left = [one for one in _parts(desk) if one > after]
    for part in left:
        kind, _, name = part.partition(":")
        found += _PROOFS[kind[2:]](desk, name)
        after, parts = part, parts + 1
        if time.monotonic() - began_s >= limit_s:
            break
    is_done = not left or after == left[-1]
    now = desk.clock.iso()
    after_all = Round(
        began_at=standing.began_at,
        after=after,
        done_at=now if is_done else None,
        parts=parts,
        faults=(*standing.faults, *found),
    )
    _keep(desk, after_all, found)
    return after_all


def whole(desk: Desk) -> Round:
    """A whole round at once."""
    while (found := slice_(desk, limit_s=float("inf"))).done_at is None:
        pass
    return found


def _keep(desk: Desk, round_: Round, found: list[str]) -> None:
    with desk.db.write() as tx:
        meta.put_json(tx, KEY, {**vars(round_), "faults": list(round_.faults[:100])})
    if found:
        open_incident(
            desk,
            DAMAGED,
            "SEV-1",
            f"the record is damaged: {found[0]}"
            + (f", and {len(found) - 1} more" if len(found) > 1 else "")
            + ". What to do: omp verify lists it; restore the last backup: omp restore FILE --into "
            "DIR; look at the disk",
            details={"symptoms": found[:50]},
        )
    if round_.done_at is not None:
        with desk.write() as tx:
            facts = {"parts": round_.parts, "faults": len(round_.faults)}
            desk.note(tx, "store.scrubbed", "store", facts)


def _parts(desk: Desk) -> list[str]:
    """What a round goes through, in order."""
    with desk.read() as tx:
        entries = [one.candidate_id for one in hall.listed(tx)]
    places = {"snapshot": desk.workspace.snapshots, "sealed": desk.workspace.sealed}
    data = [
        f"4_{kind}:{one.name}"
        for kind, place in places.items()
        if place.is_dir()
        for one in place.iterdir()
        if one.is_dir() and not one.name.startswith(".")
    ]
    fixed = ["0_database:", "1_journal:", "2_rows:"]
    return sorted([*fixed, *(f"3_entry:{one}" for one in entries), *data])


def _database(desk: Desk, _: str) -> list[str]:
    try:
        desk.db.check()
    except OmpError as error:
        return [error.asked]
    return []


def _journal(desk: Desk, _: str) -> list[str]:
    with desk.read() as tx:
        broken = journal.verify(tx)
    return [] if broken is None else [f"record {broken} of the journal does not fit its chain"]


def _rows(desk: Desk, _: str) -> list[str]:
    with desk.read() as tx:
        found = [*seals.broken(tx), *reconcile.gaps(tx)]
        flipped = [one.candidate_id for one in hall.listed(tx) if not one.intact]
    return found + [f"the row of hall_entries with {one} does not have its hash" for one in flipped]


def _entry(desk: Desk, name: str) -> list[str]:
    with desk.read() as tx:
        entry = hall.find(tx, name)
    if entry is None:
        return []
    return [f"{name}: {one}" for one in vault.faults(desk.workspace.entry(name), entry.artifacts)]


def _data(place: Callable[[Desk], Path]) -> Callable[[Desk, str], list[str]]:
    def proof(desk: Desk, name: str) -> list[str]:
        return list(_changed(place(desk) / name))

    return proof


def _changed(folder: Path) -> Iterator[str]:
    """One sentence for each file of a snapshot that is missing or changed."""
    try:
        listed = json.loads((folder / "manifest.json").read_bytes()).get("files", {})
    except (OSError, ValueError) as error:
        yield f"{folder / 'manifest.json'} cannot be read: {error}"
        return
    for name, expected in sorted(listed.items()):
        try:
            found, _ = objects.digest_file(folder / name)
        except (OSError, OmpError) as error:
            yield f"{folder / name} cannot be read: {error}"
            continue
        if found != expected:
            yield f"{folder / name} does not have the digest in its manifest"


_PROOFS: Mapping[str, Callable[[Desk, str], list[str]]] = {
    "database": _database,
    "journal": _journal,
    "rows": _rows,
    "entry": _entry,
    "snapshot": _data(lambda desk: desk.workspace.snapshots),
    "sealed": _data(lambda desk: desk.workspace.sealed),
}
"""Part of a round -> what is wrong with it, one sentence each."""

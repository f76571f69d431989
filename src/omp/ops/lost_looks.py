"""Looks that a restored record does not hold: their levels stay spent.

The anchor keeps, beside the journal's head, the highest ordinal of each sealed window. Where a
record was restored from an older copy, the difference is looks that were granted and forgotten;
what they found is gone, but the window was looked at, so their levels are not granted again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from omp.ops.desk import Desk
from omp.store import journal, meta
from omp.store import looks as rows
from omp.store.looks import Look

KEY = "looks.lost"
"""Under which the highest ordinal of each window with forgotten looks is kept."""


@dataclass(frozen=True)
class Lost:
    """The forgotten looks of a window, or of those that are one with it.

    Args:
        ordinals: Their numbers, one for each window and look.
        highest: The highest number that was granted; 0 where nothing is missing.
    """

    ordinals: tuple[int, ...]
    highest: int


def remember(desk: Desk, tx: Connection, subject: str) -> dict[str, int]:
    """Keep what the anchor knows and the record does not, before the anchor goes back.

    Args:
        subject: The incident under which a person accepts the record.

    Returns:
        The highest ordinal of each window of which looks are missing.
    """
    standing = rows.highest(tx)
    lost = {
        window: ordinal
        for window, ordinal in journal.anchored_looks(desk.workspace).items()
        if ordinal > standing.get(window, 0)
    }
    if lost:
        before: Mapping[str, int] = meta.get_json(tx, KEY) or {}
        kept = {**before, **{one: max(n, before.get(one, 0)) for one, n in lost.items()}}
        meta.put_json(tx, KEY, kept)
        desk.note(tx, "looks.lost", subject, {"highest": lost})
    return lost


def of(tx: Connection, windows: Iterable[str], known: Iterable[Look]) -> Lost:
    """What was forgotten of some windows, beside the looks that are known of them."""
    kept: Mapping[str, int] = meta.get_json(tx, KEY) or {}
    there = {(one.window, one.ordinal) for one in known}
    missing = [
        ordinal
        for window in windows
        for ordinal in range(1, kept.get(window, 0) + 1)
        if (window, ordinal) not in there
    ]
    return Lost(tuple(sorted(missing)), max(missing, default=0))


def windows_of(tx: Connection, lineages: Iterable[str]) -> tuple[str, ...]:
    """The windows of some lineages that looks are missing of."""
    kept: Mapping[str, int] = meta.get_json(tx, KEY) or {}
    begins = tuple(f"{one}@" for one in lineages)
    return tuple(sorted(one for one in kept if one.startswith(begins)))

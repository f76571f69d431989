"""Dry runs: a change of the queue is made, looked at, and taken back with its transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from omp.ops.desk import Desk
from omp.ops.queue_file import rehearsing
from omp.ops.queue_next import line
from omp.store import journal

CHANGE = "queue.change"


@dataclass(frozen=True)
class Place:
    """One place of the line."""

    place: int
    id: str
    name: str


@dataclass(frozen=True)
class Rehearsal:
    """What a change would do; nothing of it was kept.

    Args:
        changes: The records it would leave: action, campaign, previous and new state, reason,
            impact. Ids of runs in them are made up.
        order: The line as it would be.
    """

    changes: tuple[dict[str, Any], ...]
    order: tuple[Place, ...]
    dry_run: bool = True


class _TakenBack(Exception):
    """Ends the transaction of a rehearsal."""


def rehearse(desk: Desk, change: Callable[..., object], *given: Any, **named: Any) -> Rehearsal:
    """Try a verb of the queue; whatever refuses the change refuses the rehearsal too.

    Args:
        change: A verb of `omp.ops.queue`.
        given: What it takes after the desk.
    """
    seen: list[Rehearsal] = []

    def look(tx: Connection, before: int) -> None:
        records = journal.records(tx, after=before, kinds=[CHANGE], limit=100_000)
        order = [
            Place(number, one.campaign.id, one.campaign.name)
            for number, one in enumerate(line(desk, tx), start=1)
        ]
        told = tuple({"campaign_id": one.subject, **one.payload} for one in records)
        seen.append(Rehearsal(told, tuple(order)))
        raise _TakenBack

    token = rehearsing.set(look)
    try:
        change(desk, *given, **named)
    except _TakenBack:
        return seen[0]
    finally:
        rehearsing.reset(token)
    raise RuntimeError(f"{change.__name__} makes no change of the queue")

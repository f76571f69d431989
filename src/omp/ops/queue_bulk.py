"""Changes of many campaigns at once: one reason, one transaction, one record each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from omp.domain.errors import InvalidInput
from omp.ops.desk import Desk
from omp.ops.queue_file import changing
from omp.ops.queue_record import reason_for
from omp.ops.queue_steps import apply, take_out
from omp.store import campaigns as rows
from omp.store.campaigns import Campaign

ACTIONS: tuple[str, ...] = ("enable", "disable", "remove", "priority")


@dataclass(frozen=True)
class Bulk:
    """What became of a change of many.

    Args:
        changed: Ids of the campaigns that were changed.
        unchanged: Ids of those that were as wanted already.
    """

    action: str
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


def bulk(
    desk: Desk,
    action: str,
    *,
    ids: Sequence[str] = (),
    tag: str | None = None,
    everything: bool = False,
    priority: int | None = None,
    reason: str | None = None,
) -> Bulk:
    """Enable, disable, remove or prioritise several campaigns, all or none.

    Args:
        action: One of `ACTIONS`.
        ids: The campaigns; or
        tag: those with this tag; or
        everything: all of the queue.
        priority: The priority that `priority` gives them.

    Raises:
        InvalidInput: It is not said which campaigns, none is meant, or a reason is needed.
        IllegalMove: One of them cannot be changed so; none is.
        NotFound: One of the ids is unknown.
    """
    if action not in ACTIONS:
        raise InvalidInput(f"the action {action!r}", allowed=", ".join(ACTIONS))
    if sum((bool(ids), tag is not None, everything)) != 1:
        raise InvalidInput(
            f"{action} was asked for without saying which campaigns, or twice",
            allowed="some ids, or a tag, or all of them",
            remedy="name them, or give --tag TAG or --all",
        )
    if (action == "priority") != (priority is not None):
        raise InvalidInput(
            f"{action} with the priority {priority!r}",
            allowed="a priority with the action priority, and with no other",
        )
    reason_for(action, reason)
    wanted = {"priority": priority} if action == "priority" else {"enabled": action == "enable"}
    changed: list[str] = []
    unchanged: list[str] = []
    with changing(desk) as tx:
        meant = _meant(tx, ids, tag)
        for one in meant:
            if action == "remove":
                take_out(desk, tx, one, reason=reason)
                done = True
            else:
                told = f"one of {len(meant)} campaigns that were changed together"
                done = bool(
                    apply(desk, tx, one, dict[str, Any](wanted), reason=reason, impact=told)
                )
            (changed if done else unchanged).append(one.id)
    return Bulk(action, tuple(changed), tuple(unchanged))


def _meant(tx: Connection, ids: Sequence[str], tag: str | None) -> tuple[Campaign, ...]:
    if ids:
        return tuple(rows.get(tx, one) for one in dict.fromkeys(ids))
    found = tuple(one for one in rows.listed(tx) if tag is None or tag in one.tags)
    if not found:
        told = "the queue is empty" if tag is None else f"no campaign has the tag {tag!r}"
        raise InvalidInput(told, allowed="campaigns that are in the queue", remedy="omp queue list")
    return found

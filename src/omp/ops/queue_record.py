"""Records of queue changes: operator, action, previous and new state, reason, impact."""

from typing import Any

from sqlalchemy import Connection

from omp.domain.campaign import NEEDS_REASON, REASON_NOT_GIVEN
from omp.domain.errors import InvalidInput
from omp.domain.ids import new_id
from omp.ops.desk import Desk
from omp.store import campaigns as rows
from omp.store.campaigns import QueueChange


def reason_for(action: str, reason: str | None) -> str:
    """The reason to record.

    Raises:
        InvalidInput: The action needs one (reorder, priority, lift) and none was given.
    """
    given = (reason or "").strip()
    if not given and action in NEEDS_REASON:
        raise InvalidInput(
            f"{action!r} was asked for without a reason",
            allowed="a change of order or priority with a reason, which is kept for ever",
            remedy='say why: --reason "…" on the command line, "reason" in the request or at the '
            "top of campaign_queue.json",
        )
    return given or REASON_NOT_GIVEN


def record(
    desk: Desk,
    tx: Connection,
    campaign_id: str,
    action: str,
    previous: dict[str, Any],
    new: dict[str, Any],
    *,
    reason: str | None,
    impact: str,
) -> QueueChange:
    """Keep one change, as a row and in the journal, in the caller's transaction."""
    change = QueueChange(
        id=new_id("change", now_s=desk.clock.now().timestamp()),
        ts=desk.clock.iso(),
        operator=desk.operator,
        action=action,
        campaign_id=campaign_id,
        previous=previous,
        new=new,
        reason=reason_for(action, reason),
        impact=impact,
    )
    rows.record_change(tx, change)
    desk.note(
        tx,
        "queue.change",
        campaign_id,
        {
            "change_id": change.id,
            "action": action,
            "previous": previous,
            "new": new,
            "reason": change.reason,
            "impact": impact,
        },
    )
    return change

"""What waits to be delivered, to the mirror and to people: for status, health and metrics."""

from datetime import datetime
from typing import Any

from omp.ops import sync
from omp.ops.alert_targets import targets
from omp.ops.desk import Desk
from omp.store import alerts, meta


def state(desk: Desk) -> dict[str, Any]:
    """`mirror` and `alerts`, in the spelling of the status."""
    now = desk.clock.now()
    lag = sync.pending(desk)
    with desk.read() as tx:
        waiting = alerts.find(tx, alerts.PENDING)
        last = alerts.last_told(tx)
        drift = meta.get_json(tx, sync.DRIFT_KEY)
    return {
        "mirror": {
            "configured": sync.mirror_url(desk) is not None,
            "pending": lag.pending,
            "lagS": _age_s(lag.oldest, now),
            "lastDelivered": lag.last_delivered,
            "error": lag.last_error,
            "drift": (drift or {}).get("found", 0),
            "checkedAt": (drift or {}).get("at"),
        },
        "alerts": {
            "targets": len(targets(desk)),
            "waiting": len(waiting),
            "lastSent": last,
            "error": next((one.last_error for one in waiting if one.last_error), None),
        },
    }


def _age_s(then: str | None, now: datetime) -> int:
    if then is None:
        return 0
    return max(0, int((now - datetime.fromisoformat(then)).total_seconds()))

"""How the record is cared for: last backup, last scrub, last restore check, and what lies where."""

from datetime import datetime
from typing import Any

from omp.ops import archive_check, backup, scrub
from omp.ops.desk import Desk
from omp.store import meta
from omp.store import runs as run_rows

LATE = 2.0
"""So many times its interval may go by before something is late."""


def state(desk: Desk) -> dict[str, Any]:
    """In the spelling of the status; ages in hours, None where it never happened.

    `late` says that something happened too long ago: it is due every so many hours, and twice that
    has gone by.
    """
    settings = desk.settings
    with desk.read() as tx:
        made = meta.get_json(tx, backup.LAST_KEY) or {}
        weights = run_rows.weights(tx)
    round_, checked = scrub.last(desk), archive_check.last(desk)
    own_h = settings.backup.every_h if desk.db.dialect == "sqlite" else 0.0
    return {
        "backup": {
            **_aged(desk, made.get("at"), own_h),
            "name": made.get("name"),
            "supported": desk.db.dialect == "sqlite",
            "faults": 0,
        },
        "scrub": {
            **_aged(desk, None if round_ is None else round_.done_at, settings.store.scrub_every_h),
            "underWay": round_ is not None and round_.done_at is None,
            "faults": 0 if round_ is None else len(round_.faults),
        },
        "archiveCheck": {
            **_aged(desk, checked.at if checked else None, settings.retention.archive_check_h),
            "runs": len(checked.runs) if checked else 0,
            "faults": len(checked.faults) if checked else 0,
        },
        "places": {
            place: {"runs": number, "bytes": size} for place, (number, size) in weights.items()
        },
    }


def _aged(desk: Desk, at: str | None, every_h: float) -> dict[str, Any]:
    age_h = None
    if at is not None:
        age_h = max(0.0, (desk.clock.now() - datetime.fromisoformat(at)).total_seconds() / 3600)
    return {
        "at": at,
        "ageH": None if age_h is None else round(age_h, 2),
        "everyH": every_h,
        "late": bool(every_h) and age_h is not None and age_h > LATE * every_h,
    }

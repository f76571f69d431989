"""What waits for an instant follows the date when somebody sets it, so that no wait grows."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from omp.store import journal
from omp.store import runs as rows


def follow_date(tx: Connection, *, jumped_s: float, slept_s: float = 0.0) -> int:
    """Move back-offs and the last progress of running runs along with the date.

    Args:
        jumped_s: By so much the date was set, forwards or (negative) backwards, seconds.
        slept_s: So long the machine slept, seconds; no run could make progress meanwhile.

    Returns:
        How many runs were moved.
    """
    moved = 0
    for run in rows.find(tx, states=("queued", "running"), limit=100_000):
        if run.state == "queued" and run.not_before is not None:
            later = _moved(run.not_before, jumped_s)
            moved += rows.change(tx, run.id, state=run.state, not_before=later)
        elif run.state == "running" and (since := run.progress_at or run.started_at):
            later = _moved(since, jumped_s + slept_s)
            moved += rows.change(tx, run.id, state=run.state, progress_at=later)
    return moved


def _moved(instant: str, seconds: float) -> str:
    return journal.iso(datetime.fromisoformat(instant) + timedelta(seconds=seconds))

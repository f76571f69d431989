"""Which run directories retention may touch at all; every tier asks here."""

import os
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from omp.ops.desk import Desk
from omp.store import hall, journal
from omp.store import incidents as incident_rows
from omp.store import runs as run_rows
from omp.store.runs import Run

RETURNED_H = 24.0
"""A run that was brought back is left alone for so long."""

_LOOKED_AT = 1_000


@dataclass(frozen=True)
class Kept:
    """A run directory that stays, and why."""

    run_id: str
    reason: str


@dataclass(frozen=True)
class Shield:
    """What must stay whole.

    Args:
        recent: The most recent runs that have a directory.
        promoted: Runs that an entry of the Hall came from, in any episode.
        suspect: Runs that an open incident names.
        returned_after: A run that was put where it lies after this instant was brought back.
    """

    recent: frozenset[str]
    promoted: frozenset[str]
    suspect: frozenset[str]
    returned_after: str

    def why(self, run: Run) -> str | None:
        """Why a run's directory stays as it is; None when it may be touched."""
        rules = (
            (not run.terminal, f"it is {run.state}"),
            (run.place != "here", f"it is {run.place}"),
            (run.held is not None, f"it is held: {run.held}"),
            (run.id in self.promoted or run.outcome == "promoted", "it was promoted"),
            (run.outcome in ("pending", "waiting"), f"its promotion is {run.outcome}"),
            (run.id in self.suspect, "an open incident names it"),
            (run.id in self.recent, "it is among the most recent"),
            (
                run.placed_at is not None and run.placed_at > self.returned_after,
                "it was brought back less than a day ago",
            ),
        )
        return next((why for holds, why in rules if holds), None)


def shield(desk: Desk, tx: Connection, keep: int) -> Shield:
    """What must stay, as the record says now."""
    here = run_rows.here(tx, limit=keep + _LOOKED_AT)
    with_folder = [one for one in here if os.path.lexists(desk.workspace.run(one))]
    suspect = {
        str(run)
        for incident in incident_rows.find(tx, states=incident_rows.OPEN, limit=100_000)
        for run in incident.details.get("runs", [])
    }
    return Shield(
        recent=frozenset(with_folder[:keep]),
        promoted=hall.promoted_runs(tx),
        suspect=frozenset(suspect),
        returned_after=ago(desk, hours=RETURNED_H),
    )


def ago(desk: Desk, *, days: float = 0.0, hours: float = 0.0) -> str:
    """The instant so long before now, as the tables keep it."""
    return journal.iso(desk.clock.now() - timedelta(days=days, hours=hours))

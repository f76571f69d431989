"""The funnel: every trial that was charged, and where it fell. Its steps add up to the ledger."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from omp.domain.errors import Damaged
from omp.gates.panel import gates
from omp.ops.desk import Desk
from omp.store import funnel as rows
from omp.store import runs as run_rows
from omp.store import snapshots
from omp.store.funnel import Closest

OPEN, UNFINISHED, SEARCH = "no result", "run not completed", "search"
NOT_JUDGED, PASSED = "not judged yet", "screen passed"
THROUGH = ("pass", "promoted")

ABOUT = {
    OPEN: "charged before it was evaluated, and never evaluated: it counts all the same",
    UNFINISHED: "of a run that failed, was cancelled or still runs",
    SEARCH: "not among the best of its run by the Sharpe ratio expected of it",
    NOT_JUDGED: "exported, and not yet put before the gates",
    PASSED: "passed every gate of the screen, and could be offered",
}


@dataclass(frozen=True)
class Step:
    """One step of the funnel.

    Args:
        name: `no result`, `run not completed`, `search`, a gate, `not judged yet`, or
            `screen passed`, which is where the trials end that did not fall.
        about: What fell there, in words.
        fell: Trials that ended there.
        left: Trials that went on.
        closest: Of those a gate stopped, the one that came closest to its bar.
    """

    name: str
    about: str
    fell: int
    left: int
    closest: Closest | None = None


@dataclass(frozen=True)
class Subjects:
    """What became of the subjects that the runs offered, one a completed run.

    Args:
        runs: Completed runs. looks: Looks granted. promoted: Subjects in the Hall of Fame.
        pending: Not judged to the end yet.
        stopped: Gate -> subjects (or champions, where none could be offered) it stopped.
    """

    runs: int
    looks: int
    promoted: int
    pending: int
    stopped: dict[str, int]


@dataclass(frozen=True)
class Funnel:
    """Where the trials of a run, or of all runs of a lineage, fell.

    Args:
        of: The run or the lineage.
        trials: What the ledger holds.
        accounted: What the steps add up to.
        reconciles: The two are equal.
    """

    of: str
    runs: int
    trials: int
    accounted: int
    reconciles: bool
    steps: tuple[Step, ...]
    subjects: Subjects


def of_run(desk: Desk, run_id: str) -> Funnel:
    """Where the trials of one run fell.

    Raises:
        NotFound: There is no such run.
        Damaged: The steps are more than the ledger was charged.
    """
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
        return _funnel(desk, tx, run.id, (run.id,), counted=_counted(run))


def of_lineage(desk: Desk, lineage_id: str) -> Funnel:
    """Where the trials of a lineage fell, over all its runs.

    Raises:
        NotFound: There is no such lineage.
        Damaged: The steps are more than the ledger was charged.
    """
    with desk.read() as tx:
        root = snapshots.root(tx, lineage_id)
        of = rows.runs_of_lineages(snapshots.members(tx, root.id))
        return _funnel(desk, tx, root.id, of, counted=rows.counted(tx, of))


def _counted(run: run_rows.Run) -> int:
    """Distinct trials that a completed run's own manifest counts; proven when it was ingested."""
    return int(run.trials or 0) if run.state == "completed" else 0


def _funnel(desk: Desk, tx: Connection, name: str, of: Any, *, counted: int) -> Funnel:
    charged = rows.charged(tx, of)
    stopped = rows.stopped(tx, of)
    exported = sum(stopped.values())
    passed = sum(number for (outcome, _), number in stopped.items() if outcome in THROUGH)
    unjudged = sum(number for (outcome, _), number in stopped.items() if outcome is None)
    fallen = [
        (OPEN, charged.open),
        (UNFINISHED, charged.of_unfinished),
        (SEARCH, counted - exported),
        (NOT_JUDGED, unjudged),
    ]
    by_gate: dict[str, int] = {}
    for (outcome, gate), number in stopped.items():
        if outcome is not None and outcome not in THROUGH and gate is not None:
            by_gate[gate] = by_gate.get(gate, 0) + number
    if min(number for _, number in fallen) < 0:
        raise Damaged(
            f"the runs of {name} exported {exported} candidates of {counted} trials",
            remedy="omp verify says whether the record is whole",
        )
    units = {gate.name: gate.unit for gate in gates(desk.settings.gates)}
    asked = [name for name in units if name in by_gate]
    fallen += [(gate, by_gate[gate]) for gate in [*asked, *sorted(set(by_gate) - set(asked))]]
    left, steps = charged.trials, []
    for step, number in fallen:
        if number == 0:
            continue
        left -= number
        near = rows.closest(tx, of, step, units.get(step, "")) if step in by_gate else None
        about = ABOUT.get(step) or f"stopped first by the gate {step}"
        steps.append(Step(step, about, number, left, near))
    steps.append(Step(PASSED, ABOUT[PASSED], passed, 0))
    accounted = sum(one.fell for one in steps)
    return Funnel(
        name,
        charged.runs,
        charged.trials,
        accounted,
        accounted == charged.trials,
        tuple(steps),
        _subjects(tx, of),
    )


def _subjects(tx: Connection, of: Any) -> Subjects:
    ended = rows.subjects_stopped(tx, of)
    stopped: dict[str, int] = {}
    for (outcome, gate), number in ended.items():
        if outcome == "refused":
            stopped[gate or "no candidate"] = stopped.get(gate or "no candidate", 0) + number
    promoted = sum(number for (outcome, _), number in ended.items() if outcome == "promoted")
    total = sum(ended.values())
    return Subjects(
        runs=total,
        looks=rows.looked(tx, of),
        promoted=promoted,
        pending=total - promoted - sum(stopped.values()),
        stopped=stopped,
    )

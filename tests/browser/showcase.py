"""A workspace in mid-life: runs of every state, an entry, refusals, looks, canaries, incidents.

Figures are made up, but every file has its true digest and every row went through its verb, so
the pages show what they would show of real runs.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from tests.desks import write_campaign, write_data
from tests.finished import FakeChildren, finish_run, make_candidates

from omp.app import open_desk
from omp.domain.canary import SequentialTest
from omp.ops import data, data_incidents, hall, incidents, miner, promotion, queue, runs, workspace
from omp.ops.desk import Desk
from omp.ops.runs import Progress
from omp.store import hall as rows
from omp.store import runs as run_rows
from omp.store.hall import Canary
from omp.wire.lines import Lines
from omp.wire.rundir import RunDirectory

GENERATIONS = 40


@dataclass(frozen=True)
class Showcase:
    """The desk and the names of what it shows."""

    desk: Desk
    entry: str
    promoted_run: str
    refused_run: str
    running_run: str


def furnish(root: Path) -> Showcase:
    """Lay it all out."""
    workspace.create(root, demo=False, idle=True)
    desk = open_desk(root, operator="ada")
    miner.want(desk, "start", reason="a working day")
    promoted = finish_run(desk, "Trend on three caps", found=make_candidates(6))
    _walk(desk, promoted)
    entry = hall.listed(desk)[0].candidate_id
    refused = finish_run(
        desk,
        "Reversal on three caps",
        population=120,
        found=make_candidates(8, tag="r", dsr=0.31, sharpe_x_annual=0.82),
    )
    _walk(desk, refused)
    write_data(root, "moves", symbols=("BBB", "CCC"), environment="demo")
    _questioned(desk, root)
    running = _running(desk, root)
    for number, name in enumerate(("Breakout, small caps", "Pairs by sector"), start=1):
        path = write_campaign(root, f"waiting_{number}", source="moves", population=200 + number)
        queue.add(desk, name=name, config_path=path, priority=4 + number)
    _canaries(desk, (promoted, refused))
    incidents.open_incident(
        desk,
        "data.gap:moves",
        "SEV-2",
        "The data set moves lacks two sessions of March 2019.",
        details={"symptoms": ["2 sessions without bars"], "runs": [refused]},
    )
    return Showcase(desk, entry, promoted, refused, running)


def _questioned(desk: Desk, root: Path) -> None:
    """A data set with gaps, faults and an incident of each state."""
    symbols = ("BBB", "CCC", *(f"SYM{number:02d}" for number in range(10)))
    path = write_data(root, "small-caps", symbols=symbols, venue="br", boundary="2017-01-02")
    months = 121
    counted = {
        symbol: {
            "start": 3 * number,
            "sessions": [21] * (months - 3 * number),
            "missing": [
                {40: 2, 41: 9}.get(month, 0) if number % 3 == 0 else 0
                for month in range(3 * number, months)
            ],
        }
        for number, symbol in enumerate(symbols)
    }
    calendar = {"schema_version": 1, "calendar": "venue", "first_month": "2010-01"}
    calendar |= {"months": months, "symbols": counted}
    (path.parent / "calendar.json").write_text(json.dumps(calendar))
    split = {
        "rule": "split_jump",
        "symbol": "CCC",
        "time": "2015-07-02T00:00:00Z",
        "detail": "the open is a multiple of the last close as after a split (jump 0.3875)",
        "remedy": "import adjusted prices, or accept split_jump if the move is real",
    }
    certificate = {"ready": True, "faults": [], "accepted": [split], "unknown": {}}
    (path.parent / "readiness.json").write_text(json.dumps(certificate))
    data.register_snapshot(desk, path)
    first = data_incidents.open_about(
        desk, "small-caps", summary="SYM03 lacks June 2013", symbols=["SYM03"]
    )
    data_incidents.resolve(
        desk, first.incident.id, cause="the vendor lost it", prevention="the count is checked"
    )
    data_incidents.open_about(
        desk, "small-caps", summary="closes of May 2013 are those of April", first="2013-05-01"
    )


def _walk(desk: Desk, run_id: str) -> None:
    children = FakeChildren(desk.workspace)
    while promotion.advance(desk, run_id, children).more:
        pass


def _running(desk: Desk, root: Path) -> str:
    path = write_campaign(root, "momentum", source="moves", population=150)
    added = queue.add(desk, name="Momentum, two caps", config_path=path, priority=1)
    run_id = str(added.run_id)
    runs.claim(desk, run_id)
    folder = RunDirectory(desk.workspace.run(run_id)).root
    folder.mkdir(parents=True)
    (folder / "events.ndjson").touch()
    for generation in range(15):
        advance(desk, run_id, generation)
    return run_id


def advance(desk: Desk, run_id: str, generation: int) -> None:
    """One more generation of the running run, as its child and the supervisor write it."""
    best = 0.6 + 0.9 * (1 - math.exp(-generation / 9))
    latest = Progress(
        generation=generation,
        generations=GENERATIONS,
        best_sharpe=round(best, 3),
        candidates=80 + 37 * generation,
        trials=1729 + 412 * generation,
        evals_per_s=1840.0,
        eta_s=6.5 * (GENERATIONS - generation),
    )
    path = RunDirectory(desk.workspace.run(run_id)).events
    with path.open("a", encoding="utf-8") as file:
        Lines(file).emit("progress", **vars(latest))
    with desk.read() as tx:
        attempt = run_rows.get(tx, run_id).attempt
    runs.progress(desk, run_id, attempt, latest, advanced=True, new_generation=True, stage="mine")


def _canaries(desk: Desk, of_runs: tuple[str, ...]) -> None:
    test, score = SequentialTest(), 0.0
    with desk.write() as tx:
        for run_id in of_runs:
            score += test.step_clean
            rows.add_canary(tx, Canary(run_id, False, score, desk.clock.iso()))

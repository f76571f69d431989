"""What MinerControl shows: state, run, queue, machine, proof, incidents, activity."""

import shutil
from typing import Any

import psutil  # type: ignore[import-untyped]
from sqlalchemy import Connection

from omp.domain.canary import SequentialTest
from omp.domain.limits import pace_in_words
from omp.ops import incidents, queue, runs
from omp.ops.desk import Desk
from omp.ops.miner_status import status
from omp.store import hall, ledger, looks
from omp.store import runs as run_rows
from omp.web import phrases

EXPLAINED = 30
"""Campaigns whose waiting is explained one by one; a longer queue is read by place alone."""


def everything(desk: Desk, environment: str | None) -> dict[str, Any]:
    """All parts of the page at once."""
    now = status(desk, environment=environment)
    return {
        "status": now,
        **current(desk, now, environment),
        **waiting(desk, environment),
        **machine(desk, now),
        **proof(desk, environment),
        **open_incidents(desk),
        "activity": phrases.latest(desk),
    }


def current(desk: Desk, now: dict[str, Any], environment: str | None) -> dict[str, Any]:
    """What runs; where nothing does, why, and what ran last."""
    last = None
    if not now["currentRuns"]:
        ended = runs.list_runs(desk, environment=environment, limit=20).items
        last = next((one for one in ended if one["finished_at"]), None)
    return {"runs": now["currentRuns"], "idle": _idle(now), "last": last}


def _idle(now: dict[str, Any]) -> str:
    if now["status"] != "running":
        way = {"offline": "start it", "paused": "resume it"}.get(now["status"], "start it")
        return f"Nothing runs: the miner is {now['status']}. To mine, {way}."
    if now["blocked"]:
        return f"Nothing runs: {now['blocked'][0]}."
    if not now["queueDepth"]:
        return "Nothing runs: no campaign in the queue has a run left."
    return "Nothing runs yet; the next run starts at the next tick of the loop."


def waiting(desk: Desk, environment: str | None) -> dict[str, Any]:
    """The queue in its order, each campaign with why it does not run."""
    found = queue.list_queue(desk, environment=environment)
    why = {one.id: one.state for one in found}
    for one in found[:EXPLAINED]:
        why[one.id] = _why(queue.why(desk, one.id))
    return {"queue": found, "why": why}


def _why(answer: queue.Why) -> str:
    if answer.is_running:
        return "running"
    if not answer.reasons:
        return "starts at the next tick"
    return "; ".join(answer.reasons[: 2 if answer.place else 1])


def machine(desk: Desk, now: dict[str, Any]) -> dict[str, Any]:
    """Gauges: what is used, and where the limit stands."""
    reading, limits = now["resources"], now["resources"]["limits"]
    total_mb = psutil.virtual_memory().total / 2**20
    total_gb = shutil.disk_usage(desk.workspace.root).total / 1e9
    free_mb, free_gb = reading["memAvailableMb"], reading["diskFreeGb"]
    return {
        "resources": reading,
        "care": now["care"],
        "gauges": [
            {
                "name": "CPU",
                "text": f"{reading['cpuUtilPct']:.0f} % busy",
                "limit_text": f"new runs wait while others use over {limits['maxCpuUtilPct']:g} %",
                "share": reading["cpuUtilPct"],
                "limit": limits["maxCpuUtilPct"],
                "over": False,
            },
            {
                "name": "Memory",
                "text": f"{free_mb:,.0f} MB available",
                "limit_text": f"new runs wait below {limits['minMemAvailableMb']:g} MB",
                "share": 100 * (1 - free_mb / total_mb),
                "limit": 100 * (1 - limits["minMemAvailableMb"] / total_mb),
                "over": free_mb < limits["minMemAvailableMb"],
            },
            {
                "name": "Disk",
                "text": f"{free_gb:,.1f} GB free" + pace_in_words(reading["diskFullInS"]),
                "limit_text": f"cleans below {limits['warnDiskFreeGb']:g} GB, "
                f"stops below {limits['minDiskFreeGb']:g} GB",
                "share": 100 * (1 - free_gb / total_gb),
                "limit": 100 * (1 - limits["minDiskFreeGb"] / total_gb),
                "over": free_gb < limits["warnDiskFreeGb"],
            },
        ],
    }


def proof(desk: Desk, environment: str | None) -> dict[str, Any]:
    """Trials counted, looks taken, and how the canaries stand."""
    test = SequentialTest()
    with desk.read() as tx:
        trials = ledger.trials_in(tx, environment)
        flying = runs_in_flight(tx, environment)
        taken = looks.count_in(tx, environment)
        judged = hall.judged_canaries(tx)
    score = judged[-1].score if judged else 0.0
    verdict = "undecided"
    if abs(score) >= test.bound:
        verdict = "alarm" if score > 0 else "accept"
    return {
        "proof": {
            "trials": trials,
            "in_flight": flying,
            "looks": taken,
            "canaries": len(judged),
            "hits": sum(one.promoted for one in judged),
            "score": score,
            "verdict": verdict,
            "bound": test.bound,
            "share": 100 * (score + test.bound) / (2 * test.bound),
        }
    }


def runs_in_flight(tx: Connection, environment: str | None) -> int:
    """Trials that running runs have made and the ledger has not taken over yet."""
    running = run_rows.find(tx, states=("running",), environment=environment)
    return sum(max(0, (one.trials or 0) - ledger.of_run(tx, one.id).trials) for one in running)


def open_incidents(desk: Desk) -> dict[str, Any]:
    """What a person must know about."""
    return {"open_incidents": incidents.listed(desk, open_only=True, limit=20)}

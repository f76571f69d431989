"""What the miner shall do, and what it does: start, stop, pause, resume, status, top."""

import sys
import time
from typing import Annotated, Any

import typer

from omp.cli.doors import live_daemon
from omp.cli.face import Answer, Face, note, verb
from omp.cli.printing import clean, instant, number, plain, record, seconds, table
from omp.domain.limits import pace_in_words

Reason = Annotated[str | None, typer.Option("--reason", "-r", help="Why; kept in the journal.")]

CLEAR = "\x1b[H\x1b[2J"


QUIET = frozenset({"run.progress", "ledger.charged", "run.claimed", "seed.registered"})
"""Kinds of records that the feed of the terminal leaves out."""


def add_to(app: typer.Typer) -> None:
    """Put these commands on `app`."""
    verb(app, "start")(start)
    verb(app, "stop")(stop)
    verb(app, "pause")(pause)
    verb(app, "resume")(resume)
    verb(app, "status")(status)
    verb(app, "top")(top)


def start(face: Face, reason: Reason = None) -> Answer:
    """Start mining; starts a daemon in the background if there is none."""
    if live_daemon(face.workspace) is None:
        from omp.cli.background import start_daemon

        daemon = start_daemon(face.workspace)
        note(f"the daemon listens on {daemon.address} (process {daemon.pid})")
        status = face.call("miner.status")
        if status.get("status") == "running":
            return _moved(status)
    return _moved(face.call("miner.start", reason=reason))


def stop(face: Face, reason: Reason = None) -> Answer:
    """Stop mining: what runs is checkpointed back to the queue; the daemon answers on."""
    return _moved(face.call("miner.stop", reason=reason))


def pause(
    face: Face,
    suspend: Annotated[
        bool, typer.Option("--suspend", help="Also checkpoint what runs now.")
    ] = False,
    reason: Reason = None,
) -> Answer:
    """Start nothing new; what runs goes on, unless suspended."""
    return _moved(face.call("miner.pause", suspend=suspend, reason=reason))


def resume(face: Face, reason: Reason = None) -> Answer:
    """Go on after a pause."""
    return _moved(face.call("miner.resume", reason=reason))


def _moved(view: dict[str, Any]) -> Answer:
    state = view.get("status") or view.get("state")
    wanted = view.get("wanted")
    text = f"the miner is {state}"
    if wanted not in (None, state):
        text += f", and will be {wanted}"
    return Answer(view, [text])


def status(face: Face) -> Answer:
    """Show the miner, the machine, what runs and what happened last."""
    view = face.call("miner.status")
    daemon = live_daemon(face.workspace)
    return Answer(view, status_lines(view, daemon.address if daemon else None))


def status_lines(view: dict[str, Any], address: str | None) -> list[str]:
    """The status as a person reads it."""
    machine = view.get("resources") or {}
    head: dict[str, Any] = {
        "miner": view.get("status"),
        "wanted": view.get("wanted"),
        "daemon": address or "not running (omp up starts it)",
        **({"up": seconds(view.get("uptimeS"))} if address else {}),
        "cpu": f"{number(0)(machine.get('cpuUtilPct'))} %",
        "memory": f"{number(0)(machine.get('memAvailableMb'))} MB available",
        "disk": f"{number(1)(machine.get('diskFreeGb'))} GB free"
        + pace_in_words(machine.get("diskFullInS")),
        "queued": view.get("queueDepth"),
    }
    if (at_work := view.get("maintenance") or {}).get("on"):
        head["maintenance"] = f"since {instant(at_work.get('since'))}: {at_work.get('reason')}"
    if blocked := view.get("blocked"):
        head["blocked"] = blocked
    if frozen := view.get("promotionsFrozen"):
        head["frozen"] = f"no promotion while {plain(frozen)} is open"
    incident = view.get("lastIncident")
    if incident:
        head["incident"] = (
            f"{incident.get('id')} {incident.get('severity')} {incident.get('state')}: "
            f"{incident.get('summary')}"
        )
    lines = record(head)
    runs = view.get("currentRuns") or []
    if runs:
        lines += ["", *table([_run_row(run) for run in runs], _RUN_COLUMNS)]
    activity = view.get("activityLog") or []
    if activity:
        told = [one for one in activity if one.get("kind") not in QUIET]
        lines += ["", *(activity_line(one) for one in told[:8])]
    return lines


_RUN_COLUMNS = (
    ("run", "RUN"),
    ("campaign", "CAMPAIGN"),
    ("stage", "STAGE"),
    ("progress", "GENERATION"),
    ("best", "BEST SHARPE", number(2)),
    ("trials", "TRIALS"),
    ("rate", "TRIALS/S", number(0)),
    ("eta", "LEFT", seconds),
)


def _run_row(run: dict[str, Any]) -> dict[str, Any]:
    def get(*names: str) -> Any:
        return next((run[name] for name in names if run.get(name) is not None), None)

    return {
        "run": get("id"),
        "campaign": get("campaign", "campaignName", "campaignId"),
        "stage": get("stage"),
        "progress": f"{plain(get('generation'))}/{plain(get('generations'))}",
        "best": get("bestSharpe"),
        "trials": get("trials"),
        "rate": get("evalsPerS"),
        "eta": get("etaS"),
    }


def activity_line(event: dict[str, Any]) -> str:
    """One journal record as a line of the feed."""
    about = event.get("campaign") or event.get("subject") or ""
    return clean(f"{instant(event.get('timestamp'))}  {about[:24]:<24}  {event.get('message')}")


def top(
    face: Face,
    every: Annotated[float, typer.Option("--every", min=0.2, help="Seconds between looks.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look once and leave.")] = False,
) -> Answer:
    """Watch the miner; leave with Ctrl-C."""
    if once or face.is_json or not sys.stdout.isatty():
        return status(face)
    if not face.door.is_live:
        note("no daemon runs; this is how things stand (omp up starts mining)")
        return status(face)
    try:
        while True:
            answer = status(face)
            sys.stdout.write(CLEAR + "\n".join(answer.lines) + "\n")
            sys.stdout.flush()
            time.sleep(every)
    except KeyboardInterrupt:
        return Answer(None)

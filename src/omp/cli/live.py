"""What `omp up` shows while it mines: a live view on a terminal, plain lines elsewhere."""

import json
import sys
import time
from collections.abc import Callable
from threading import Event
from typing import Any

from omp.cli.face import say
from omp.cli.miner_commands import QUIET, activity_line
from omp.cli.printing import clean, number, plain, seconds
from omp.domain.errors import OmpError

LOOK_S = 1.0
PLAIN_EVERY_S = 5.0
FEED = 8

Status = Callable[[], dict[str, Any]]


def follow(status: Status, address: str, stop: Event, *, is_json: bool = False) -> None:
    """Show the miner until `stop` is set; on a terminal as a live view."""
    if sys.stdout.isatty() and not is_json:
        _on_terminal(status, address, stop)
    else:
        _in_lines(status, stop, is_json=is_json)


def _in_lines(status: Status, stop: Event, *, is_json: bool) -> None:
    feed = Feed()
    while not stop.wait(LOOK_S):
        _look(feed, status, is_json=is_json)
    _look(feed, status, is_json=is_json)


def _look(feed: "Feed", status: Status, *, is_json: bool) -> None:
    try:
        view = status()
    except OmpError as error:
        say(f"the record cannot be read: {error.sentence}")
        return
    for event in feed.fresh(view):
        say(json.dumps(event) if is_json else activity_line(event))
    for line in feed.progress(view, time.monotonic()):
        say(line if not is_json else json.dumps({"kind": "progress", "message": line}))
    sys.stdout.flush()


class Feed:
    """Keeps what was told already, so that nothing is told twice."""

    def __init__(self) -> None:
        self._seen = -1
        self._told: dict[str, tuple[Any, float]] = {}

    def fresh(self, view: dict[str, Any]) -> list[dict[str, Any]]:
        """Events that are new, oldest first; the first look tells none of the past."""
        events = view.get("activityLog") or []
        newest = max((one["seq"] for one in events), default=0)
        before, self._seen = self._seen, max(self._seen, newest)
        if before < 0:
            return []
        new = [one for one in events if one["seq"] > before and one["kind"] not in QUIET]
        return sorted(new, key=lambda one: int(one["seq"]))

    def progress(self, view: dict[str, Any], now_s: float) -> list[str]:
        """A line for each run that went on, not more often than every five seconds."""
        lines = []
        for run in view.get("currentRuns") or ():
            state = (run.get("stage"), run.get("generation"))
            told, when = self._told.get(run["id"], (None, float("-inf")))
            if state != told and now_s - when >= PLAIN_EVERY_S:
                self._told[run["id"]] = (state, now_s)
                lines.append(run_line(run))
        return lines


def run_line(run: dict[str, Any]) -> str:
    """One run in one line."""
    parts = [f"{'':19}  {str(run.get('campaign'))[:24]:<24}", str(run.get("stage"))]
    if run.get("generation") is not None:
        parts.append(f"generation {run['generation']}/{plain(run.get('generations'))}")
        parts.append(f"best Sharpe {number(2)(run.get('bestSharpe'))}")
        parts.append(f"{plain(run.get('trials'))} trials")
        parts.append(f"{number(0)(run.get('evalsPerS'))}/s")
        parts.append(f"{seconds(run.get('etaS'))} left")
    return clean("  ".join(parts))


def _on_terminal(status: Status, address: str, stop: Event) -> None:
    from rich.console import Console
    from rich.live import Live

    feed: list[dict[str, Any]] = []
    with Live(console=Console(), refresh_per_second=4, transient=True) as live:
        while not stop.wait(LOOK_S / 2):
            try:
                view = status()
            except OmpError as error:
                live.update(error.sentence)
                continue
            feed = [one for one in view.get("activityLog") or () if one["kind"] not in QUIET]
            live.update(_view(view, address, feed[:FEED]))


def _view(view: dict[str, Any], address: str, feed: list[dict[str, Any]]) -> Any:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    machine = view.get("resources") or {}
    head = Text.assemble(
        ("omp ", "bold"),
        (str(view.get("status")), "green" if view.get("status") == "running" else "yellow"),
        f"  {address}  cpu {number(0)(machine.get('cpuUtilPct'))} %  "
        f"memory {number(0)(machine.get('memAvailableMb'))} MB  "
        f"disk {number(1)(machine.get('diskFreeGb'))} GB  queued {view.get('queueDepth')}",
    )
    runs = Table.grid(padding=(0, 1), expand=False)
    for run in view.get("currentRuns") or ():
        done, total = run.get("generation") or 0, run.get("generations") or 1
        runs.add_row(
            Text(clean(str(run.get("campaign")))),
            Text(str(run.get("stage"))),
            ProgressBar(total=total, completed=done, width=24),
            Text(f"{done}/{total}"),
            Text(f"best {number(2)(run.get('bestSharpe'))}"),
            Text(f"{plain(run.get('trials'))} trials"),
            Text(f"{seconds(run.get('etaS'))} left"),
        )
    blocked = [Text(f"blocked: {clean(str(one))}", "yellow") for one in view.get("blocked") or ()]
    lines = [Text(activity_line(one), "dim", no_wrap=True, overflow="ellipsis") for one in feed]
    return Group(head, *blocked, runs, *lines, Text("Ctrl-C checkpoints and stops", "dim"))

"""Maintenance: nothing is started while a person works on the machine."""

import time
from typing import Annotated

import typer

from omp.cli.face import Answer, Face, note, verb
from omp.cli.miner_commands import Reason
from omp.cli.printing import instant

app = typer.Typer(help="Start nothing while you work on the machine.", no_args_is_help=True)


def add_to(parent: typer.Typer) -> None:
    """Put the group on `parent`."""
    parent.add_typer(app, name="maintenance")


@verb(app, "on")
def on(
    face: Face,
    reason: Reason = None,
    drain: Annotated[bool, typer.Option("--drain", help="Let what runs come to its end.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Come back when nothing runs.")] = False,
) -> Answer:
    """Start nothing new; what runs is checkpointed back to the queue, or drained."""
    data = face.call("maintenance.turn", on=True, reason=reason, drain=drain)
    if wait:
        note(f"waiting for {data.get('busy')} runs")
        while data.get("busy"):
            time.sleep(0.5)
            data = face.call("maintenance.state")
    return Answer(data, _told(data))


@verb(app, "off")
def off(face: Face, reason: Reason = None) -> Answer:
    """Do again what is wanted of the miner."""
    return Answer(data := face.call("maintenance.turn", on=False, reason=reason), _told(data))


@verb(app, "show")
def show(face: Face) -> Answer:
    """Say whether maintenance is on, why, and what still runs."""
    return Answer(data := face.call("maintenance.state"), _told(data))


def _told(data: dict[str, object]) -> list[str]:
    busy = data.get("busy") or 0
    runs = "nothing runs" if not busy else f"{busy} still running"
    if not data.get("on"):
        return [f"maintenance is off; {runs}"]
    since = f"since {instant(data.get('since'))} by {data.get('operator')}"
    return [f"maintenance is on {since}: {data.get('reason')}; {runs}"]

"""Incidents: list, show, ack, resolve."""

from typing import Annotated

import typer

from omp.cli.face import Answer, Face, verb
from omp.cli.printing import instant, plain, record, table

Incident = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, INC-….")]

COLUMNS = (
    ("id", "INCIDENT"),
    ("severity", "SEVERITY"),
    ("state", "STATE"),
    ("occurrences", "TIMES"),
    ("detected_at", "DETECTED", instant),
    ("summary", "SUMMARY"),
)

app = typer.Typer(help="What a person must know about.", no_args_is_help=True)


def add_to(parent: typer.Typer) -> None:
    """Put the group on `parent`."""
    parent.add_typer(app, name="incidents")


@verb(app, "list")
def list_incidents(
    face: Face,
    every: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
) -> Answer:
    """Show the incidents that are not resolved."""
    data = face.call("incidents.list", state="all" if every else "open")
    rows = data.get("items", ())
    return Answer(data, table(rows, COLUMNS, empty="no incident"))


@verb(app, "show")
def show(face: Face, incident: Incident) -> Answer:
    """Show one incident."""
    data = face.call("incidents.show", incident=incident)
    details = data.get("details")
    head = {key: value for key, value in data.items() if key != "details"}
    lines = record(head)
    if isinstance(details, dict):
        lines += ["", *record(details)]
    return Answer(data, lines)


@verb(app, "ack")
def acknowledge(face: Face, incident: Incident) -> Answer:
    """Say that a person has seen it."""
    data = face.call("incidents.acknowledge", incident=incident)
    return Answer(data, [f"{incident} is {plain(data.get('state'))}"])


@verb(app, "resolve")
def resolve(
    face: Face,
    incident: Incident,
    cause: Annotated[str, typer.Option(help="What brought it about.")],
    prevention: Annotated[str, typer.Option(help="What keeps it from coming again.")],
    resolution: Annotated[str, typer.Option(help="What was done about it.")],
) -> Answer:
    """Close an incident with its cause, its resolution and its prevention."""
    data = face.call(
        "incidents.resolve",
        incident=incident,
        cause=cause,
        prevention=prevention,
        resolution=resolution,
    )
    return Answer(data, [f"{incident} is {plain(data.get('state'))}"])

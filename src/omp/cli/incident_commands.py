"""Incidents: list, show, report, ack, silence, resolve; and a test of the alerts."""

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

SILENCE_COLUMNS = (
    ("id", "SILENCE"),
    ("kind", "KIND"),
    ("until", "UNTIL", instant),
    ("operator", "BY"),
    ("reason", "REASON"),
)

app = typer.Typer(help="What a person must know about.", no_args_is_help=True)
alerts_app = typer.Typer(help="Who is told of incidents.", no_args_is_help=True)


def add_to(parent: typer.Typer) -> None:
    """Put the group on `parent`."""
    parent.add_typer(app, name="incidents")
    parent.add_typer(alerts_app, name="alerts")


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


@verb(app, "report")
def report(
    face: Face,
    summary: Annotated[str, typer.Argument(help="What was seen, in a sentence.")],
    severity: Annotated[str, typer.Option(help="SEV-0, SEV-1 or SEV-2.")] = "SEV-2",
    fingerprint: Annotated[
        str | None, typer.Option("--kind", help="Its kind; the same again is the same incident.")
    ] = None,
) -> Answer:
    """Open an incident about something you saw."""
    data = face.call(
        "incidents.report", summary=summary, severity=severity, fingerprint=fingerprint
    )
    return Answer(data, [f"{data.get('id')} is {plain(data.get('state'))}"])


@verb(app, "silence")
def silence(
    face: Face,
    kind: Annotated[
        str,
        typer.Argument(help="An incident's id, or how fingerprints begin, such as watchdog.disk."),
    ],
    length: Annotated[str, typer.Option("--for", help="How long: 30min, 2h, 1d.")],
    reason: Annotated[str, typer.Option(help="Why nobody is to be told.")],
) -> Answer:
    """Send no alerts about a kind of incident for a while; a SEV-0 is told all the same."""
    data = face.call("silences.add", kind=kind, length=length, reason=reason)
    return Answer(
        data, [f"{data.get('id')}: {kind} is silenced until {instant(data.get('until'))}"]
    )


@verb(app, "silences")
def list_silences(face: Face) -> Answer:
    """Show the silences in force."""
    data = face.call("silences.list")
    return Answer(data, table(data.get("items", ()), SILENCE_COLUMNS, empty="nothing is silenced"))


@verb(app, "unsilence")
def lift(
    face: Face, silence: Annotated[str, typer.Argument(metavar="SILENCE", help="Its id, sil_….")]
) -> Answer:
    """End a silence before its time."""
    data = face.call("silences.lift", silence=silence)
    return Answer(data, [f"{plain(data.get('kind'))} is told of again"])


@verb(alerts_app, "test")
def send_test(face: Face) -> Answer:
    """Send a test message to every address of [alerts]; exit code 1 if one does not take it."""
    data = face.call("alerts.test")
    columns = (("target", "ADDRESS"), ("ok", "TAKEN"), ("error", "WHY NOT"))
    lines = table(data.get("items", ()), columns)
    return Answer(data, lines, exit_code=1 if data.get("ok") is False else 0)

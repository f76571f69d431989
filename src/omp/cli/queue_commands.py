"""The queue: list, add, show, why, enable, disable, priority, remove."""

from pathlib import Path
from typing import Annotated, Any

import typer

from omp.cli.face import Answer, Face, verb
from omp.cli.miner_commands import Reason
from omp.cli.printing import instant, plain, record, table

Campaign = Annotated[
    str, typer.Argument(metavar="CAMPAIGN", help="Its id, as omp queue list shows.")
]

COLUMNS = (
    ("id", "ID"),
    ("name", "NAME"),
    ("priority", "PRIORITY"),
    ("state", "STATE"),
    ("status", "LATEST RUN"),
    ("repeat", "REPEAT"),
    ("environment", "ENVIRONMENT"),
    ("market", "MARKET"),
    ("created_at", "ADDED", instant),
)

app = typer.Typer(help="The campaigns that wait for a run.", no_args_is_help=True)


def add_to(parent: typer.Typer) -> None:
    """Put the group on `parent`."""
    parent.add_typer(app, name="queue")


def _row(view: dict[str, Any]) -> dict[str, Any]:
    row = dict(view)
    row.setdefault("state", "enabled" if view.get("enabled") else "disabled")
    return row


@verb(app, "list")
def list_campaigns(face: Face) -> Answer:
    """Show every campaign, in the order in which they are served."""
    data = face.call("queue.list")
    rows = [_row(one) for one in data.get("items", data.get("campaigns", ()))]
    return Answer(data, table(rows, COLUMNS, empty="the queue is empty: omp queue add FILE"))


@verb(app, "add")
def add(
    face: Face,
    config: Annotated[str, typer.Argument(help="The campaign's TOML, inside the workspace.")],
    name: Annotated[str | None, typer.Option(help="Its name; by default the file's.")] = None,
    priority: Annotated[int, typer.Option(min=1, max=10, help="1 is first.")] = 5,
    market: Annotated[str | None, typer.Option(help="By default the file's.")] = None,
    repeat: Annotated[
        bool | None, typer.Option(help="Queue it again with the next seed, for ever.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A label; may be given again.")] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Add it switched off.")] = False,
    reason: Reason = None,
    key: Annotated[
        str | None, typer.Option("--key", help="The same key twice is one submission.")
    ] = None,
) -> Answer:
    """Add a campaign to the queue."""
    data = face.call(
        "queue.add",
        name=name or _name_in(face, config),
        config_path=_relative(face, config),
        priority=priority,
        market=market,
        repeat=repeat,
        tags=tag,
        enabled=False if disabled else None,
        reason=reason,
        idempotency_key=key,
    )
    done = "was there already" if data.get("duplicate") else "added"
    return Answer(data, [f"{done}: {data.get('id')} {plain(data.get('name'))}"])


def _relative(face: Face, config: str) -> str:
    """The path below the workspace, where the person's own path leads there."""
    inside = face.workspace.root
    given = Path(config).expanduser()
    for path in (inside / given, Path.cwd() / given):
        if path.is_file() and path.resolve().is_relative_to(inside):
            return str(path.resolve().relative_to(inside))
    return config


def _name_in(face: Face, config: str) -> str:
    from omp.config.campaign_file import read_campaign

    path = face.workspace.inside(_relative(face, config), "the campaign file")
    return read_campaign(path).campaign.name


@verb(app, "show")
def show(face: Face, campaign: Campaign) -> Answer:
    """Show one campaign."""
    data = face.call("queue.show", campaign=campaign)
    return Answer(data, record(data, {"created_at": instant, "updated_at": instant}))


@verb(app, "why")
def why(face: Face, campaign: Campaign) -> Answer:
    """Say why a campaign is not running, and what would run next."""
    data = face.call("queue.why", campaign=campaign)
    lines = [plain(data.get("sentence"))]
    lines += [f"- {plain(one)}" for one in data.get("reasons") or ()]
    following = data.get("next_campaign")
    lines.append(f"next: {following} ({data.get('next_run')})" if following else "nothing waits")
    return Answer(data, lines)


def _change(face: Face, campaign: str, **change: Any) -> Answer:
    return _told(face.call("queue.change", campaign=campaign, **change))


def _told(data: dict[str, Any]) -> Answer:
    place = f", place {data['place']} in the line" if data.get("place") else ""
    state = _row(data).get("state")
    return Answer(data, [f"{data.get('id')} is {state}, priority {data.get('priority')}{place}"])


@verb(app, "enable")
def enable(face: Face, campaign: Campaign, reason: Reason = None) -> Answer:
    """Let a campaign run."""
    return _change(face, campaign, enabled=True, reason=reason)


@verb(app, "disable")
def disable(face: Face, campaign: Campaign, reason: Reason = None) -> Answer:
    """Keep a campaign in the queue without running it."""
    return _change(face, campaign, enabled=False, reason=reason)


@verb(app, "priority")
def priority(
    face: Face,
    campaign: Campaign,
    value: Annotated[int, typer.Argument(min=1, max=10, help="1 is first, 10 last.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; required.")],
) -> Answer:
    """Serve a campaign earlier or later."""
    return _change(face, campaign, priority=value, reason=reason)


@verb(app, "move")
def move(
    face: Face,
    campaign: Campaign,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; required.")],
    before: Annotated[
        str | None, typer.Option(help="The campaign it goes before; without it, it goes last.")
    ] = None,
) -> Answer:
    """Put a campaign before another one, or last."""
    given = {"campaign": campaign, "before": before, "reason": reason}
    return _told(face.door.call("queue.move", given))


@verb(app, "lift")
def lift(
    face: Face,
    campaign: Campaign,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; required.")],
) -> Answer:
    """End a quarantine; the campaign is disabled then, and may be enabled."""
    return _told(face.call("queue.lift", campaign=campaign, reason=reason))


@verb(app, "again")
def again(face: Face, campaign: Campaign, reason: Reason = None) -> Answer:
    """Queue one more run: a failed one again with its seed, else the next seed."""
    return _told(face.call("queue.again", campaign=campaign, reason=reason))


@verb(app, "approve")
def approve(
    face: Face,
    campaign: Campaign,
    approval: Annotated[
        str, typer.Argument(help="researcher_reviewed, configuration_validated or data_ready.")
    ],
) -> Answer:
    """Approve a campaign's spec card."""
    return _told(face.call("queue.approve", campaign=campaign, approval=approval))


@verb(app, "remove")
def remove(face: Face, campaign: Campaign, reason: Reason = None) -> Answer:
    """Take a campaign out of the queue; its runs and their record stay."""
    data = face.call("queue.remove", campaign=campaign, reason=reason)
    return Answer(data, [f"removed {campaign}"])

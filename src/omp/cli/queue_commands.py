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

Campaigns = Annotated[
    list[str] | None, typer.Argument(metavar="[CAMPAIGN]...", help="Ids, as omp queue list shows.")
]
Tag = Annotated[str | None, typer.Option("--tag", help="All campaigns with this tag.")]
All = Annotated[bool, typer.Option("--all", help="All campaigns of the queue.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Change nothing; say what would change, and the order.")
]
SHOWN = 20
"""Places of the line that a dry run prints."""

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
    after: Annotated[
        list[str] | None,
        typer.Option(help="A campaign that must have completed first; may be given again."),
    ] = None,
    reason: Reason = None,
    key: Annotated[
        str | None, typer.Option("--key", help="The same key twice is one submission.")
    ] = None,
    dry_run: DryRun = False,
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
        after=after,
        idempotency_key=key,
        dry_run=dry_run or None,
    )
    if dry_run:
        return _tried(data)
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


def _told(data: dict[str, Any]) -> Answer:
    if data.get("dry_run"):
        return _tried(data)
    place = f", place {data['place']} in the line" if data.get("place") else ""
    state = _row(data).get("state")
    return Answer(data, [f"{data.get('id')} is {state}, priority {data.get('priority')}{place}"])


def _tried(data: dict[str, Any]) -> Answer:
    """What a dry run found."""
    lines = ["nothing was changed; it would be:"]
    lines += [
        f"- {one['action']} {one['campaign_id']}: {plain(one['impact'])}"
        for one in data.get("changes", ())
    ]
    order = data.get("order", ())
    lines.append("the line would be:" if order else "nothing would wait")
    lines += [f"{one['place']:>4}  {plain(one['name'])} ({one['id']})" for one in order[:SHOWN]]
    if len(order) > SHOWN:
        lines.append(f"      and {len(order) - SHOWN} more")
    return Answer(data, lines)


def _many(
    face: Face,
    action: str,
    campaigns: list[str] | None,
    tag: str | None,
    all_: bool,
    dry_run: bool,
    **given: Any,
) -> Answer:
    """One campaign by its own call, several by one call for all of them."""
    ids = campaigns or []
    given = {**given, "dry_run": dry_run or None}
    if len(ids) == 1 and tag is None and not all_:
        if action == "remove":
            data = face.call("queue.remove", campaign=ids[0], **given)
            return _tried(data) if dry_run else Answer(data, [f"removed {ids[0]}"])
        if action != "priority":
            given["enabled"] = action == "enable"
        return _told(face.call("queue.change", campaign=ids[0], **given))
    asked = {"ids": ids or None, "tag": tag, "everything": all_ or None}
    data = face.call("queue.bulk", action=action, **asked, **given)
    if dry_run:
        return _tried(data)
    changed, same = data.get("changed", ()), data.get("unchanged", ())
    lines = [f"{action}: {len(changed)} campaigns changed, {len(same)} were so already"]
    return Answer(data, lines + [f"- {one}" for one in changed])


@verb(app, "enable")
def enable(
    face: Face,
    campaign: Campaigns = None,
    tag: Tag = None,
    all_: All = False,
    reason: Reason = None,
    dry_run: DryRun = False,
) -> Answer:
    """Let campaigns run."""
    return _many(face, "enable", campaign, tag, all_, dry_run, reason=reason)


@verb(app, "disable")
def disable(
    face: Face,
    campaign: Campaigns = None,
    tag: Tag = None,
    all_: All = False,
    reason: Reason = None,
    dry_run: DryRun = False,
) -> Answer:
    """Keep campaigns in the queue without running them."""
    return _many(face, "disable", campaign, tag, all_, dry_run, reason=reason)


@verb(app, "priority")
def priority(
    face: Face,
    campaign: Campaigns = None,
    *,
    value: Annotated[int, typer.Argument(min=1, max=10, help="1 is first, 10 last.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; required.")],
    tag: Tag = None,
    all_: All = False,
    dry_run: DryRun = False,
) -> Answer:
    """Serve campaigns earlier or later: their ids, then the priority."""
    return _many(face, "priority", campaign, tag, all_, dry_run, priority=value, reason=reason)


@verb(app, "after")
def after(
    face: Face,
    campaign: Campaign,
    other: Annotated[
        list[str] | None,
        typer.Argument(metavar="[OTHER]...", help="Ids or names; none: it waits for no other."),
    ] = None,
    reason: Reason = None,
    dry_run: DryRun = False,
) -> Answer:
    """Start a campaign only once the latest runs of others have completed."""
    given = {"after": other or [], "reason": reason, "dry_run": dry_run or None}
    return _told(face.call("queue.change", campaign=campaign, **given))


@verb(app, "move")
def move(
    face: Face,
    campaign: Campaign,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; required.")],
    before: Annotated[
        str | None, typer.Option(help="The campaign it goes before; without it, it goes last.")
    ] = None,
    dry_run: DryRun = False,
) -> Answer:
    """Put a campaign before another one, or last."""
    given: dict[str, Any] = {"campaign": campaign, "before": before, "reason": reason}
    return _told(face.door.call("queue.move", {**given, **({"dry_run": True} if dry_run else {})}))


@verb(app, "lift")
def lift(
    face: Face,
    campaign: Campaign,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; required.")],
    dry_run: DryRun = False,
) -> Answer:
    """End a quarantine; the campaign is disabled then, and may be enabled."""
    given = {"reason": reason, "dry_run": dry_run or None}
    return _told(face.call("queue.lift", campaign=campaign, **given))


@verb(app, "again")
def again(face: Face, campaign: Campaign, reason: Reason = None, dry_run: DryRun = False) -> Answer:
    """Queue one more run: a failed one again with its seed, else the next seed."""
    given = {"reason": reason, "dry_run": dry_run or None}
    return _told(face.call("queue.again", campaign=campaign, **given))


OneApproval = Annotated[
    str, typer.Argument(help="researcher_reviewed, configuration_validated or data_ready.")
]


@verb(app, "approve")
def approve(
    face: Face, campaign: Campaign, approval: OneApproval, dry_run: DryRun = False
) -> Answer:
    """Approve a campaign's spec card."""
    given = {"approval": approval, "dry_run": dry_run or None}
    return _told(face.call("queue.approve", campaign=campaign, **given))


@verb(app, "disapprove")
def disapprove(
    face: Face,
    campaign: Campaign,
    approval: OneApproval,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; required.")],
    dry_run: DryRun = False,
) -> Answer:
    """Withdraw an approval; what runs goes on to its end."""
    given = {"approval": approval, "reason": reason, "dry_run": dry_run or None}
    return _told(face.call("queue.disapprove", campaign=campaign, **given))


@verb(app, "remove")
def remove(
    face: Face,
    campaign: Campaigns = None,
    tag: Tag = None,
    all_: All = False,
    reason: Reason = None,
    dry_run: DryRun = False,
) -> Answer:
    """Take campaigns out of the queue; their runs and their record stay."""
    return _many(face, "remove", campaign, tag, all_, dry_run, reason=reason)

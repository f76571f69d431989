"""The steps of a queue change, each in the caller's transaction, each with its record."""

from typing import Any

from sqlalchemy import Connection

from omp.domain.campaign import CAMPAIGN, MARKETS, PRIORITY_FIRST, PRIORITY_LAST
from omp.domain.errors import DataHeld, InvalidInput
from omp.domain.ids import new_id
from omp.ops import campaign_configs, data
from omp.ops.desk import Desk
from omp.ops.queue_after import dependents, resolve, waits_for
from omp.ops.queue_file import entry, rehearsing
from omp.ops.queue_next import line
from omp.ops.queue_order import priority_for
from omp.ops.queue_record import reason_for, record
from omp.ops.queue_runs import cancel_queued, queue_run, wants_run
from omp.store import campaigns as rows
from omp.store import runs
from omp.store.campaigns import Campaign


def insert(
    desk: Desk,
    tx: Connection,
    request: dict[str, Any],
    *,
    reason: str | None,
    campaign_id: str | None = None,
) -> tuple[Campaign, bool]:
    """Validate and insert a campaign in the caller's transaction; says whether it is new."""
    found = campaign_configs.read(desk, request["config_path"])
    market = request.get("market") or found.file.campaign.market
    check_fields({**request, "market": market})
    for one in rows.of_config(tx, found.hash):
        last = runs.latest(tx, one.id)
        if one.state == "enabled" if last is None else last.state in runs.LIVE:
            return one, False
    named = request.get("after")
    after = resolve(tx, None, found.file.queue.after if named is None else named)
    source = data.resolve(desk, tx, found.file.data.source, may_wait=True)
    if rehearsing.get() is None:
        data.write_lineages(desk, tx)
    campaign_configs.keep(desk, tx, found)
    now = desk.clock.now()
    stamp = {"by": desk.operator, "at": desk.clock.iso()}
    campaign = rows.add(
        tx,
        Campaign(
            id=campaign_id or new_id("campaign", now_s=now.timestamp()),
            name=str(request["name"]).strip(),
            config_path=str(request["config_path"]),
            config_hash=found.hash,
            market=market,
            environment=source.environment,
            priority=int(request["priority"]),
            position=rows.last_position(tx) + 1,
            state="enabled" if request["enabled"] else "disabled",
            quarantine_reason=None,
            repeat=bool(request.get("repeat")),
            tags=[str(tag) for tag in request.get("tags") or found.file.campaign.tags],
            owner=found.file.campaign.owner or desk.operator,
            approvals={
                "configuration_validated": {**stamp, "config_hash": found.hash},
                "data_ready": stamp,
            },
            after=after,
            consecutive_failures=0,
            version=1,
            created_at=stamp["at"],
            updated_at=stamp["at"],
        ),
    )
    impact = "no run is queued yet"
    try:
        run = queue_run(desk, tx, campaign) if wants_run(desk, tx, campaign) else None
        if run is not None:
            impact = f"run {run.id} is queued with seed {run.seed}"
    except DataHeld as held:
        impact += f": {held.asked}"
    shown = {**entry(campaign), **({"after": after} if after else {})}
    record(desk, tx, campaign.id, "add", {}, shown, reason=reason, impact=impact)
    return campaign, True


def check_fields(fields: dict[str, Any]) -> None:
    """Refuse values that no campaign can have.

    Raises:
        InvalidInput: Names the first field that cannot be used, and what it may be.
    """
    name = fields.get("name")
    if name is not None and not (isinstance(name, str) and 0 < len(name.strip()) <= 200):
        raise InvalidInput(f"name {name!r}", allowed="a text of 1 to 200 characters")
    priority = fields.get("priority")
    if priority is not None and not (
        type(priority) is int and PRIORITY_FIRST <= priority <= PRIORITY_LAST
    ):
        raise InvalidInput(
            f"priority {priority!r}",
            allowed=f"a whole number from {PRIORITY_FIRST} (first) to {PRIORITY_LAST} (last)",
        )
    market = fields.get("market")
    if market is not None and market not in MARKETS:
        raise InvalidInput(f"market {market!r}", allowed=", ".join(MARKETS))
    for flag in ("enabled", "repeat"):
        if fields.get(flag) is not None and not isinstance(fields[flag], bool):
            raise InvalidInput(f"{flag} {fields[flag]!r}", allowed="true or false")
    tags = fields.get("tags")
    if tags is not None and not (
        isinstance(tags, list | tuple)
        and len(tags) <= 32
        and all(isinstance(tag, str) and 0 < len(tag) <= 64 for tag in tags)
    ):
        raise InvalidInput(f"tags {tags!r}", allowed="a list of at most 32 short texts")


def apply(
    desk: Desk,
    tx: Connection,
    before: Campaign,
    wanted: dict[str, Any],
    *,
    reason: str | None,
    impact: str | None = None,
) -> tuple[str, ...]:
    """Make the changes of some fields in the caller's transaction; gives the actions taken.

    Args:
        impact: What a change of order or texts means; None to work it out.
    """
    check_fields(wanted)
    if wanted.get("after") is not None:
        wanted = {**wanted, "after": resolve(tx, before.id, wanted["after"])}
    old = {**entry(before), "after": before.after}
    differing = {
        key: value for key, value in wanted.items() if value is not None and old[key] != value
    }
    actions = []
    for field, value in differing.items():
        action = field
        values: dict[str, Any] = {field: value}
        if field == "enabled":
            action = "enable" if value else "disable"
            values = {"state": CAMPAIGN.after(before.state, action)}
        reason_for(action, reason)
        rows.change(tx, before.id, **values, updated_at=desk.clock.iso())
        told = impact if impact and field != "enabled" else impact_of(desk, tx, before.id, action)
        record(
            desk,
            tx,
            before.id,
            action,
            {field: old[field]},
            {field: value},
            reason=reason,
            impact=told,
        )
        actions.append(action)
    return tuple(actions)


def impact_of(desk: Desk, tx: Connection, campaign_id: str, action: str) -> str:
    campaign = rows.get(tx, campaign_id)
    if action == "enable" and wants_run(desk, tx, campaign):
        run = queue_run(desk, tx, campaign)
        return f"run {run.id} is queued" if run else "its list of seeds has ended"
    if action == "disable":
        return "no further run of it starts; one that is under way goes on"
    if action == "after":
        names = [one.name for one in rows.of_ids(tx, campaign.after).values()]
        return f"it starts after {', '.join(sorted(names))}" if names else "it waits for no other"
    waiting = [one.campaign.id for one in line(desk, tx)]
    if campaign_id in waiting:
        return f"place {waiting.index(campaign_id) + 1} of {len(waiting)} in the line"
    return "no run of it waits"


def place_before(
    desk: Desk, tx: Connection, moved: Campaign, before: str | None, *, reason: str | None
) -> None:
    """The same in the caller's transaction."""
    waiting = {one.campaign.id: one.waiting for one in line(desk, tx)}
    everyone = sorted(
        rows.listed(tx),
        key=lambda one: (
            waiting[one.id].level if one.id in waiting else one.priority,
            one.position,
        ),
    )
    others = [one for one in everyone if one.id != moved.id]
    at = next((i for i, one in enumerate(others) if one.id == before), len(others))
    neighbour = others[min(at, len(others) - 1)] if others else moved
    level = waiting[neighbour.id].level if neighbour.id in waiting else neighbour.priority
    waited_s = waiting[moved.id].waiting_s if moved.id in waiting else 0.0
    priority = priority_for(level, waited_s)
    for position, one in enumerate([*others[:at], moved, *others[at:]], start=1):
        if one.position != position:
            rows.place(tx, one.id, position)
    rows.change(tx, moved.id, priority=priority, updated_at=desk.clock.iso())
    previous = [one.id for one in everyone]
    order = [one.id for one in [*others[:at], moved, *others[at:]]]
    record(
        desk,
        tx,
        moved.id,
        "reorder",
        {"place": previous.index(moved.id) + 1, "priority": moved.priority, "order": previous},
        {"place": at + 1, "priority": priority, "order": order},
        reason=reason,
        impact=impact_of(desk, tx, moved.id, "reorder"),
    )


def take_out(desk: Desk, tx: Connection, before: Campaign, *, reason: str | None) -> None:
    """The same in the caller's transaction."""
    now = desk.clock.iso()
    rows.change(tx, before.id, removed_at=now, updated_at=now)
    live = runs.live(tx, before.id)
    gone = [run.id for run in live if cancel_queued(desk, tx, run.id, "its campaign was removed")]
    on = [run.id for run in live if run.state == "running"]
    impact = ", ".join(
        [f"run {one} is cancelled" for one in gone]
        + [f"run {one} goes on" for one in on]
        + [f"{one.name} waits for it" for one in _left_waiting(tx, before)]
    )
    record(
        desk,
        tx,
        before.id,
        "remove",
        entry(before),
        {},
        reason=reason,
        impact=impact or "no further run of it starts",
    )


def _left_waiting(tx: Connection, removed: Campaign) -> tuple[Campaign, ...]:
    """Campaigns that would start only after a run of a removed one had completed."""
    others = dependents(tx, removed.id)
    return others if others and waits_for(tx, rows.get(tx, removed.id, removed=True)) else ()


def move(desk: Desk, tx: Connection, campaign_id: str, action: str, reason: str | None) -> None:
    before = rows.get(tx, campaign_id)
    after = CAMPAIGN.after(before.state, action)
    kept = reason if action == "quarantine" else None
    reason_for(action, reason)
    rows.change(tx, campaign_id, state=after, quarantine_reason=kept, updated_at=desk.clock.iso())
    record(
        desk,
        tx,
        campaign_id,
        action,
        {"state": before.state},
        {"state": after},
        reason=reason,
        impact=impact_of(desk, tx, campaign_id, "disable"),
    )

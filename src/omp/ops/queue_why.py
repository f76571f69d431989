"""Why a campaign is not running, and what would run next."""

from dataclasses import dataclass

from sqlalchemy import Connection

from omp.domain.errors import OmpError
from omp.domain.run import RUN
from omp.ops import campaign_configs, data, maintenance, miner
from omp.ops.desk import Desk
from omp.ops.queue_holds import Holds, missing_approvals
from omp.ops.queue_next import following, line
from omp.ops.queue_runs import canary_waits, due, is_retried
from omp.store import campaigns as rows
from omp.store import meta, runs
from omp.store.campaigns import Campaign

BLOCKED_KEY = "loop.blocked"
"""Under this name the daemon keeps why it starts nothing: {"reasons": […], "at": …} or nothing."""


@dataclass(frozen=True)
class Why:
    """The answer of `omp queue why`.

    Args:
        reasons: What keeps it from running, the most direct first; empty when nothing does.
        place: Its place in the line, from 1; None when no run of it waits.
        ahead: Names of the campaigns before it.
        next_campaign: Name of the campaign that would run next; None when nothing waits.
        next_run: Id of that run.
    """

    campaign_id: str
    name: str
    is_running: bool
    sentence: str
    reasons: tuple[str, ...]
    place: int | None
    ahead: tuple[str, ...]
    next_campaign: str | None
    next_run: str | None


def why(desk: Desk, campaign_id: str) -> Why:
    """Why a campaign is not running, and what would run next.

    Raises:
        NotFound: There is no such campaign.
    """
    wanted = miner.state(desk)
    with desk.read() as tx:
        campaign = rows.get(tx, campaign_id)
        live = runs.live(tx, campaign_id)
        waiting = line(desk, tx)
        at = next((i for i, one in enumerate(waiting) if one.campaign.id == campaign_id), None)
        ahead = tuple(one.campaign.name for one in waiting[: at or 0])
        is_running = any(run.state == "running" for run in live)
        reasons: list[str] = []
        if not is_running:
            reasons += _of_campaign(desk, tx, campaign, has_live=bool(live))
            holds = Holds(desk, tx)
            reasons += [why for run in live for why in holds.of(run, campaign)]
            if (at_work := maintenance.of(tx)).on:
                reasons.append(f"maintenance is on ({at_work.reason}): omp maintenance off")
            if not reasons and wanted.state != "running":
                reasons.append(f"the miner is {wanted.state}: omp {_way(wanted.state)}")
            reasons += _of_machine(tx)
            if ahead:
                reasons.append(f"{len(ahead)} go first: {', '.join(ahead[:5])}")
            slots = desk.settings.limits.max_concurrent_campaigns
            busy = len([run for run in runs.live(tx) if run.state == "running"])
            if busy >= slots:
                reasons.append(f"{busy} of {slots} slots are taken")
        first = following(desk, tx, at_any_hour=True)
    if is_running:
        sentence = f"{campaign.name} is running"
    elif reasons:
        sentence = f"{campaign.name} is not running: {reasons[0]}"
    else:
        sentence = f"{campaign.name} starts at the next tick of the loop"
    return Why(
        campaign_id,
        campaign.name,
        is_running,
        sentence,
        tuple(reasons),
        None if at is None else at + 1,
        ahead,
        first.campaign.name if first else None,
        first.run.id if first else None,
    )


def _way(state: str) -> str:
    return {"offline": "start", "paused": "resume"}.get(state, "start")


def _of_machine(tx: Connection) -> list[str]:
    kept = meta.get_json(tx, BLOCKED_KEY) or {}
    return [str(one) for one in kept.get("reasons", ())]


def _of_campaign(desk: Desk, tx: Connection, campaign: Campaign, *, has_live: bool) -> list[str]:
    if campaign.state == "quarantined":
        return [f"it is quarantined ({campaign.quarantine_reason}): omp queue lift"]
    if campaign.state == "disabled":
        return ["it is disabled: omp queue enable"]
    if has_live:
        return []
    if missing := missing_approvals(desk, campaign):
        return [f"its spec card still needs: {', '.join(missing)}"]
    last = runs.latest(tx, campaign.id)
    ended = last is not None and last.state in RUN.terminal and not campaign.repeat
    if last is not None and ended and not is_retried(desk, tx, campaign, last):
        return [f"its run {last.id} is {last.state} and it does not repeat"]
    if last is not None and (waits := canary_waits(desk, tx, campaign, last)):
        return [waits]
    try:
        found = campaign_configs.read(desk, campaign.config_path)
        source = found.file.data.source
        if not source.startswith(data.SYNTHETIC):
            source = data.lineage_of(desk, tx, source)
        chosen = due(tx, found.file, source, last=last)
    except OmpError as error:
        return [error.sentence]
    return [] if chosen.seed is not None else [chosen.sentence]

"""From campaigns to queued runs: which campaign is due, with which seed, and who goes next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from omp.config.campaign_file import CampaignFile
from omp.domain.errors import Conflict, DataHeld, DataNotReady, OmpError, Refused
from omp.domain.ids import new_id
from omp.domain.run import RUN
from omp.ops import campaign_configs, data, data_age, data_holds, data_unready, seeds
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.ops.queue_order import Waiting, ordered
from omp.store import campaigns, journal, runs, snapshots
from omp.store.campaigns import Campaign
from omp.store.runs import Run

APPROVALS: tuple[str, ...] = (
    "researcher_reviewed",
    "configuration_validated",
    "data_ready",
)
"""The spec card's approvals."""

CANARY_TAG = "canary"

BACK_OFF_S, BACK_OFF_LONGEST_S = 30.0, 900.0


@dataclass(frozen=True)
class Due:
    """What a campaign without a live run is due.

    Args:
        seed: Seed of the run it gets; None when it gets none.
        registered: The seed is registered already (a retry of a failed run).
        sentence: Why, for `omp queue why`.
    """

    seed: int | None
    registered: bool
    sentence: str


def missing_approvals(desk: Desk, campaign: Campaign) -> tuple[str, ...]:
    """Approvals that are required and not given."""
    if not desk.settings.approval.required:
        return ()
    return tuple(name for name in APPROVALS if not campaign.approvals.get(name))


def wants_run(desk: Desk, tx: Connection, campaign: Campaign) -> bool:
    """Whether the campaign is due a run, without looking at its files."""
    if campaign.state != "enabled" or campaign.removed_at or runs.live(tx, campaign.id):
        return False
    last = runs.latest(tx, campaign.id)
    if missing_approvals(desk, campaign):
        return False
    return last is None or (campaign.repeat and not canary_waits(desk, tx, campaign, last))


def canary_waits(desk: Desk, tx: Connection, campaign: Campaign, last: Run) -> str | None:
    """Why a canary is not due again yet; None for one that is due, and for any other campaign.

    A canary keeps watch over the others' gates: it is mined once for so many runs of theirs.
    """
    every = desk.settings.canary.every_n_runs
    watches = CANARY_TAG in campaign.tags and campaign.environment == "synthetic"
    if not watches or last.state == "failed":
        return None
    if every == 0:
        return "canaries are switched off ([canary] every_n_runs = 0)"
    since = last.finished_at or last.queued_at
    missing = every - runs.count_finished(tx, since=since, except_campaign=campaign.id)
    if missing <= 0:
        return None
    return f"a canary is due again after {missing} more runs of other campaigns"


def due(tx: Connection, file: CampaignFile, lineage: str, *, last: Run | None) -> Due:
    """The seed of the campaign's next run."""
    if last is not None and last.state == "failed":
        taken = {one.seed for one in seeds.used(tx, file.search_hash, lineage)}
        if last.seed in taken:
            return Due(last.seed, True, f"run {last.id} failed and is tried again with its seed")
    seed = seeds.following(tx, file, lineage)
    if seed is None:
        return Due(None, False, "its list of seeds has ended")
    return Due(seed, False, f"its next seed is {seed}")


def queue_run(desk: Desk, tx: Connection, campaign: Campaign) -> Run | None:
    """Queue the campaign's next run; None when its list of seeds has ended.

    Raises:
        OmpError: Its file or its data cannot be used now; says why.
    """
    found = campaign_configs.refreshed(desk, tx, campaign)
    source = data.resolve(desk, tx, found.file.data.source)
    last = runs.latest(tx, campaign.id)
    chosen = due(tx, found.file, source.lineage, last=last)
    if chosen.seed is None:
        return None
    now = desk.clock.now()
    run = Run(
        id=new_id("run", now_s=now.timestamp()),
        campaign_id=campaign.id,
        state=RUN.start,
        stage="queued",
        attempt=0,
        attempts_without_progress=0,
        seed=chosen.seed,
        config_hash=found.hash,
        data_digest=source.digest,
        lineage=None if source.digest is None else source.lineage,
        environment=source.environment,
        queued_at=journal.iso(now),
        not_before=_back_off(now, campaign.consecutive_failures),
    )
    runs.add(tx, run)
    if not chosen.registered:
        seeds.register(desk, tx, found.file, source.lineage, chosen.seed, run.id)
    if source.environment != campaign.environment:
        campaigns.change(tx, campaign.id, environment=source.environment)
    if last is not None:
        campaigns.place(tx, campaign.id, campaigns.last_position(tx) + 1)
    desk.note(
        tx,
        "run.queued",
        run.id,
        {
            "campaign_id": campaign.id,
            "seed": run.seed,
            "config_hash": run.config_hash,
            "data_digest": run.data_digest,
            "environment": run.environment,
            "because": "first run" if last is None else chosen.sentence,
        },
    )
    return run


def _back_off(now: datetime, failures: int) -> str | None:
    if failures <= 0:
        return None
    wait_s = min(BACK_OFF_S * 2 ** (failures - 1), BACK_OFF_LONGEST_S)
    return journal.iso(now + timedelta(seconds=wait_s))


def ensure_runs(desk: Desk) -> tuple[str, ...]:
    """Give every enabled campaign without a live run its next one; gives the new runs' ids.

    A campaign whose file or data cannot be used gets none, and an incident that says why.
    """
    with desk.read() as tx:
        waiting = [one.id for one in campaigns.listed(tx) if wants_run(desk, tx, one)]
        orphans = [one.id for one in runs.live(tx) if _orphaned(tx, one)]
    if not waiting and not orphans:
        return ()
    made = []
    for campaign_id in waiting:
        try:
            with desk.write() as tx:
                campaign = campaigns.get(tx, campaign_id)
                run = queue_run(desk, tx, campaign) if wants_run(desk, tx, campaign) else None
            if run is not None:
                made.append(run.id)
        except DataHeld:
            continue  # it waits for a person, and `omp queue why` says for what
        except OmpError as error:
            if isinstance(error, DataNotReady) and data_unready.is_of_data(error):
                data_unready.open_for(desk, _source_of(desk, campaign_id), error)
                continue
            if error.http_status >= 500:
                raise
            open_incident(
                desk,
                f"campaign.unusable:{campaign_id}",
                "SEV-2",
                f"campaign {campaign_id} cannot be queued: {error.sentence}",
                details={"campaigns": [campaign_id]},
            )
    with desk.write() as tx:
        for run_id in orphans:
            cancel_queued(desk, tx, run_id, "its campaign was removed")
    if made:
        desk.wake.set()
    return tuple(made)


def _source_of(desk: Desk, campaign_id: str) -> str:
    with desk.write() as tx:
        return campaign_configs.refreshed(desk, tx, campaigns.get(tx, campaign_id)).file.data.source


def _orphaned(tx: Connection, run: Run) -> bool:
    removed = campaigns.get(tx, run.campaign_id, removed=True).removed_at is not None
    return removed and run.state == "queued"


def cancel_queued(desk: Desk, tx: Connection, run_id: str, cause: str) -> bool:
    """Cancel a run that has not begun, or is interrupted; says whether it was queued still."""
    now = desk.clock.iso()
    done = runs.change(
        tx, run_id, state="queued", to_state="cancelled", finished_at=now, stage="done", cause=cause
    )
    if done:
        desk.note(tx, "run.cancelled", run_id, {"cause": cause})
    return done


@dataclass(frozen=True)
class Next:
    """The queued run that goes next, its campaign, and what ageing made of its priority."""

    run: Run
    campaign: Campaign
    waiting: Waiting


def line(desk: Desk, tx: Connection) -> tuple[Next, ...]:
    """Everything that waits, in the order in which it will run; back-off is not considered."""
    now = desk.clock.now()
    by_id = {one.id: one for one in campaigns.listed(tx) if one.state == "enabled"}
    queued = {
        run.campaign_id: run
        for run in runs.find(tx, states=("queued",), newest_first=True, limit=10_000)
        if run.campaign_id in by_id
    }
    waiting = [
        Waiting(
            one.id,
            queued[one.id].id,
            one.priority,
            one.position,
            (now - datetime.fromisoformat(queued[one.id].queued_at)).total_seconds(),
        )
        for one in by_id.values()
        if one.id in queued
    ]
    return tuple(
        Next(queued[one.campaign_id], by_id[one.campaign_id], one) for one in ordered(waiting)
    )


def next_run(desk: Desk, *, excluding: frozenset[str] = frozenset()) -> Next | None:
    """The run to claim next, or None; `excluding` names runs that cannot be taken now."""
    now = desk.clock.iso()
    with desk.read() as tx:
        for one in line(desk, tx):
            if one.run.id in excluding or (one.run.not_before or "") > now:
                continue
            if data_held(desk, tx, one.run) is None:
                return one
    return None


def data_held(desk: Desk, tx: Connection, run: Run) -> str | None:
    """Why a queued run waits for its data: in question, or too old; None while it does not."""
    if run.data_digest is None:
        return None
    if held := data_holds.holding(tx, run.data_digest):
        told = f"its data are in question by {', '.join(held)}"
        return f"{told}: omp data resolve {held[0]} --cause '…' --prevention '…'"
    snapshot = snapshots.get(tx, run.data_digest)
    if why := data_age.stale_because(desk, tx, snapshot):
        return f"its data are NOT READY: {why}: omp data update {snapshot.name}"
    return None


def at_claim(desk: Desk, tx: Connection, run: Run) -> Run:
    """The run as it is claimed: a campaign file that changed meanwhile is taken up, audited.

    A run that has begun keeps its configuration until it ends; so does one whose campaign was
    removed. A changed search gets a seed of its own, since a seed belongs to a search.

    Raises:
        OmpError: The file or the data cannot be used now; says why. The run stays queued.
    """
    campaign = campaigns.get(tx, run.campaign_id, removed=True)
    if run.attempt > 0 or campaign.removed_at is not None:
        return run
    before = campaign_configs.kept(tx, run.config_hash).file
    found = campaign_configs.refreshed(desk, tx, campaign)
    try:
        source = data.resolve(desk, tx, found.file.data.source)
    except DataHeld as error:  # no fault of the run: it stays in the queue
        raise Conflict(error.asked, allowed=error.allowed, remedy=error.remedy) from error
    seed = run.seed
    if found.hash != run.config_hash and (
        found.file.search_hash != before.search_hash or not found.file.search.seeds.holds(seed)
    ):
        chosen = seeds.following(tx, found.file, source.lineage)
        if chosen is None:
            raise Refused(
                f"the seeds of {campaign.config_path} have all been used",
                allowed="a seed of the declared list that no run has used",
                remedy="add a seed to [search] seeds, or remove the campaign",
            )
        seeds.register(desk, tx, found.file, source.lineage, chosen, run.id)
        seed = chosen
    seeds.require_registered(tx, found.file, source.lineage, seed)
    runs.change(
        tx,
        run.id,
        state="queued",
        config_hash=found.hash,
        seed=seed,
        data_digest=source.digest,
        lineage=None if source.digest is None else source.lineage,
        environment=source.environment,
    )
    return runs.get(tx, run.id)

"""From campaigns to queued runs: which campaign is due, with which seed, and who goes next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from omp.config.campaign_file import CampaignFile, QueueSection, parse_campaign
from omp.domain.errors import Conflict, DataHeld, DataNotReady, OmpError, Refused
from omp.domain.ids import new_id
from omp.domain.run import RUN
from omp.ops import campaign_configs, data, data_unready, seeds
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.ops.queue_holds import missing_approvals
from omp.store import campaigns, journal, queue_line, runs
from omp.store.campaigns import Campaign
from omp.store.runs import Run

CANARY_TAG = "canary"

BACK_OFF_LONGEST_S = 900.0
"""A retry waits no longer than this, unless its first pause is longer already."""


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


def wants_run(desk: Desk, tx: Connection, campaign: Campaign) -> bool:
    """Whether the campaign is due a run, without looking at its files."""
    if campaign.state != "enabled" or campaign.removed_at or runs.live(tx, campaign.id):
        return False
    last = runs.latest(tx, campaign.id)
    if missing_approvals(desk, campaign):
        return False
    if last is None:
        return True
    if campaign.repeat:
        return not canary_waits(desk, tx, campaign, last)
    return is_retried(desk, tx, campaign, last)


def is_retried(desk: Desk, tx: Connection, campaign: Campaign, last: Run) -> bool:
    """Whether a campaign that does not repeat gets one more run, because its last one failed."""
    failures = campaign.consecutive_failures
    return last.state == "failed" and 1 <= failures <= retries_of(desk, tx, campaign)[0]


def retries_of(desk: Desk, tx: Connection, campaign: Campaign) -> tuple[int, float]:
    """How often a failed run is tried again, and after how many seconds first."""
    own = _own_retries(campaigns.config(tx, campaign.config_hash).text)
    common = desk.settings.queue
    return (
        common.retries if own.retries is None else own.retries,
        common.retry_delay_s if own.retry_delay_s is None else own.retry_delay_s,
    )


@lru_cache(maxsize=1024)
def _own_retries(text: str) -> QueueSection:
    return parse_campaign(text, name="a kept configuration").queue


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
    failed = last is not None and last.state == "failed"
    if last and failed and seeds.is_registered(tx, file.search_hash, lineage, last.seed):
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
        queued_at=journal.iso(_behind(last, now)),
        not_before=_back_off(desk, tx, campaign, last),
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


def _behind(last: Run | None, now: datetime) -> datetime:
    """When a run is queued: behind the campaign's last one, though the date was set back since."""
    if last is None:
        return now
    return max(now, datetime.fromisoformat(last.queued_at) + timedelta(microseconds=1))


def _back_off(desk: Desk, tx: Connection, campaign: Campaign, last: Run | None) -> str | None:
    """The instant before which a retry does not start, counted from the failure."""
    failures = campaign.consecutive_failures
    if failures <= 0 or last is None:
        return None
    delay_s = retries_of(desk, tx, campaign)[1]
    wait_s = min(delay_s * 2 ** min(failures - 1, 20), max(delay_s, BACK_OFF_LONGEST_S))
    failed_at = datetime.fromisoformat(last.finished_at or last.queued_at)
    return journal.iso(failed_at + timedelta(seconds=wait_s))


def ensure_runs(desk: Desk) -> tuple[str, ...]:
    """Give every enabled campaign without a live run its next one; gives the new runs' ids.

    A campaign whose file or data cannot be used gets none, and an incident that says why.
    """
    with desk.read() as tx:
        perhaps = campaigns.perhaps_due(tx)
        waiting = [one for one in perhaps if wants_run(desk, tx, campaigns.get(tx, one))]
        orphans = queue_line.orphans(tx)
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


def cancel_queued(desk: Desk, tx: Connection, run_id: str, cause: str) -> bool:
    """Cancel a run that has not begun, or is interrupted; says whether it was queued still."""
    now = desk.clock.iso()
    done = runs.change(
        tx, run_id, state="queued", to_state="cancelled", finished_at=now, stage="done", cause=cause
    )
    if done:
        desk.note(tx, "run.cancelled", run_id, {"cause": cause})
    return done


def _same_search(tx: Connection, file: CampaignFile, run: Run) -> bool:
    """Whether a run's seed is still one of its search as the campaign's file now declares it."""
    before = campaign_configs.kept(tx, run.config_hash).file
    return file.search_hash == before.search_hash and file.search.seeds.holds(run.seed)


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
    found = campaign_configs.refreshed(desk, tx, campaign)
    try:
        source = data.resolve(desk, tx, found.file.data.source)
    except DataHeld as error:  # no fault of the run: it stays in the queue
        raise Conflict(error.asked, allowed=error.allowed, remedy=error.remedy) from error
    seed = run.seed
    if found.hash != run.config_hash and not _same_search(tx, found.file, run):
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
    is_new = found.hash != campaign.config_hash
    current = campaigns.get(tx, campaign.id) if is_new else campaign
    if lacking := missing_approvals(desk, current):
        raise Conflict(
            f"{campaign.config_path} was changed since it was approved",
            allowed=f"a campaign with its approvals: {', '.join(lacking)}",
            remedy=f"omp queue approve {campaign.id} {lacking[0]}",
        )
    bound: dict[str, Any] = {
        "config_hash": found.hash,
        "seed": seed,
        "data_digest": source.digest,
        "lineage": None if source.digest is None else source.lineage,
        "environment": source.environment,
    }
    if all(getattr(run, name) == value for name, value in bound.items()):
        return run
    runs.change(tx, run.id, state="queued", **bound)
    return runs.get(tx, run.id)

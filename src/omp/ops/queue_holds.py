"""What keeps a queued run from starting now: one table of reasons for the claim and for `why`."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from omp.domain import quiet_hours
from omp.domain.errors import OmpError
from omp.ops import campaign_configs, data_age, data_holds
from omp.ops.desk import Desk
from omp.ops.queue_after import waits_for
from omp.store import campaigns, journal, runs, snapshots
from omp.store.campaigns import Campaign
from omp.store.queue_line import earliest_back_off
from omp.store.runs import Run

APPROVALS: tuple[str, ...] = (
    "researcher_reviewed",
    "configuration_validated",
    "data_ready",
)
"""The spec card's approvals."""

OF_A_CONFIGURATION: frozenset[str] = frozenset({"researcher_reviewed", "configuration_validated"})
"""Approvals that lapse when the campaign's file changes."""


def missing_approvals(desk: Desk, campaign: Campaign) -> tuple[str, ...]:
    """Approvals that are required and not given, or were given to another configuration."""
    if not desk.settings.approval.required:
        return ()
    return tuple(name for name in APPROVALS if not approved(campaign, name))


def approved(campaign: Campaign, name: str) -> bool:
    """Whether an approval stands for the campaign as it is."""
    stamp = campaign.approvals.get(name)
    if not stamp:
        return False
    of = stamp.get("config_hash", campaign.config_hash)
    return name not in OF_A_CONFIGURATION or bool(of == campaign.config_hash)


def quiet_until(desk: Desk) -> tuple[datetime, ZoneInfo] | None:
    """When the quiet hours are over, and the zone that says so; None while they do not hold."""
    now = desk.clock.now()
    hours = [quiet_hours.parse(text) for text in desk.settings.queue.quiet_hours]
    until = quiet_hours.quiet_until(hours, now)
    if until is None:
        return None
    return until, next(one.zone for one in hours if one.holds(now))


def quiet_because(desk: Desk) -> str | None:
    """Why nothing new starts at this hour; None when something may."""
    found = quiet_until(desk)
    if found is None:
        return None
    until, zone = found
    wall = until.astimezone(zone)
    return f"quiet hours until {wall:%a %H:%M} {zone.key} ({until.astimezone(UTC):%Y-%m-%dT%H:%MZ})"


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


class Holds:
    """What keeps queued runs from starting, asked of one state of the record.

    Each question is asked once, however many runs wait for its answer.
    """

    def __init__(self, desk: Desk, tx: Connection, *, at_any_hour: bool = False) -> None:
        self._desk, self._tx = desk, tx
        self._now = desk.clock.iso()
        self._quiet = None if at_any_hour else quiet_because(desk)
        self._others: dict[str, str | None] = {}
        self._data: dict[str | None, str | None] = {}
        self._tags: dict[str, list[str]] | None = None
        self._table: tuple[Callable[[Run, Campaign], Iterator[str]], ...] = (
            self._approvals,
            self._after,
            self._of_data,
            self._of_tags,
            self._back_off,
            self._hours,
        )

    @property
    def everybody(self) -> str | None:
        """What keeps all runs from starting."""
        return self._quiet

    def of(self, run: Run, campaign: Campaign) -> tuple[str, ...]:
        """Everything that keeps a queued run from starting, the most direct first."""
        return tuple(why for ask in self._table for why in ask(run, campaign))

    def holds(self, run: Run, campaign: Campaign) -> bool:
        """Whether anything does."""
        return any(True for ask in self._table for _ in ask(run, campaign))

    def _approvals(self, _: Run, campaign: Campaign) -> Iterator[str]:
        if not self._desk.settings.approval.required:
            return
        lacking = missing_approvals(self._desk, campaign)
        if not lacking and self._changed(campaign):
            lacking = ("researcher_reviewed",)
            yield f"{campaign.config_path} was changed since it was approved"
        if lacking:
            yield f"its spec card still needs: {', '.join(lacking)}"

    def _changed(self, campaign: Campaign) -> bool:
        try:
            return campaign_configs.read(self._desk, campaign.config_path).hash != (
                campaign.config_hash
            )
        except OmpError:
            return False  # whoever claims it says what is wrong with the file

    def _after(self, _: Run, campaign: Campaign) -> Iterator[str]:
        unknown = [one for one in campaign.after if one not in self._others]
        if unknown:
            for other_id, other in campaigns.of_ids(self._tx, unknown).items():
                self._others[other_id] = waits_for(self._tx, other)
        for one in campaign.after:
            if why := self._others.get(one):
                yield why

    def _of_data(self, run: Run, _: Campaign) -> Iterator[str]:
        if run.data_digest not in self._data:
            self._data[run.data_digest] = data_held(self._desk, self._tx, run)
        if why := self._data[run.data_digest]:
            yield why

    def _of_tags(self, _: Run, campaign: Campaign) -> Iterator[str]:
        limits = self._desk.settings.queue.tag_limits
        for tag in dict.fromkeys(campaign.tags):
            if tag in limits and len(busy := self._running(tag)) >= limits[tag]:
                by = f": {', '.join(busy[:3])}" if busy else ""
                yield f"the tag {tag} lets {limits[tag]} run at the same time{by}"

    def _running(self, tag: str) -> list[str]:
        """Runs under way of campaigns with a tag."""
        if self._tags is None:
            under_way = runs.find(self._tx, states=("running",), limit=1000)
            owners = campaigns.of_ids(self._tx, {one.campaign_id for one in under_way})
            self._tags = {}
            for one in under_way:
                for each in set(owners[one.campaign_id].tags):
                    self._tags.setdefault(each, []).append(one.id)
        return self._tags.get(tag, [])

    def _back_off(self, run: Run, _: Campaign) -> Iterator[str]:
        if (run.not_before or "") > self._now:
            yield f"it failed lately and waits until {run.not_before}"

    def _hours(self, _: Run, __: Campaign) -> Iterator[str]:
        if self._quiet:
            yield self._quiet


def wakes_at(desk: Desk, tx: Connection) -> str | None:
    """The first instant at which time alone lets a queued run start; None: time alone lets none."""
    instants = [earliest_back_off(tx, desk.clock.iso())]
    if found := quiet_until(desk):
        instants.append(journal.iso(found[0].astimezone(UTC)))
    return min((one for one in instants if one), default=None)

"""Rows of campaigns and of what belongs to the queue: configurations, seeds, changes, requests."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy import exists as some

from omp.domain.errors import Conflict, NotFound
from omp.store.rows import from_row, known, packed, to_values
from omp.store.tables import campaigns, config_versions, idempotency, queue_changes, runs, seeds

_LIVE = ("queued", "running")
_JSON = ("tags", "approvals", "after")


@dataclass(frozen=True)
class Campaign:
    """A standing order to mine; the columns of `campaigns`.

    Args:
        position: Place among campaigns of equal (aged) priority; smaller goes first.
        state: enabled, disabled or quarantined.
        approvals: Spec-card approval -> who gave it and when.
        version: Counts changes; an ETag for If-Match.
        after: Ids of the campaigns whose latest run must have completed before it starts.
    """

    id: str
    name: str
    config_path: str
    config_hash: str
    market: str
    environment: str
    priority: int
    position: int
    state: str
    quarantine_reason: str | None
    repeat: bool
    tags: list[str]
    owner: str
    approvals: dict[str, Any]
    consecutive_failures: int
    version: int
    created_at: str
    updated_at: str
    removed_at: str | None = None
    after: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ConfigVersion:
    """One distinct content of a configuration, kept under its hash for ever."""

    hash: str
    kind: str
    name: str
    text: str
    created_at: str


@dataclass(frozen=True)
class QueueChange:
    """One change of the queue, as its card shows it; `previous` and `new` are states."""

    id: str
    ts: str
    operator: str
    action: str
    campaign_id: str
    previous: dict[str, Any]
    new: dict[str, Any]
    reason: str
    impact: str


@dataclass(frozen=True)
class Seed:
    """A seed registered for a configuration on a data lineage, and the run that used it."""

    config_hash: str
    lineage: str
    seed: int
    ordinal: int
    run_id: str | None
    registered_at: str


def add(tx: Connection, campaign: Campaign) -> Campaign:
    """Insert a campaign."""
    tx.execute(insert(campaigns).values(**to_values(campaign, _JSON)))
    return campaign


def get(tx: Connection, campaign_id: str, *, removed: bool = False) -> Campaign:
    """The campaign of that id.

    Raises:
        NotFound: There is none, or it was removed (unless `removed` ones are wanted too).
    """
    row = tx.execute(select(campaigns).where(campaigns.c.id == campaign_id)).first()
    if row is None or (row.removed_at is not None and not removed):
        raise NotFound(
            f"there is no campaign {campaign_id[:96]!r} in the queue",
            remedy="omp queue list shows the campaigns there are",
        )
    return from_row(Campaign, row, _JSON)


def exists(tx: Connection, campaign_id: str) -> bool:
    """Whether the id was ever used, by a removed campaign too."""
    query = select(campaigns.c.id).where(campaigns.c.id == campaign_id)
    return tx.execute(query).first() is not None


def listed(tx: Connection, *, removed: bool = False) -> tuple[Campaign, ...]:
    """Campaigns by priority, then position."""
    query = select(campaigns).order_by(campaigns.c.priority, campaigns.c.position, campaigns.c.id)
    if not removed:
        query = query.where(campaigns.c.removed_at.is_(None))
    return tuple(from_row(Campaign, row, _JSON) for row in tx.execute(query))


def of_ids(tx: Connection, ids: Collection[str]) -> dict[str, Campaign]:
    """Campaigns by their ids, removed ones too."""
    rows = tx.execute(select(campaigns).where(campaigns.c.id.in_(tuple(ids))))
    return {row.id: from_row(Campaign, row, _JSON) for row in rows}


def of_config(tx: Connection, config_hash: str) -> tuple[Campaign, ...]:
    """Campaigns of the queue with that configuration, by priority, then position."""
    query = select(campaigns).where(
        campaigns.c.removed_at.is_(None), campaigns.c.config_hash == config_hash
    )
    order = (campaigns.c.priority, campaigns.c.position, campaigns.c.id)
    return tuple(from_row(Campaign, row, _JSON) for row in tx.execute(query.order_by(*order)))


def perhaps_due(tx: Connection) -> tuple[str, ...]:
    """Ids of enabled campaigns without a live run that may be due one.

    Left out are those that ran, do not repeat and did not fail last.
    """
    live = some().where(runs.c.campaign_id == campaigns.c.id, runs.c.state.in_(_LIVE))
    ever = some().where(runs.c.campaign_id == campaigns.c.id)
    query = select(campaigns.c.id).where(
        campaigns.c.removed_at.is_(None),
        campaigns.c.state == "enabled",
        ~live,
        or_(campaigns.c.repeat, campaigns.c.consecutive_failures > 0, ~ever),
    )
    order = (campaigns.c.priority, campaigns.c.position, campaigns.c.id)
    return tuple(tx.execute(query.order_by(*order)).scalars())


def change(tx: Connection, campaign_id: str, *, version: int | None = None, **values: Any) -> bool:
    """Set columns and count the version up; says whether it was at `version` (None: any)."""
    known(campaigns, values)
    query = (
        update(campaigns)
        .where(campaigns.c.id == campaign_id)
        .values(**packed(values, _JSON), version=campaigns.c.version + 1)
    )
    if version is not None:
        query = query.where(campaigns.c.version == version)
    return tx.execute(query).rowcount == 1


def place(tx: Connection, campaign_id: str, position: int) -> None:
    """Set a campaign's position; others moving past it is no change of the campaign itself."""
    tx.execute(update(campaigns).where(campaigns.c.id == campaign_id).values(position=position))


def last_position(tx: Connection) -> int:
    """The greatest position in use; 0 of an empty queue."""
    return int(tx.execute(select(func.coalesce(func.max(campaigns.c.position), 0))).scalar_one())


def keep_config(tx: Connection, version: ConfigVersion) -> bool:
    """Keep a configuration under its hash; says whether it is new."""
    query = select(config_versions.c.hash).where(config_versions.c.hash == version.hash)
    if tx.execute(query).first() is not None:
        return False
    tx.execute(insert(config_versions).values(**to_values(version)))
    return True


def config(tx: Connection, config_hash: str) -> ConfigVersion:
    """The configuration of that hash.

    Raises:
        NotFound: It was never kept.
    """
    query = select(config_versions).where(config_versions.c.hash == config_hash)
    row = tx.execute(query).first()
    if row is None:
        raise NotFound(f"there is no configuration {config_hash[:64]!r}")
    return from_row(ConfigVersion, row)


def configs(tx: Connection, kind: str) -> tuple[ConfigVersion, ...]:
    """Every version of one kind (`campaign` or `settings`), the oldest first."""
    query = select(config_versions).where(config_versions.c.kind == kind)
    rows = tx.execute(query.order_by(config_versions.c.created_at, config_versions.c.hash))
    return tuple(from_row(ConfigVersion, row) for row in rows)


def record_change(tx: Connection, change_: QueueChange) -> None:
    """Keep the record of a change of the queue."""
    tx.execute(insert(queue_changes).values(**to_values(change_, ("previous", "new"))))


def changes(
    tx: Connection, *, campaign_id: str | None = None, since: str | None = None, limit: int = 200
) -> tuple[QueueChange, ...]:
    """Changes of the queue, the newest first."""
    query = select(queue_changes).order_by(queue_changes.c.ts.desc(), queue_changes.c.id.desc())
    if campaign_id is not None:
        query = query.where(queue_changes.c.campaign_id == campaign_id)
    if since is not None:
        query = query.where(queue_changes.c.ts >= since)
    rows = tx.execute(query.limit(limit))
    return tuple(from_row(QueueChange, row, ("previous", "new")) for row in rows)


def register_seed(tx: Connection, seed: Seed) -> None:
    """Register a seed on use.

    Raises:
        Conflict: It is registered already for this configuration on this lineage.
    """
    if registered_seed(tx, seed.config_hash, seed.lineage, seed.seed) is not None:
        raise Conflict(
            f"seed {seed.seed} is registered already for configuration {seed.config_hash[:12]} "
            f"on lineage {seed.lineage}",
            allowed="the next seed of the declared sequence",
            remedy="let the queue choose the seed (repeat = true), or change [search] seeds",
        )
    tx.execute(insert(seeds).values(**to_values(seed)))


def registered_seeds(tx: Connection, config_hash: str, lineage: str) -> tuple[Seed, ...]:
    """The seeds of a configuration on a lineage, in the order of their registration."""
    query = select(seeds).where(seeds.c.config_hash == config_hash, seeds.c.lineage == lineage)
    return tuple(from_row(Seed, row) for row in tx.execute(query.order_by(seeds.c.ordinal)))


def taken_seeds(tx: Connection, config_hash: str, lineage: str) -> frozenset[int]:
    """The same as bare numbers: a search that goes on for years registers many."""
    query = select(seeds.c.seed).where(
        seeds.c.config_hash == config_hash, seeds.c.lineage == lineage
    )
    return frozenset(tx.execute(query).scalars())


def registered_seed(tx: Connection, config_hash: str, lineage: str, seed: int) -> Seed | None:
    """The registration of one seed of a configuration on a lineage."""
    row = tx.execute(
        select(seeds).where(
            seeds.c.config_hash == config_hash, seeds.c.lineage == lineage, seeds.c.seed == seed
        )
    ).first()
    return None if row is None else from_row(Seed, row)


def seed_of_run(tx: Connection, run_id: str) -> Seed | None:
    """The registration of the seed that a run uses first."""
    row = tx.execute(select(seeds).where(seeds.c.run_id == run_id)).first()
    return None if row is None else from_row(Seed, row)


def kept_answer(tx: Connection, key: str) -> tuple[str, str] | None:
    """Request hash and answer kept under an idempotency key, or None."""
    row = tx.execute(select(idempotency).where(idempotency.c.key == key)).first()
    return None if row is None else (row.request_hash, row.response)


def keep_answer(tx: Connection, key: str, request_hash: str, response: str, now: str) -> None:
    """Keep the answer to a request under its idempotency key."""
    tx.execute(
        insert(idempotency).values(
            key=key, request_hash=request_hash, response=response, created_at=now
        )
    )

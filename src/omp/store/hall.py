"""Rows of the Hall of Fame: entries and their episodes, each row with a hash of its own."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from omp.domain.errors import NotFound
from omp.store.rows import from_row, to_values
from omp.store.tables import canaries, hall_entries, hall_episodes, reviews, runs
from omp.wire.canonical import digest_of

_JSON = ("provenance", "metrics", "artifacts")


@dataclass(frozen=True)
class Entry:
    """One member of the Hall; the columns of `hall_entries`.

    Args:
        state: active, flagged, demoted, quarantined or removed (a tombstone).
        episode: Counts its promotions, from 1.
        provenance: Every field of `domain.hall.PROVENANCE_FIELDS`.
        metrics: Figures that lists and pages show.
        artifacts: File in its folder -> blake3.
        row_hash: Over all other columns, so that a flipped bit is found.
    """

    candidate_id: str
    environment: str
    genome_hash: str
    behaviour_hash: str
    state: str
    state_reason: str | None
    episode: int
    run_id: str
    campaign_id: str
    promoted_at: str
    updated_at: str
    provenance: dict[str, Any]
    metrics: dict[str, Any]
    artifacts: dict[str, str]
    row_hash: str = ""

    def sealed(self) -> "Entry":
        """The same with the hash of its content."""
        return replace(self, row_hash=self.expected_hash)

    @property
    def expected_hash(self) -> str:
        """The hash that the row must have."""
        values = to_values(self)
        del values["row_hash"]
        return digest_of(values)

    @property
    def intact(self) -> bool:
        return self.row_hash == self.expected_hash


@dataclass(frozen=True)
class Episode:
    """One stay of an entry in the Hall."""

    candidate_id: str
    episode: int
    run_id: str
    look_id: str
    promoted_at: str
    ended_at: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Review:
    """A reviewer's decision: `signed` or `declined`."""

    id: str
    run_id: str
    candidate_id: str
    role: str
    decision: str
    operator: str
    reason: str
    signed_at: str


@dataclass(frozen=True)
class Canary:
    """What a canary run was judged as, and the test's score after it."""

    run_id: str
    promoted: bool
    score: float
    judged_at: str


def add(tx: Connection, entry: Entry, episode: Episode) -> Entry:
    """Enter a subject with its episode."""
    sealed = entry.sealed()
    tx.execute(insert(hall_entries).values(**to_values(sealed, _JSON)))
    tx.execute(insert(hall_episodes).values(**to_values(episode)))
    return sealed


def change(tx: Connection, before: Entry, after: Entry) -> bool:
    """Put one content of an entry in place of another; says whether the former still stood."""
    sealed = after.sealed()
    done = tx.execute(
        update(hall_entries)
        .where(
            hall_entries.c.candidate_id == before.candidate_id,
            hall_entries.c.row_hash == before.row_hash,
        )
        .values(**to_values(sealed, _JSON))
    )
    return done.rowcount == 1


def find(tx: Connection, candidate_id: str) -> Entry | None:
    """The entry of that id, or None."""
    row = tx.execute(
        select(hall_entries).where(hall_entries.c.candidate_id == candidate_id)
    ).first()
    return None if row is None else from_row(Entry, row, _JSON)


def get(tx: Connection, candidate_id: str) -> Entry:
    """The entry of that id.

    Raises:
        NotFound: There is none.
    """
    entry = find(tx, candidate_id)
    if entry is None:
        raise NotFound(
            f"the Hall of Fame has no entry {candidate_id[:96]!r}",
            remedy="omp hall list --environment all shows the entries there are",
        )
    return entry


def listed(
    tx: Connection, *, environment: str | None = None, states: Collection[str] = ()
) -> tuple[Entry, ...]:
    """Entries, the newest first."""
    query = select(hall_entries).order_by(
        hall_entries.c.promoted_at.desc(), hall_entries.c.candidate_id
    )
    if environment is not None:
        query = query.where(hall_entries.c.environment == environment)
    if states:
        query = query.where(hall_entries.c.state.in_(tuple(states)))
    return tuple(from_row(Entry, row, _JSON) for row in tx.execute(query))


def same(tx: Connection, environment: str, genome_hash: str, behaviour_hash: str) -> list[Entry]:
    """Entries of an environment with this genome or this behaviour."""
    query = select(hall_entries).where(
        hall_entries.c.environment == environment,
        (hall_entries.c.genome_hash == genome_hash)
        | (hall_entries.c.behaviour_hash == behaviour_hash),
    )
    return [from_row(Entry, row, _JSON) for row in tx.execute(query)]


def count_by_environment(tx: Connection) -> dict[str, int]:
    """Entries that are not tombstones, by environment."""
    query = (
        select(hall_entries.c.environment, func.count())
        .where(hall_entries.c.state != "removed")
        .group_by(hall_entries.c.environment)
    )
    return {str(name): int(number) for name, number in tx.execute(query)}


def add_episode(tx: Connection, episode: Episode) -> None:
    """Begin a further stay of an entry."""
    tx.execute(insert(hall_episodes).values(**to_values(episode)))


def end_episode(tx: Connection, candidate_id: str, episode: int, *, now: str, reason: str) -> None:
    """End a stay, unless it has ended."""
    tx.execute(
        update(hall_episodes)
        .where(
            hall_episodes.c.candidate_id == candidate_id,
            hall_episodes.c.episode == episode,
            hall_episodes.c.ended_at.is_(None),
        )
        .values(ended_at=now, reason=reason)
    )


def episodes(tx: Connection, candidate_id: str) -> tuple[Episode, ...]:
    """The stays of an entry, the first one first."""
    query = (
        select(hall_episodes)
        .where(hall_episodes.c.candidate_id == candidate_id)
        .order_by(hall_episodes.c.episode)
    )
    return tuple(from_row(Episode, row) for row in tx.execute(query))


def promoted_runs(tx: Connection) -> frozenset[str]:
    """Runs that an entry came from, in any episode."""
    return frozenset(str(row.run_id) for row in tx.execute(select(hall_episodes.c.run_id)))


def add_review(tx: Connection, review: Review) -> Review:
    """Keep a signature."""
    tx.execute(insert(reviews).values(**to_values(review)))
    return review


def reviews_of(tx: Connection, run_id: str, candidate_id: str) -> tuple[Review, ...]:
    """The signatures about a subject, the oldest first."""
    query = (
        select(reviews)
        .where(reviews.c.run_id == run_id, reviews.c.candidate_id == candidate_id)
        .order_by(reviews.c.signed_at, reviews.c.id)
    )
    return tuple(from_row(Review, row) for row in tx.execute(query))


def all_reviews(tx: Connection, limit: int = 200) -> tuple[Review, ...]:
    """Signatures, the newest first."""
    query = select(reviews).order_by(reviews.c.signed_at.desc(), reviews.c.id.desc()).limit(limit)
    return tuple(from_row(Review, row) for row in tx.execute(query))


def add_canary(tx: Connection, canary: Canary) -> None:
    """Keep the judgement of a canary run."""
    tx.execute(insert(canaries).values(**to_values(canary)))


def canary_markets(tx: Connection) -> frozenset[str | None]:
    """Digests of the markets on which a canary was judged."""
    query = select(runs.c.data_digest).join(canaries, canaries.c.run_id == runs.c.id)
    return frozenset(tx.execute(query).scalars())


def judged_canaries(tx: Connection) -> tuple[Canary, ...]:
    """Every judged canary, the oldest first."""
    query = select(canaries).order_by(canaries.c.judged_at, canaries.c.run_id)
    return tuple(from_row(Canary, row) for row in tx.execute(query))

"""Seeds: declared by the campaign, registered on use, never fished for.

Every seed of one search on one data lineage is registered before a run with it is queued; a run
with any other seed is refused. The search is named by the campaign file's search hash, so that a
renamed copy does not begin anew.
"""

from itertools import count

from sqlalchemy import Connection

from omp.config.campaign_file import CampaignFile
from omp.domain.errors import Refused
from omp.ops.desk import Desk
from omp.store import campaigns as rows
from omp.store import snapshots
from omp.store.campaigns import Seed


def used(tx: Connection, search_hash: str, lineage: str) -> tuple[Seed, ...]:
    """Seeds registered for a search on a lineage and on every lineage that is one with it."""
    found = [
        seed
        for member in snapshots.members(tx, lineage)
        for seed in rows.registered_seeds(tx, search_hash, member)
    ]
    return tuple(sorted(found, key=lambda seed: seed.ordinal))


def following(tx: Connection, campaign: CampaignFile, lineage: str) -> int | None:
    """The first seed of the declared sequence that is not registered; None when a list ended."""
    return _first_free(campaign, _taken(tx, campaign.search_hash, lineage))


def is_registered(tx: Connection, search_hash: str, lineage: str, seed: int) -> bool:
    """Whether a seed is registered for a search on a lineage, or on one that is one with it."""
    return any(
        rows.registered_seed(tx, search_hash, member, seed) is not None
        for member in snapshots.members(tx, lineage)
    )


def _taken(tx: Connection, search_hash: str, lineage: str) -> tuple[frozenset[int], ...]:
    """The seeds registered so far, a set for each lineage."""
    members = snapshots.members(tx, lineage)
    return tuple(rows.taken_seeds(tx, search_hash, member) for member in members)


def _first_free(campaign: CampaignFile, taken: tuple[frozenset[int], ...]) -> int | None:
    for i in count():
        seed = campaign.search.seeds.nth(i)
        if seed is None or not any(seed in one for one in taken):
            return seed
    raise AssertionError("unreachable")


def register(
    desk: Desk, tx: Connection, campaign: CampaignFile, lineage: str, seed: int, run_id: str
) -> None:
    """Register a seed for the run that uses it first.

    Raises:
        Refused: The seed is not the next of the declared sequence.
        Conflict: It is registered already.
    """
    taken = _taken(tx, campaign.search_hash, lineage)
    expected = _first_free(campaign, taken)
    ordinal = sum(map(len, taken))
    if seed != expected:
        raise Refused(
            f"seed {seed} is not the next of the declared sequence",
            allowed="no further seed: the list has ended" if expected is None else f"{expected}",
            remedy="let the queue choose the seed, or declare the sequence in [search] seeds",
        )
    rows.register_seed(
        tx,
        Seed(campaign.search_hash, lineage, seed, ordinal, run_id, desk.clock.iso()),
    )
    desk.note(
        tx,
        "seed.registered",
        run_id,
        {
            "seed": seed,
            "search_hash": campaign.search_hash,
            "lineage": lineage,
            "ordinal": ordinal,
        },
    )


def require_registered(tx: Connection, campaign: CampaignFile, lineage: str, seed: int) -> Seed:
    """The registration of a seed that a run is about to use.

    Raises:
        Refused: The seed is not registered for this search on this lineage (seed fishing).
    """
    for member in snapshots.members(tx, lineage):
        if found := rows.registered_seed(tx, campaign.search_hash, member, seed):
            return found
    registered = used(tx, campaign.search_hash, lineage)
    raise Refused(
        f"seed {seed} is not registered for search {campaign.search_hash[:12]} on {lineage}",
        allowed=", ".join(str(one.seed) for one in registered[-10:]) or "none is registered yet",
        remedy="queue the campaign: its next declared seed is registered and run",
    )

"""Campaigns that wait for others: named, free of cycles, released by a completed run."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from omp.domain.errors import InvalidInput
from omp.domain.run import RUN
from omp.store import campaigns as rows
from omp.store import runs
from omp.store.campaigns import Campaign

MOST = 32


def resolve(tx: Connection, campaign_id: str | None, named: Iterable[str]) -> list[str]:
    """Ids of the campaigns that a campaign is to wait for.

    Args:
        campaign_id: The campaign that will wait; None for one that is not in the queue yet.
        named: Ids, or names where just one campaign has the name.

    Raises:
        InvalidInput: A name is unknown or ambiguous, or the campaigns would wait in a circle.
    """
    wanted = [named] if isinstance(named, str) else list(named)
    if not wanted:
        return []
    present = {one.id: one for one in rows.listed(tx)}
    by_name: dict[str, list[str]] = {}
    for one in present.values():
        by_name.setdefault(one.name, []).append(one.id)
    found: list[str] = []
    for text in wanted:
        ids = [text] if text in present else by_name.get(str(text).strip(), [])
        if len(ids) != 1:
            raise InvalidInput(
                f"after {text!r}: {len(ids) or 'no'} campaigns of the queue have that name",
                allowed=", ".join(ids) or "the name or id of a campaign that is in the queue",
                remedy="omp queue list shows names and ids; add the campaign to wait for first",
            )
        found += [one for one in ids if one not in found]
    if len(found) > MOST:
        raise InvalidInput(f"after {len(found)} campaigns", allowed=f"at most {MOST}")
    if campaign_id is not None:
        _refuse_circle(present, campaign_id, found)
    return found


def _refuse_circle(present: dict[str, Campaign], campaign_id: str, after: Sequence[str]) -> None:
    trail: dict[str, str] = dict.fromkeys(after, campaign_id)
    open_ = list(after)
    while open_:
        one = open_.pop()
        if one == campaign_id:
            circle, at = [campaign_id], trail[one]
            while at != campaign_id:
                circle.append(at)
                at = trail[at]
            names = [present[each].name for each in [*circle, campaign_id]][::-1]
            raise InvalidInput(
                f"these campaigns would wait for each other: {' after '.join(names)}",
                allowed="an order without a circle",
                remedy="omp queue after CAMPAIGN takes away what a campaign waits for",
            )
        for further in present[one].after if one in present else ():
            if further not in trail or further == campaign_id:
                trail[further] = one
                open_.append(further)


def waits_for(tx: Connection, other: Campaign) -> str | None:
    """Why whoever waits for a campaign waits still; None once its latest run has completed.

    Of a campaign that repeats the last run that ended counts, since the next one is queued at once.
    """
    found = runs.find(tx, campaign_id=other.id, limit=1)
    ended = runs.find(tx, campaign_id=other.id, states=sorted(RUN.terminal), limit=1)
    last = (ended if other.repeat else found) or found
    if last and last[0].state == "completed":
        return None
    if other.removed_at is not None:
        return f"it waits for {other.name}, which was removed before its run completed"
    if not last:
        return f"it waits for {other.name}, of which no run was queued yet"
    told = f"it waits for {other.name}, whose run {last[0].id} is {last[0].state}"
    if last[0].state in RUN.terminal and found[0].state not in runs.LIVE:
        return f"{told}: omp queue again {other.id}"
    return told


def dependents(tx: Connection, campaign_id: str) -> tuple[Campaign, ...]:
    """The campaigns of the queue that wait for one."""
    return tuple(one for one in rows.listed(tx) if campaign_id in one.after)

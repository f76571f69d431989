"""The line of the queue, asked of narrow indices: who goes next among ten thousand.

The first of the line are asked for level by level, and within a level by what their priority was:
each question walks an index in the order of places and ends after a few rows. Whoever wants more
of the line than that gets it by the plain definition, over all that waits.
"""

from collections.abc import Iterator, Sequence
from functools import cache

from sqlalchemy import Connection, TextClause, func, select, text

from omp.domain.campaign import PRIORITY_FIRST, PRIORITY_LAST
from omp.store.tables import campaigns, runs

FIRST_PAGE, PAGE = 16, 512
STEPS = 9
"""A campaign rises by at most so many levels."""


def _risen(low: int, high: int) -> str:
    """How many levels a run has risen, found by halving: SQL over `:aged_0` to `:aged_8`."""
    if low == high:
        return str(low)
    middle = (low + high) // 2
    younger, older = _risen(low, middle), _risen(middle + 1, high)
    return f"CASE WHEN r.queued_at > :aged_{middle} THEN {younger} ELSE {older} END"


_LINE = """
SELECT r.id, r.campaign_id FROM runs r JOIN campaigns c ON c.id = r.campaign_id
WHERE r.state = 'queued' AND (r.not_before IS NULL OR r.not_before <= :now)
AND c.state = 'enabled' AND c.removed_at IS NULL
ORDER BY GREATEST(1, c.priority - (RISEN)), c.position, c.id
LIMIT :size OFFSET :at
"""


def _in_order(greatest: str) -> TextClause:
    return text(_LINE.replace("GREATEST", greatest).replace("RISEN", _risen(0, STEPS)))


_SQLITE, _OTHERS = _in_order("max"), _in_order("greatest")


_ARM = """
SELECT * FROM (SELECT r.id AS run, c.id AS campaign, c.position AS place
FROM campaigns c CROSS JOIN runs r
WHERE c.state = 'enabled' AND c.removed_at IS NULL AND c.priority = {priority}
AND r.state = 'queued' AND r.campaign_id = c.id
AND (r.not_before IS NULL OR r.not_before <= :now) {aged}
ORDER BY c.position, c.id LIMIT :size) AS arm_{priority}
"""


@cache
def _on_level(level: int, priorities: tuple[int, ...]) -> TextClause:
    """The first of a level, among campaigns of these priorities."""
    arms = []
    for priority in priorities:
        risen = priority - level
        aged = f"AND r.queued_at <= :aged_{risen - 1}" if risen else ""
        if level > PRIORITY_FIRST and risen < STEPS:
            aged += f" AND r.queued_at > :aged_{risen}"
        arms.append(_ARM.format(priority=priority, aged=aged))
    return text(" UNION ALL ".join(arms) + " ORDER BY place, campaign LIMIT :size")


def _first(tx: Connection, now: str, aged: Sequence[str]) -> list[tuple[str, str]]:
    """The first few of the line, all of one level; none where nothing waits."""
    query = select(func.min(runs.c.queued_at)).where(runs.c.state == "queued")
    oldest = tx.execute(query).scalar_one()
    if oldest is None:
        return []
    most = sum(oldest <= instant for instant in aged)
    given = {"now": now, "size": FIRST_PAGE}
    given |= {f"aged_{i}": instant for i, instant in enumerate(aged)}
    for level in range(PRIORITY_FIRST, PRIORITY_LAST + 1):
        found = tx.execute(
            _on_level(level, tuple(range(level, min(level + most, PRIORITY_LAST) + 1))), given
        ).all()
        if found:
            return [(str(row[0]), str(row[1])) for row in found]
    return []


def in_order(tx: Connection, *, now: str, aged: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Run and campaign ids of what waits and is not held back, in the order they are claimed.

    Args:
        now: Runs that are not to be claimed before a later instant are left out.
        aged: `STEPS` instants, the latest first: what was queued at or before the n-th has risen
            by n levels.
    """
    query = _SQLITE if tx.dialect.name == "sqlite" else _OTHERS
    given = {"now": now, **{f"aged_{i}": instant for i, instant in enumerate(aged)}}
    first = _first(tx, now, aged)
    if not first:
        return
    yield from first
    at, size = len(first), PAGE
    while True:
        page = tx.execute(query, {**given, "size": size, "at": at}).all()
        yield from ((row[0], row[1]) for row in page)
        if len(page) < size:
            return
        at += size


def earliest_back_off(tx: Connection, now: str) -> str | None:
    """The first instant after `now` at which a queued run may be claimed; None: none waits so."""
    query = select(func.min(runs.c.not_before)).where(
        runs.c.state == "queued", runs.c.not_before > now
    )
    found = tx.execute(query).scalar_one()
    return None if found is None else str(found)


def orphans(tx: Connection) -> tuple[str, ...]:
    """Ids of queued runs whose campaign was removed."""
    query = (
        select(runs.c.id)
        .join(campaigns, campaigns.c.id == runs.c.campaign_id)
        .where(runs.c.state == "queued", campaigns.c.removed_at.is_not(None))
    )
    return tuple(tx.execute(query.order_by(runs.c.id)).scalars())

"""The line of the queue, asked of two narrow indices: who goes next among ten thousand."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, TextClause, func, select, text

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


def in_order(tx: Connection, *, now: str, aged: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Run and campaign ids of what waits and is not held back, in the order they are claimed.

    Args:
        now: Runs that are not to be claimed before a later instant are left out.
        aged: `STEPS` instants, the latest first: what was queued at or before the n-th has risen
            by n levels.
    """
    query = _SQLITE if tx.dialect.name == "sqlite" else _OTHERS
    given = {"now": now, **{f"aged_{i}": instant for i, instant in enumerate(aged)}}
    at, size = 0, FIRST_PAGE
    while True:
        page = tx.execute(query, {**given, "size": size, "at": at}).all()
        yield from ((row[0], row[1]) for row in page)
        if len(page) < size:
            return
        at, size = at + size, PAGE


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

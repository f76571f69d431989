"""The line of the queue, asked of two narrow indices: who goes next among ten thousand."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, case, func, or_, select

from omp.store.tables import campaigns, runs

FIRST_PAGE, PAGE = 16, 512


def in_order(tx: Connection, *, now: str, aged: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Run and campaign ids of what waits and is not held back, in the order they are claimed.

    Args:
        now: Runs that are not to be claimed before a later instant are left out.
        aged: Instants, the latest first: what was queued at or before the n-th has risen by n
            levels.
    """
    passed = [(runs.c.queued_at > instant, n) for n, instant in enumerate(aged)]
    level = campaigns.c.priority - case(*passed, else_=len(aged))
    query = (
        select(runs.c.id, runs.c.campaign_id)
        .join(campaigns, campaigns.c.id == runs.c.campaign_id)
        .where(runs.c.state == "queued", or_(runs.c.not_before.is_(None), runs.c.not_before <= now))
        .where(campaigns.c.state == "enabled", campaigns.c.removed_at.is_(None))
        .order_by(case((level < 1, 1), else_=level), campaigns.c.position, campaigns.c.id)
    )
    at, size = 0, FIRST_PAGE
    while True:
        page = tx.execute(query.limit(size).offset(at)).all()
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

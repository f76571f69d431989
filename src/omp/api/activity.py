"""The journal as a feed: what happened, who did it, in order."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from omp.api.edge import MAX_WHOLE, AtDesk, Limit, Line, ListOf, plain, reply_list
from omp.domain.events import KINDS
from omp.store import journal
from omp.store.journal import Record

router = APIRouter(tags=["activity"])

After = Annotated[int | None, Query(ge=0, le=MAX_WHOLE, description="number of the last seen")]


def as_item(record: Record) -> dict[str, Any]:
    """A journal record with the meaning of its kind."""
    item: dict[str, Any] = plain(record)
    item["meaning"] = KINDS.get(record.kind, record.kind)
    return item


@router.get("/activity", response_model=ListOf[dict[str, Any]])
def list_activity(
    desk: AtDesk,
    after: After = None,
    limit: Limit = 100,
    kind: Line | None = None,
    subject: Line | None = None,
) -> Response:
    """Journal records after a number, in order; without `after` the last ones, newest first."""
    newest = after is None
    with desk.read() as tx:
        found = journal.records(
            tx,
            after=after or 0,
            limit=limit + 1,
            kinds=(kind,) if kind else (),
            subject=subject,
            newest_first=newest,
        )
    more = len(found) > limit and not newest
    kept = found[:limit]
    return reply_list([as_item(one) for one in kept], str(kept[-1].seq) if more else None)

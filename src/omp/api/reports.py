"""Reports: the cards, filled from the record as it stands now."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from omp.api.edge import AtDesk, ListOf, reply, reply_list
from omp.ops import cards
from omp.ops.cards import CARDS, Card

router = APIRouter(tags=["reports"])


@router.get("/reports", response_model=ListOf[dict[str, Any]])
def list_reports() -> Response:
    """Every kind of report, and what each is about."""
    return reply_list([{"kind": name, "subject": one.subject} for name, one in CARDS.items()])


@router.get("/reports/{kind}", response_model=Card)
def show(
    desk: AtDesk,
    kind: Annotated[str, Path(pattern=r"^[a-z-]{1,40}$")],
    subject: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}$")] = None,
) -> Response:
    """One report as Markdown and as HTML."""
    return reply(cards.render(desk, kind, subject=subject))

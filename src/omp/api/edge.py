"""What every resource shares at the edge: whose desk it is, how values are read and written."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Depends, Header, Path, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from omp.domain.errors import InvalidInput
from omp.ops.children import Children
from omp.ops.desk import Desk
from omp.wire.canonical import finite

T = TypeVar("T")

MAX_PAGE = 500
MAX_WHOLE = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly."""


class ListOf(BaseModel, Generic[T]):
    """Some records, and the cursor of the next page (null: there is none)."""

    items: list[T]
    next: str | None


class Body(BaseModel):
    """A request's body: unknown fields are refused, numbers are finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Problem(BaseModel):
    """An error as `application/problem+json`: what was asked, what is allowed, what to do."""

    type: str
    title: str
    status: int
    detail: str
    allowed: str
    remedy: str
    faults: list[dict[str, str]] = []


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("text without NUL characters")
    return text


Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(_without_nul)]
PathText = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_without_nul)]
Text = Annotated[str, StringConstraints(max_length=5000), AfterValidator(_without_nul)]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}$")]
IdText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}$")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Cursor = Annotated[str | None, Query(max_length=200)]
EnvironmentName = Literal["real", "demo", "synthetic", "test", "all"]


def one_environment(name: EnvironmentName) -> str | None:
    """The environment to list; None for all."""
    return None if name == "all" else name


def acting_desk(request: Request) -> Desk:
    """The desk in the name of the person who asks."""
    desk: Desk = request.app.state.desk()
    return desk.acting_as(request.state.operator, request.state.role)


def children_of(request: Request) -> Children:
    """Who computes for the API."""
    children: Children = request.app.state.children
    return children


AtDesk = Annotated[Desk, Depends(acting_desk)]
WithChildren = Annotated[Children, Depends(children_of)]


def plain(value: Any) -> Any:
    """Records and tuples as JSON values; NaN and infinities as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return finite(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return finite(value)


def dumps(value: Any) -> str:
    """JSON that every reader accepts, in ASCII."""
    return json.dumps(plain(value), ensure_ascii=True, allow_nan=False, default=str)


def reply(value: Any, *, status: int = 200, etag: int | str | None = None) -> Response:
    """A record, or whatever a verb gave, as JSON."""
    headers = {"cache-control": "no-store"}
    if etag is not None:
        headers["etag"] = f'"{etag}"'
    return Response(dumps(value), status, headers, "application/json")


def reply_list(items: Sequence[Any], following: str | None = None) -> Response:
    """A list in its envelope."""
    return reply({"items": items, "next": following})


def page_of(items: Sequence[Any], limit: int, after: str | None) -> Response:
    """A page of a list that is held whole; the cursor is a place in it."""
    start = offset_of(after)
    more = start + limit < len(items)
    return reply_list(items[start : start + limit], str(start + limit) if more else None)


def offset_of(after: str | None) -> int:
    """The cursor of a list that is counted.

    Raises:
        InvalidInput: If it is no number this API gave.
    """
    if after is None or after == "":
        return 0
    if not (after.isascii() and after.isdigit() and len(after) <= 15):
        raise InvalidInput(
            f"{after[:96]!r} is no cursor of this list",
            allowed="the value of `next` of the page before",
            remedy="begin without a cursor",
        )
    return int(after)


def if_match(
    value: Annotated[str | None, Header(alias="If-Match", max_length=100)] = None,
) -> int | None:
    """The version that a change was decided on; None does not care.

    Raises:
        InvalidInput: If the header holds no ETag of ours.
    """
    if value is None or value.strip() == "*":
        return None
    text = value.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise InvalidInput(
            f"If-Match is {value[:60]!r}",
            allowed='an ETag that this API gave, such as "3", or *',
            remedy="read the record again and send its ETag, or leave the header away",
        )
    return int(text)


IfMatch = Annotated[int | None, Depends(if_match)]

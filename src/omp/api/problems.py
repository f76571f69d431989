"""Errors as `application/problem+json` (RFC 9457): asked, allowed, what to do."""

import json
import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from omp.domain.errors import InvalidConfiguration, OmpError

_log = logging.getLogger("omp.api")
_MAX_ECHO = 200


def safe(text: object) -> str:
    """Text that can always be written as UTF-8, cut to a readable length."""
    cleaned = str(text).encode("utf-8", "replace").decode("utf-8")
    return cleaned if len(cleaned) <= _MAX_ECHO else cleaned[: _MAX_ECHO - 1] + "…"


def problem_response(
    status: int,
    code: str,
    asked: str,
    *,
    allowed: str = "",
    remedy: str = "",
    faults: list[dict[str, str]] | None = None,
) -> Response:
    """A problem document."""
    body: dict[str, Any] = {
        "type": f"about:blank#{code}",
        "title": code.replace("_", " "),
        "status": status,
        "detail": asked,
        "allowed": allowed,
        "remedy": remedy,
    }
    if faults:
        body["faults"] = faults
    content = json.dumps(body, ensure_ascii=True, allow_nan=False).encode()
    return Response(content, status_code=status, media_type="application/problem+json")


async def answer_refusal(_request: Request, error: Exception) -> Response:
    """Our own errors, with the status that the tree gives them."""
    if not isinstance(error, OmpError):
        raise error
    faults = None
    if isinstance(error, InvalidConfiguration):
        faults = [
            {"path": safe(f.path), "problem": safe(f.problem), "allowed": safe(f.allowed)}
            for f in error.faults
        ]
    text = error.asked.encode("utf-8", "replace").decode("utf-8")
    return problem_response(
        error.http_status,
        error.code,
        text,
        allowed=error.allowed,
        remedy=error.remedy,
        faults=faults,
    )


async def answer_invalid(_request: Request, error: Exception) -> Response:
    """A body or parameter that does not fit; never echoes what JSON cannot carry."""
    details: list[dict[str, Any]] = getattr(error, "errors", list)()
    faults = [
        {
            "path": safe(".".join(str(part) for part in item.get("loc", ()))),
            "problem": safe(item.get("msg", "")),
            "allowed": "",
        }
        for item in details[:20]
    ]
    return problem_response(
        422,
        "invalid_request",
        f"the request has {len(details)} fault(s)",
        remedy="see /docs for the shape of this call",
        faults=faults,
    )


async def answer_http(_request: Request, error: Exception) -> Response:
    """404 and 405 of the router."""
    status = int(getattr(error, "status_code", 500))
    words = {
        400: "the body cannot be read as JSON",
        404: "there is nothing at this address",
        405: "this method is not possible here",
    }
    return problem_response(
        status,
        "http",
        words.get(status, safe(getattr(error, "detail", "error"))),
        remedy="the calls there are: /docs",
    )


async def answer_unexpected(request: Request, error: Exception) -> Response:
    """What nobody foresaw: logged with its traceback, told without it."""
    _log.exception("unexpected error at %s", request.url.path, exc_info=error)
    return problem_response(
        500,
        "unexpected",
        f"an unexpected {type(error).__name__} inside the daemon",
        remedy="the traceback is in logs/; please report it",
    )

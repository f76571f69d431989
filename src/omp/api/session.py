"""The token: read at start, given to the dashboard's cookie at /login."""

import hmac
import os
import secrets
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from omp.api.guard import Rules, cookie_header
from omp.api.problems import problem_response
from omp.wire.canonical import digest
from omp.wire.workspace import Workspace

router = APIRouter(tags=["session"])


def read_token(workspace: Workspace) -> str:
    """The workspace's token; a workspace without one gets one, readable by its owner alone."""
    path = workspace.state / "token"
    try:
        token = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        token = ""
    return token or _new_token(path)


def _new_token(path: Path) -> str:
    token = secrets.token_urlsafe(32)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(token + "\n")
    path.chmod(0o600)
    return token


def workspace_name(workspace: Workspace) -> str:
    """What tells one workspace's cookie from another's on the same machine."""
    return digest(str(workspace.root.resolve()).encode())[:8]


@router.post("/login", include_in_schema=False)
async def log_in(request: Request) -> Response:
    """Give the cookie to who knows the token."""
    rules: Rules = request.app.state.rules
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    token = form.get("token", [""])[0]
    if not hmac.compare_digest(token.strip().encode("utf-8", "replace"), rules.token.encode()):
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/login?wrong=1", status_code=303)
        return problem_response(
            401, "refused", "that is not the token", remedy="read it from state/token"
        )
    return RedirectResponse("/", status_code=303, headers={"set-cookie": cookie_header(rules)})

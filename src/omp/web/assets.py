"""Styles, scripts and vendored libraries: read once, served from memory by their known names."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request
from starlette.responses import Response

from omp.domain.errors import NotFound

SERVED = (".css", ".js", ".svg")
FOR_EVER = "public, max-age=31536000, immutable"
WORTH_PACKING_BYTES = 1000


@dataclass(frozen=True)
class Asset:
    """One file as it is sent, plain and packed."""

    name: str
    media_type: str
    plain: bytes
    packed: bytes | None
    tag: str


def _read(folder: Traversable, prefix: str = "") -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    for path in folder.iterdir():
        name = prefix + path.name
        if path.is_dir():
            found.update(_read(path, name + "/"))
        elif name.endswith(SERVED):
            found[name] = _asset(name, path.read_bytes())
    return found


def _asset(name: str, plain: bytes) -> Asset:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = gzip.compress(plain, 9, mtime=0) if len(plain) > WORTH_PACKING_BYTES else None
    return Asset(name, media_type, plain, packed, hashlib.sha256(plain).hexdigest()[:16])


ASSETS = _read(resources.files("omp.web") / "static")
"""Every file there is, by its name below /static/; nothing else can be asked for."""


def address(name: str) -> str:
    """The address of an asset; it changes with its content, so that it may be kept for ever."""
    return f"/static/{name}?v={ASSETS[name].tag}"


router = APIRouter(include_in_schema=False)


@router.get("/static/{name:path}")
def asset(request: Request, name: str) -> Response:
    """One asset, by the name under which it was read at start."""
    found = ASSETS.get(name)
    if found is None:
        raise NotFound(f"there is no asset {name[:80]!r}")
    fixed = "v" in request.query_params or name.startswith("vendor/")
    headers = {
        "etag": f'"{found.tag}"',
        "cache-control": FOR_EVER if fixed else "no-cache",
        "vary": "accept-encoding",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(found.packed, headers=headers, media_type=found.media_type)
    return Response(found.plain, headers=headers, media_type=found.media_type)

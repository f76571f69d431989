"""The API's own page, from assets this program ships: no request leaves the machine."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>OMP API</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/vendor/swagger-ui-5.35.0.css">
</head>
<body>
<div id="swagger" data-schema="/openapi.json"></div>
<script src="/static/vendor/swagger-ui-5.35.0.js" defer></script>
<script src="/static/docs.js" defer></script>
</body>
</html>
"""


@router.get("/docs", response_class=HTMLResponse)
async def docs() -> HTMLResponse:
    """The reference of the API, where each call can be tried."""
    return HTMLResponse(PAGE)

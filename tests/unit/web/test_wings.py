"""The process that serves the dashboard stays small, and no address of it is a path."""

import json
import subprocess
import sys

from fastapi import APIRouter
from fastapi.routing import APIRoute

from omp.web.pages import router

HEAVY = (
    "numpy", "scipy", "numba", "polars", "pandas", "talib", "duckdb", "ribs", "arch",
    "statsmodels", "omp.mining", "omp.engine", "omp.market", "omp.stats",
)  # fmt: skip


def test_api_and_pages_load_nothing_of_the_mining_wing() -> None:
    program = (
        "import json, sys; import omp.api.server, omp.api.listener, omp.web.pages; "
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=60
    )
    loaded = json.loads(done.stdout)
    assert "omp.web.pages" in loaded
    assert [one for one in loaded if one.startswith(HEAVY)] == []


def routes(of: APIRouter) -> list[APIRoute]:
    return [one for one in of.routes if isinstance(one, APIRoute)]


def test_a_page_takes_ids_and_never_a_path() -> None:
    pages = router(None)  # type: ignore[arg-type]
    found = [one.path for one in routes(pages)]
    assert len(found) > 20
    assert [one for one in found if ":path" in one] in ([], ["/static/{name:path}"])
    assert all(one.methods == {"GET"} for one in routes(pages))

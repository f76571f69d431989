"""What the command line asks a daemon for is what the API offers."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.unit.api.workspaces import make_desk

from omp.api.server import create_app
from omp.cli.http_door import BASE, ROUTES


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Any:
    desk = make_desk(tmp_path_factory.mktemp("agrees") / "workspace")
    client = TestClient(create_app(desk), base_url="http://localhost:3001", client=("::1", 1))
    yield client.get("/openapi.json").json()["paths"]
    desk.db.close()


def shape(path: str) -> str:
    """A path with its parameters made nameless."""
    return re.sub(r"\{[^}]+\}", "{}", path)


@pytest.mark.parametrize("verb", ROUTES)
def test_a_verb_has_its_call(paths: Any, verb: str) -> None:
    route = ROUTES[verb]
    calls = {
        (method.upper(), shape(path)): call
        for path, methods in paths.items()
        for method, call in methods.items()
    }
    key = (route.method, shape(BASE + route.path))
    assert key in calls, f"{verb} asks for {route.method} {route.path}, which is not there"
    offered = {one["name"] for one in calls[key].get("parameters", ()) if one["in"] == "query"}
    asked = {parameter for _, parameter in route.query}
    extra = asked - offered - {"limit", "environment", "after", "state"}
    assert not extra, f"{verb} sends {extra}, the API knows {offered}"

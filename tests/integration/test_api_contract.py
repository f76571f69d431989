"""The API's own description, tried call by call with whatever fits it and whatever does not."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from starlette.testclient import TestClient
from tests.unit.api.workspaces import make_desk

from omp.api.server import create_app
from omp.ops import queue

HERE = "http://localhost:3001"


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Any:
    desk = make_desk(tmp_path_factory.mktemp("contract") / "workspace")
    desk.live.set()
    queue.add(desk, name="Test", config_path="configs/campaigns/test.toml")
    guarded = create_app(desk)
    yield _Local(guarded)
    desk.db.close()


class _Local:
    """The application as a program on the same machine reaches it."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            kept = [one for one in scope["headers"] if one[0].lower() != b"host"]
            kept = [one for one in kept if one[0].lower() not in (b"cookie", b"origin")]
            scope["headers"] = [*kept, (b"host", b"localhost:3001")]
            scope["client"] = ("127.0.0.1", 50000)
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def description(application: Any) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", application)


ENDLESS = ("/api/omp/events",)


def test_every_call_keeps_its_contract(description: Any) -> None:
    judged = [
        CHECKS.get_one(name)
        for name in (
            "not_a_server_error",
            "status_code_conformance",
            "content_type_conformance",
            "response_schema_conformance",
        )
    ]
    tried: list[str] = []
    for found in description.get_all_operations():
        operation = found.ok()
        if operation.path in ENDLESS:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(
                max_examples=7,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy(generation_mode=mode))
            def try_it(case: Any) -> None:
                case.call_and_validate(checks=judged, timeout=20)

            with suppress(Unsatisfiable):  # nothing can be wrong in a call without parameters
                try_it()
                tried.append(f"{mode.value} {operation.label}")
    assert len(tried) > 90


def test_every_call_is_described(application: Any) -> None:
    client = TestClient(application, base_url=HERE)
    document = client.get("/openapi.json").json()
    names = []
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            assert call.get("description"), f"{method} {path} says nothing"
            names.append(call["operationId"])
    assert len(names) == len(set(names))


def test_no_call_takes_a_path(application: Any) -> None:
    client = TestClient(application, base_url=HERE)
    for path in client.get("/openapi.json").json()["paths"]:
        assert ":path" not in path
        for hostile in ("..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd"):
            if "{" in path:
                head = path.partition("{")[0]
                assert client.get(head + hostile).status_code in (404, 405, 422)


def test_the_description_is_written_down() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text("utf-8")
    from omp.api.server import RESOURCES

    for router in RESOURCES:
        for route in router.routes:
            line = f"`{min(route.methods)} {route.path}`"
            assert line in text, f"docs/reference/api.md lacks {line}"

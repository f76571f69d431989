"""Data sets over HTTP: standing, age, update within the workspace, incidents."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.unit.api.workspaces import make_desk

from omp.api.server import create_app
from omp.ops import data
from omp.ops.children import ChildResult
from omp.ops.desk import Desk

BASE = "/api/omp"


class Importer:
    """A child that publishes the same data again, and says what it was asked."""

    def __init__(self, manifest: Path) -> None:
        self.manifest = manifest
        self.calls: list[list[str]] = []

    def run(self, args: list[str], *, log: Path) -> ChildResult:
        self.calls.append(args)
        return ChildResult(0, {"event": "result", "manifest": str(self.manifest)}, ())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = make_desk(tmp_path / "workspace")
    with found.read() as tx:
        digest = data.digest_of_source(found, tx, "caps")
    data.register_snapshot(found, found.workspace.snapshots / digest / "manifest.json")
    yield found
    found.db.close()


@pytest.fixture
def importer(desk: Desk) -> Importer:
    return Importer(next(desk.workspace.snapshots.glob("*/manifest.json")))


@pytest.fixture
def client(desk: Desk, importer: Importer) -> TestClient:
    app = create_app(desk, children=importer)
    return TestClient(app, base_url="http://localhost:3001", client=("::1", 1))


def only(client: TestClient) -> dict[str, Any]:
    (found,) = client.get(f"{BASE}/data-sets").json()["items"]
    return found


def test_an_incident_is_opened_seen_and_resolved(client: TestClient) -> None:
    assert only(client)["status"] == "ready"
    body = {"summary": "IBM is wrong", "symbols": ["IBM"], "first": "2005-01-03"}
    answer = client.post(f"{BASE}/data/caps/incidents", json=body)
    assert answer.status_code == 201
    name = answer.json()["incident"]["id"]
    assert only(client)["status"] == "NOT READY"
    assert only(client)["incidents"] == [name]
    (listed,) = client.get(f"{BASE}/data/caps/incidents").json()["items"]
    assert listed["question"]["symbols"] == ["IBM"]
    assert client.post(f"{BASE}/incidents/{name}/resolve", json={"cause": "c"}).status_code == 422
    written = {"cause": "c", "prevention": "p"}
    assert client.post(f"{BASE}/incidents/{name}/resolve", json=written).status_code == 200
    assert only(client)["status"] == "ready"
    page = client.get(f"{BASE}/data-sets/caps").json()
    assert page["incidents"][0]["incident"]["state"] == "resolved"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"summary": " "}, 422),
        ({"summary": "x", "symbols": ["NOPE"]}, 422),
        ({"summary": "x", "first": "in May"}, 422),
        ({"summary": "x", "first": "2010-01-01", "last": "2009-01-01"}, 422),
        ({"summary": "x", "severity": "SEV-9"}, 422),
        ({}, 422),
    ],
)
def test_what_cannot_be_meant_is_refused(
    client: TestClient, body: dict[str, Any], status: int
) -> None:
    assert client.post(f"{BASE}/data/caps/incidents", json=body).status_code == status
    assert client.get(f"{BASE}/incidents").json()["items"] == []


def test_the_limit_of_age_is_set(client: TestClient, desk: Desk) -> None:
    answer = client.post(f"{BASE}/data-sets/caps/age", json={"max_days": 9})
    assert answer.json()["max_age_days"] == 9
    assert client.post(f"{BASE}/data-sets/caps/age", json={"max_days": -1}).status_code == 422
    assert client.post(f"{BASE}/data-sets/none/age", json={"max_days": 1}).status_code == 404


def test_an_update_reads_nothing_outside_the_workspace(
    client: TestClient, desk: Desk, importer: Importer, tmp_path: Path
) -> None:
    refused = client.post(f"{BASE}/data-sets/caps/update", json={})
    assert "omp data update caps PATH" in refused.json()["remedy"]
    outside = tmp_path / "outside.csv"
    outside.write_text("x")
    asked = {"path": str(outside)}
    assert client.post(f"{BASE}/data-sets/caps/update", json=asked).status_code == 422
    source = {"kind": "import", "path": str(outside), "options": []}
    data.remember(desk, "caps", source)
    assert client.post(f"{BASE}/data-sets/caps/update", json={}).status_code == 422
    assert importer.calls == []
    inside = desk.workspace.root / "data" / "caps.csv"
    inside.write_text("x")
    asked = {"path": "data/caps.csv", "origin": str(outside)}
    answer = client.post(f"{BASE}/data-sets/caps/update", json=asked)
    assert (answer.status_code, answer.json()["is_new"]) == (200, False)
    assert importer.calls[0][:3] == ["data", "import", str(inside)]
    assert only(client)["source"]["path"] == str(outside)


def test_a_repair_is_a_child_with_these_words(client: TestClient, importer: Importer) -> None:
    assert client.post(f"{BASE}/data-sets/caps/repair", json={"rules": []}).status_code == 422
    body = {"rules": "repeat", "name": "", "accept": ["gap"]}
    answer = client.post(f"{BASE}/data-sets/caps/repair", json=body)
    assert (answer.status_code, answer.json()["name"]) == (201, "caps-repaired")
    (words,) = importer.calls
    assert words[:3] == ["data", "derive", "caps"]
    assert {"--name=caps-repaired", "--repair=repeat", "--accept=gap"} <= set(words)
    tried = client.post(f"{BASE}/data-sets/caps/repair", json={**body, "dry_run": True})
    assert (tried.status_code, tried.json()["snapshot"]) == (200, None)
    assert "--dry-run" in importer.calls[1]


def test_a_fetch_is_a_child_with_these_words(client: TestClient, importer: Importer) -> None:
    body = {
        "provider": "tiingo",
        "name": "caps",
        "symbols": ["IBM", "KO"],
        "first": "2010-01-04",
        "accept": ["split_jump"],
    }
    assert client.post(f"{BASE}/data-fetch", json=body).status_code == 201
    (words,) = importer.calls
    assert words[:3] == ["data", "fetch", "tiingo"]
    assert words[words.index("--symbols") + 1] == "IBM,KO"
    assert words[words.index("--accept") + 1] == "split_jump"
    assert client.post(f"{BASE}/data-fetch", json={**body, "first": "May"}).status_code == 422
    assert client.post(f"{BASE}/data-fetch", json={**body, "symbols": []}).status_code == 422
    assert client.get(f"{BASE}/revalidations").json() == {"items": [], "next": None}

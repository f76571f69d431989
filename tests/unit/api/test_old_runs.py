"""Old runs over HTTP: listed by place, held, binned, archived and brought back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.desks import desk as own_desk
from tests.desks import template
from tests.unit.ops.old_runs import old, row, small_files, with_rules

from omp.api.server import create_app
from omp.ops import tiers, trash
from omp.ops.desk import Desk
from omp.web.pages import router

__all__ = ["old", "own_desk", "small_files", "template"]

BASE = "/api/omp"


@pytest.fixture
def desk(own_desk: Desk) -> Desk:
    return own_desk


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(
        create_app(desk, extra_routers=[router(desk)]),
        base_url="http://localhost:3001",
        client=("127.0.0.1", 50000),
    ) as client:
        yield client


def test_a_run_is_held_with_a_reason(client: TestClient, desk: Desk, old: str) -> None:
    assert client.post(f"{BASE}/runs/{old}/hold", json={}).status_code == 422
    held = client.post(f"{BASE}/runs/{old}/hold", json={"reason": "a paper"}).json()
    assert (held["held"], row(desk, old).held) == ("a paper", "a paper")
    assert "Held: a paper" in client.get(f"/runs/{old}").text
    assert client.post(f"{BASE}/runs/{old}/release").json()["held"] is None
    assert client.post(f"{BASE}/runs/run_none/hold", json={"reason": "x"}).status_code == 404


def test_an_archived_run_is_shown_and_brought_back(
    client: TestClient, desk: Desk, old: str, tmp_path: Path
) -> None:
    assert client.post(f"{BASE}/runs/{old}/restore").status_code == 409
    tiers.work(with_rules(desk, archive_dir=str(tmp_path / "cold")))
    (listed,) = client.get(f"{BASE}/runs", params={"place": "archived"}).json()["items"]
    assert (listed["id"], listed["actions"]) == (old, ["restore"])
    assert client.get(f"{BASE}/runs", params={"place": "nowhere"}).status_code == 422
    page = client.get(f"/runs/{old}").text
    assert "Bring back from the archive" in page
    assert "is archived in" in page
    assert ">archived<" in client.get("/runs").text
    miner = client.get("/").text
    assert "Last restore check" in miner
    assert "Runs archived" in miner
    assert client.get(f"/runs/{old}/candidates/cand_x").status_code == 404
    assert client.get(f"{BASE}/care").json()["places"]["archived"]["runs"] == 1
    tried = client.post(f"{BASE}/runs/{old}/restore", json={"dry_run": True}).json()
    assert (tried["dry_run"], row(desk, old).place) == (True, "archived")
    back = client.post(f"{BASE}/runs/{old}/restore", json={"reason": "look"})
    assert (back.status_code, row(desk, old).place) == (200, "here")


def test_a_run_is_taken_out_of_the_trash(client: TestClient, desk: Desk, old: str) -> None:
    trash.put_away(desk, {old: 1}, {})
    page = client.get(f"/runs/{old}").text
    assert "Take out of the trash" in page
    assert ">in the trash<" in client.get("/runs").text
    assert client.post(f"{BASE}/runs/{old}/undelete").json()["place"] == "here"
    assert client.post(f"{BASE}/runs/{old}/undelete").status_code == 409


def test_a_cleanup_tells_every_tier(client: TestClient, desk: Desk, old: str) -> None:
    trash.put_away(desk, {old: 1}, {})
    plan = client.post(f"{BASE}/cleanup", json={"dry_run": True}).json()
    assert [one["name"] for one in plan["tiers"]] == ["compress", "archive", "trash", "delete"]
    assert plan["places"]["trashed"]["runs"] == 1
    done = client.post(f"{BASE}/cleanup", json={"empty_trash": True}).json()
    assert (done["emptied"], row(desk, old).place) == (1, "deleted")
    metrics = client.get("/metrics").text
    assert 'omp_runs_bytes{place="deleted"} 0.0' in metrics

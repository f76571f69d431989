"""The quick reference for miner and queue, as a program without a browser sends it."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from omp.ops import retention
from omp.ops.desk import Desk

NEW = {"name": "Test", "config_path": "configs/campaigns/test.toml", "priority": 1}


def add(client: TestClient, **more: object) -> httpx2.Response:
    return client.post("/api/omp/queue", json={**NEW, **more})


def test_status_is_camel_case_as_in_the_seed(client: TestClient) -> None:
    found = client.get("/api/omp/status").json()
    assert {
        "status", "wanted", "resources", "currentRuns", "queueDepth", "activityLog",
        "lastIncident", "uptimeS", "version",
    } <= found.keys()  # fmt: skip
    assert {"cpuUtilPct", "memAvailableMb", "diskFreeGb"} <= found["resources"].keys()


def test_the_miner_moves_as_its_table_says(client: TestClient) -> None:
    assert client.post("/api/omp/start").json()["state"] == "running"
    assert client.post("/api/omp/pause").json()["state"] == "paused"
    assert client.post("/api/omp/resume").json()["state"] == "running"
    assert client.post("/api/omp/stop").json()["state"] == "offline"


def test_an_illegal_move_names_the_legal_ones(client: TestClient) -> None:
    answer = client.post("/api/omp/resume")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["allowed"] == "start"
    assert answer.json()["remedy"]


def test_a_reason_and_its_author_stand_in_the_record(client: TestClient) -> None:
    client.post("/api/omp/start", json={"reason": "a quiet night"})
    last = client.get("/api/omp/activity").json()["items"][0]
    assert last["payload"]["reason"] == "a quiet night"
    assert last["operator"] == "ada"


def test_add_list_change_remove(client: TestClient) -> None:
    added = add(client)
    assert added.status_code == 201
    campaign = added.json()["id"]
    assert [one["id"] for one in client.get("/api/omp/queue").json()["items"]] == [campaign]
    changed = client.patch(f"/api/omp/queue/{campaign}", json={"enabled": False})
    assert changed.json()["state"] == "disabled"
    assert client.delete(f"/api/omp/queue/{campaign}").status_code == 200
    assert client.get("/api/omp/queue").json() == {"items": [], "next": None}
    assert client.get(f"/api/omp/queue/{campaign}").status_code == 404


def test_the_alias_answers_like_the_prefix(client: TestClient) -> None:
    add(client)
    assert client.get("/api/v1/queue").json() == client.get("/api/omp/queue").json()


def test_the_same_key_is_one_submission(client: TestClient) -> None:
    first = client.post("/api/omp/queue", json=NEW, headers={"Idempotency-Key": "k1"})
    again = client.post("/api/omp/queue", json=NEW, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["duplicate"]
    assert again.json()["id"] == first.json()["id"]
    other = client.post(
        "/api/omp/queue", json={**NEW, "priority": 2}, headers={"Idempotency-Key": "k1"}
    )
    assert other.status_code == 409


@pytest.mark.parametrize("change", [{"priority": 3}, {"before": None}])
def test_priority_and_order_need_a_reason(client: TestClient, change: dict[str, object]) -> None:
    campaign = add(client).json()["id"]
    address = f"/api/omp/queue/{campaign}"
    assert client.patch(address, json=change).status_code == 422
    assert client.patch(address, json={**change, "reason": "it can wait"}).status_code == 200


def test_reorder_puts_one_before_another(client: TestClient) -> None:
    first = add(client, priority=5).json()["id"]
    path = "configs/campaigns/momentum.toml"
    second = add(client, name="Second", config_path=path, priority=5).json()["id"]
    moved = client.patch(
        f"/api/omp/queue/{second}", json={"before": first, "reason": "it is shorter"}
    )
    assert moved.status_code == 200
    assert [one["id"] for one in client.get("/api/omp/queue").json()["items"]] == [second, first]
    changes = client.get("/api/omp/queue/changes").json()["items"]
    assert changes[0]["reason"] == "it is shorter"
    assert changes[0]["impact"]


def test_if_match_refuses_a_stale_version(client: TestClient) -> None:
    added = add(client)
    address, tag = f"/api/omp/queue/{added.json()['id']}", added.headers["etag"]
    body = {"enabled": False}
    assert client.patch(address, json=body, headers={"If-Match": tag}).status_code == 200
    assert client.patch(address, json=body, headers={"If-Match": tag}).status_code == 412
    reorder = {"before": None, "reason": "late"}
    assert client.patch(address, json=reorder, headers={"If-Match": tag}).status_code == 412
    assert client.patch(address, json=body, headers={"If-Match": "abc"}).status_code == 422
    assert client.patch(address, json=body, headers={"If-Match": "*"}).status_code == 200


def test_why_says_what_would_run_next(client: TestClient) -> None:
    campaign = add(client).json()["id"]
    why = client.get(f"/api/omp/queue/{campaign}/why").json()
    assert "the miner is offline" in why["sentence"]
    assert why["next_campaign"] == "Test"


def test_lists_are_read_page_by_page(client: TestClient) -> None:
    for name in ("test", "momentum", "reversal"):
        add(client, name=name, config_path=f"configs/campaigns/{name}.toml")
    first = client.get("/api/omp/queue?limit=2").json()
    rest = client.get(f"/api/omp/queue?limit=2&after={first['next']}").json()
    assert [len(first["items"]), len(rest["items"])] == [2, 1]
    assert rest["next"] is None


def test_lists_can_be_of_one_environment(client: TestClient) -> None:
    add(client)
    assert len(client.get("/api/omp/queue?environment=demo").json()["items"]) == 1
    assert client.get("/api/omp/queue?environment=real").json()["items"] == []
    assert len(client.get("/api/omp/queue?environment=all").json()["items"]) == 1
    assert client.get("/api/omp/queue?environment=moon").status_code == 422


def test_runs_are_listed_shown_and_cancelled(client: TestClient) -> None:
    add(client)
    run = client.get("/api/omp/runs?state=queued").json()["items"][0]
    shown = client.get(f"/api/omp/runs/{run['id']}").json()
    assert shown["campaign"] == "Test"
    assert shown["environment"] == "demo"
    assert client.get(f"/api/omp/runs/{run['id']}/candidates").json()["items"] == []
    assert client.get(f"/api/omp/runs/{run['id']}/events").json()["items"] == []
    done = client.post(f"/api/omp/runs/{run['id']}/cancel", json={"reason": "not needed"})
    assert done.json()["state"] == "cancelled"
    assert client.post(f"/api/omp/runs/{run['id']}/cancel").status_code == 409


def test_an_incident_needs_cause_and_prevention(client: TestClient) -> None:
    body = {"severity": "SEV-0", "summary": "two runs of one seed differ"}
    incident = client.post("/api/omp/incidents", json=body).json()["id"]
    assert client.get("/api/omp/status").json()["promotionsFrozen"] == [incident]
    address = f"/api/omp/incidents/{incident}/resolve"
    assert client.post(address, json={"cause": "a cable"}).status_code == 422
    assert client.post(address, json={"cause": "a cable", "prevention": " "}).status_code == 422
    closed = client.post(address, json={"cause": "a cable", "prevention": "a better one"})
    assert closed.json()["state"] == "resolved"
    assert client.get("/api/omp/incidents?state=open").json()["items"] == []


def test_activity_goes_on_where_it_ended(client: TestClient) -> None:
    add(client)
    first = client.get("/api/omp/activity?after=0&limit=2").json()
    assert [one["seq"] for one in first["items"]] == [1, 2]
    rest = client.get(f"/api/omp/activity?after={first['next']}").json()
    assert rest["items"][0]["seq"] == 3


def test_every_setting_is_shown_with_its_origin(client: TestClient, desk: Desk) -> None:
    found = client.get("/api/omp/config").json()
    assert found["digest"] == desk.loaded.digest
    assert found["values"]["holdout.alpha"]["value"] == 0.05
    assert found["values"]["holdout.alpha"]["origin"].startswith(("file:", "default"))


def test_data_is_listed_and_shown(client: TestClient) -> None:
    add(client)
    snapshot = client.get("/api/omp/data").json()["items"][0]
    assert client.get(f"/api/omp/data/{snapshot['digest']}").json() == snapshot
    outside = {"path": "../../etc/passwd", "name": "x"}
    assert client.post("/api/omp/data", json=outside).status_code == 422


def test_ledger_and_looks_begin_empty(client: TestClient) -> None:
    add(client)
    lineage = client.get("/api/omp/trials").json()["items"][0]
    assert (lineage["trials"], lineage["looks"]) == (0, 0)
    assert lineage["next_level"] == pytest.approx(0.0304, abs=1e-4)
    assert client.get("/api/omp/looks").json() == {"items": [], "next": None}


def test_a_run_that_is_not_completed_is_not_judged(client: TestClient) -> None:
    add(client)
    run = client.get("/api/omp/runs").json()["items"][0]["id"]
    check = client.get(f"/api/omp/promote-check?runId={run}").json()
    assert check["ready"] is False
    assert check["verdicts"] == []
    refused = client.post("/api/omp/promote", json={"run_id": run, "candidate_id": "cand_1"})
    assert refused.status_code == 409


def test_health_readiness_and_figures(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"ready": True, "faults": []}
    client.post("/api/omp/start")
    figures = client.get("/metrics").text
    assert 'omp_miner_state{state="running"} 1.0' in figures
    assert 'omp_incidents_open{severity="SEV-0"} 0.0' in figures


def test_a_record_behind_its_anchor_is_not_ready(client: TestClient, desk: Desk) -> None:
    (desk.workspace.state / "anchor").unlink()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "anchor" in answer.json()["faults"][0]


def test_the_hall_is_empty_and_real_by_default(client: TestClient) -> None:
    assert client.get("/api/omp/hall-of-fame").json() == {"items": [], "next": None}
    assert client.get("/api/omp/hof-local").json() == {"items": [], "next": None}
    assert client.get("/api/omp/hall-of-fame/cand_1").status_code == 404
    refused = client.post("/api/omp/hall-of-fame/cand_1/flag", json={"reason": "it decays"})
    assert refused.status_code == 404
    assert client.post("/api/omp/hall-of-fame/cand_1/praise", json={}).status_code == 422


def test_sync_without_a_mirror_says_so(client: TestClient) -> None:
    answer = client.post("/api/omp/hof-sync")
    assert answer.status_code == 200
    assert answer.json()["configured"] is False
    assert answer.json()["note"]


def test_cleanup_is_refused_while_mining(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = retention.plan

    def full(desk: Desk, **given: Any) -> retention.Plan:
        item = retention.Item("run_1", "output/scg/run_1", None, 1, 1)
        return replace(plan(desk, **given), items=(item,), pressure=True)

    client.post("/api/omp/start")
    with monkeypatch.context() as crowded:
        crowded.setattr(retention, "plan", full)
        refused = client.post("/api/omp/cleanup")
        assert refused.status_code == 409
        assert "omp cleanup --dry-run" in refused.text
        assert client.post("/api/omp/cleanup", json={"dry_run": True}).status_code == 200
    idle = client.post("/api/omp/cleanup", json={"min_free_gb": 0})
    assert idle.status_code == 200
    assert "nothing needs to go" in idle.json()["note"]
    assert idle.json()["dry_run"] is False
    assert client.post("/api/omp/cleanup", json={"dry_run": True}).status_code == 200
    client.post("/api/omp/stop")
    assert client.post("/api/omp/cleanup").status_code == 200


def test_a_dry_run_changes_nothing_and_tells_the_order(client: TestClient) -> None:
    tried = client.post("/api/omp/queue?dry_run=true", json=NEW).json()
    assert (tried["dry_run"], tried["order"][0]["name"]) == (True, "Test")
    assert client.get("/api/omp/queue").json()["items"] == []
    campaign = add(client).json()["id"]
    for call in (
        client.patch(f"/api/omp/queue/{campaign}?dry_run=1", json={"enabled": False}),
        client.delete(f"/api/omp/queue/{campaign}?dry_run=true"),
        client.post(
            "/api/omp/queue/bulk?dry_run=true", json={"action": "remove", "everything": True}
        ),
    ):
        assert call.status_code == 200, call.text
        assert call.json()["changes"][0]["campaign_id"] == campaign
    assert client.get(f"/api/omp/queue/{campaign}").json()["enabled"] is True


def test_many_are_changed_with_one_request(client: TestClient) -> None:
    campaign = add(client, tags=["night"]).json()["id"]
    body = {"action": "disable", "tag": "night", "reason": "a holiday"}
    assert client.post("/api/omp/queue/bulk", json=body).json()["changed"] == [campaign]
    refused = client.post("/api/omp/queue/bulk", json={**body, "everything": True})
    assert refused.status_code == 422
    waits = client.patch(f"/api/omp/queue/{campaign}", json={"after": ["nobody"]})
    assert (waits.status_code, "nobody" in waits.json()["detail"]) == (422, True)

"""Whatever is sent, the answer is a problem document and never a 500."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

JSON = {"content-type": "application/json"}
BODIES = {
    "lone surrogate": rb'{"name": "\ud800", "config_path": "configs/campaigns/test.toml"}',
    "lone surrogate as a key": rb'{"\ud800": 1}',
    "NaN": b'{"name": "a", "config_path": "b", "priority": NaN}',
    "infinity": b'{"name": "a", "config_path": "b", "priority": -Infinity}',
    "twenty digits": b'{"name": "a", "config_path": "b", "priority": 12345678901234567890}',
    "a float of hundreds": b'{"name": "a", "config_path": "b", "priority": 1e400}',
    "NUL": rb'{"name": "a\u0000b", "config_path": "configs/campaigns/test.toml"}',
    "deep": b"[" * 100_000,
    "not JSON": b"name=Test",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "empty": b"",
    "a list": b"[]",
    "a word": b'"x"',
    "unknown field": b'{"name": "a", "config_path": "b", "nmae": 1}',
    "a path outside": b'{"name": "a", "config_path": "../../../etc/passwd"}',
    "an absolute path": b'{"name": "a", "config_path": "/etc/passwd"}',
    "long name": b'{"config_path": "b", "name": "' + b"a" * 100_000 + b'"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_hostile_body_is_refused_with_a_problem(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/omp/queue", content=body, headers=JSON)
    assert answer.status_code in (400, 404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=99999999999999999999", "limit=NaN", "after=%ff%fe", "after=-1", "after=1e9"],
)
def test_a_hostile_query_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/api/omp/queue?{query}").status_code == 422


@pytest.mark.parametrize(
    "identity", ["%2e%2e%2f", "a%00b", "a" * 97, "run_1%0a", "%F0%9F%92%A9", ".hidden"]
)
def test_an_id_can_never_be_a_path(client: TestClient, identity: str) -> None:
    for address in (f"/api/omp/runs/{identity}", f"/api/omp/runs/{identity}/events"):
        assert client.get(address).status_code in (404, 422)


def test_a_large_body_is_refused_by_its_declared_length(client: TestClient) -> None:
    answer = client.post("/api/omp/queue", content=b" " * 1_000_001, headers=JSON)
    assert answer.status_code == 413
    assert "1,000,000" in answer.json()["allowed"]


def test_a_large_body_is_refused_while_it_is_read(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * 100_000

    answer = client.post("/api/omp/queue", content=chunks(), headers=JSON)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_addresses_and_methods_are_problems(client: TestClient) -> None:
    assert client.get("/api/omp/nothing").status_code == 404
    wrong = client.put("/api/omp/queue", json={})
    assert wrong.status_code == 405
    assert wrong.headers["content-type"] == "application/problem+json"

"""The record as it grows, over a real socket: replay after a break, live events, heartbeat."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.unit.api.workspaces import make_desk

from omp.api import events
from omp.api.listener import listen, make_server, serve
from omp.api.server import create_app
from omp.ops import miner, queue
from omp.ops.desk import Desk
from omp.web.pages import router


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = make_desk(tmp_path / "workspace")
    desk.live.set()
    yield desk
    desk.db.close()


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    listener = listen("127.0.0.1", 0)
    server = make_server(create_app(desk, extra_routers=[router(desk)]))
    thread = threading.Thread(target=serve, args=(server, listener), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@contextmanager
def listening(address: str, **more: Any) -> Iterator[Iterator[dict[str, str]]]:
    with (
        httpx2.Client(trust_env=False, timeout=15) as client,
        client.stream("GET", f"{address}/api/omp/events", **more) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            event[name or "comment"] = value
        elif event:
            yield event
            event = {}


def take(stream: Iterator[dict[str, str]], kind: str, number: int) -> list[dict[str, str]]:
    found = []
    for event in stream:
        if event.get("event") == kind:
            found.append(event)
        if len(found) == number:
            return found
    raise AssertionError("the stream ended")


def test_a_listener_sees_what_happens_next(address: str, desk: Desk) -> None:
    with listening(address) as stream:
        first = take(stream, "status", 1)[0]
        assert json.loads(first["data"])["status"] == "offline"
        miner.want(desk, "start", reason="seen live")
        record = json.loads(take(stream, "journal", 1)[0]["data"])
        assert (record["kind"], record["payload"]["reason"]) == ("miner.wanted", "seen live")
        assert json.loads(take(stream, "status", 1)[0]["data"])["status"] == "running"


@pytest.mark.parametrize("header", [True, False])
def test_a_listener_that_comes_back_misses_nothing(address: str, desk: Desk, header: bool) -> None:
    with listening(address, params={"after": 0}) as stream:
        last = int(take(stream, "journal", 1)[0]["id"])
    for _ in range(3):
        miner.want(desk, "start")
        miner.want(desk, "stop")
    back = {"headers": {"Last-Event-ID": str(last)}} if header else {"params": {"after": last}}
    with listening(address, **back) as stream:
        numbers = [int(one["id"]) for one in take(stream, "journal", 6)]
    assert numbers[0] == last + 1
    assert numbers == sorted(numbers)


def test_a_silent_stream_beats(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.3)
    monkeypatch.setattr(events, "dumps", lambda _value: "{}")
    with listening(address) as stream:
        for event in stream:
            if event.get("comment") == "heartbeat":
                break


def test_fifty_listeners_are_served_by_one_look(address: str, desk: Desk) -> None:
    with httpx2.Client(trust_env=False, timeout=15) as client:
        streams = [
            client.send(client.build_request("GET", f"{address}/api/omp/events"), stream=True)
            for _ in range(50)
        ]
        miner.want(desk, "start")
        for answer in streams:
            assert "miner.wanted" in take(_events(answer.iter_lines()), "journal", 1)[0]["data"]
        for answer in streams:
            answer.close()


def test_a_page_is_served_while_a_campaign_waits(address: str, desk: Desk) -> None:
    queue.add(desk, name="Waiting", config_path="configs/campaigns/test.toml")
    with httpx2.Client(trust_env=False, timeout=15) as client:
        page = client.get(f"{address}/", headers={"Sec-Fetch-Mode": "navigate"})
        assert "Waiting" in page.text


def test_assets_are_packed_and_kept(address: str) -> None:
    connection = HTTPConnection(address.removeprefix("http://"), timeout=10)
    connection.request("GET", "/static/app.js", headers={"Accept-Encoding": "gzip"})
    packed = connection.getresponse()
    body = packed.read()
    assert packed.headers["content-encoding"] == "gzip"
    assert b"EventSource" in gzip.decompress(body)
    tag = packed.headers["etag"]
    connection.request("GET", "/static/app.js", headers={"If-None-Match": tag})
    again = connection.getresponse()
    assert (again.status, again.read()) == (304, b"")
    connection.close()


def test_open_streams_do_not_hold_the_server_up(desk: Desk) -> None:
    listener = listen("127.0.0.1", 0)
    server = make_server(create_app(desk))
    thread = threading.Thread(target=serve, args=(server, listener), daemon=True)
    thread.start()
    with listening(f"http://127.0.0.1:{listener.getsockname()[1]}") as stream:
        take(stream, "status", 1)
        began = time.monotonic()
        server.should_exit = True
        assert list(stream) == []
        thread.join(timeout=10)
    assert not thread.is_alive()
    assert time.monotonic() - began < 2
    listener.close()

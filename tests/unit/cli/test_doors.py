"""Two ways to the verbs, and which one is taken."""

import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from omp.cli import ops_door
from omp.cli.doors import DAEMON_NAME, Lock, check_workspace, live_daemon, open_door
from omp.cli.http_door import ROUTES, HttpDoor
from omp.daemon.process import boot_id, read_stat
from omp.domain.errors import (
    DataNotReady,
    IllegalMove,
    InvalidConfiguration,
    NotFound,
    ResourceShort,
    WorkspaceBusy,
)
from omp.wire.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "ws")
    made.state.mkdir(parents=True)
    made.config_file.parent.mkdir(parents=True)
    made.config_file.write_text("")
    (made.state / "token").write_text("secret\n")
    return made


class Server:
    """A daemon's HTTP side that answers what the test says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict] = []
        self.status, self.body, self.kind = 200, {}, "application/json"
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                sent = self.rfile.read(size)
                outer.asked.append(
                    {
                        "method": self.command,
                        "path": self.path,
                        "body": json.loads(sent) if sent else None,
                        "headers": dict(self.headers),
                    }
                )
                answer = (
                    outer.body.encode()
                    if isinstance(outer.body, str)
                    else json.dumps(outer.body).encode()
                )
                self.send_response(outer.status)
                self.send_header("Content-Type", outer.kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


def _announce(workspace: Workspace, port: int, *, pid: int | None = None, ticks: int = 0) -> None:
    stat = read_stat(os.getpid())
    assert stat is not None
    said = {
        "pid": pid or os.getpid(),
        "host": "127.0.0.1",
        "port": port,
        "boot_id": boot_id(),
        "start_ticks": ticks or stat.start_ticks,
    }
    (workspace.state / DAEMON_NAME).write_text(json.dumps(said))


def test_a_live_daemon_is_asked_over_http(workspace: Workspace, server: Server) -> None:
    _announce(workspace, server.port)
    server.body = {"status": "running"}
    door = open_door(workspace)
    assert door.is_live
    assert door.call("miner.status", {}) == {"status": "running"}
    asked = server.asked[0]
    assert (asked["method"], asked["path"]) == ("GET", "/api/omp/status")
    assert asked["headers"]["Authorization"] == "Bearer secret"
    assert "Origin" not in asked["headers"]
    door.close()


@pytest.mark.parametrize("said", ["", "{}", "not json", '{"pid": "x"}', "[1]", "null"])
def test_a_damaged_note_is_no_daemon(workspace: Workspace, said: str) -> None:
    (workspace.state / DAEMON_NAME).write_text(said)
    assert live_daemon(workspace) is None


def test_a_pid_that_was_given_again_is_no_daemon(workspace: Workspace) -> None:
    _announce(workspace, 1, ticks=1)
    assert live_daemon(workspace) is None


def test_arguments_go_where_the_route_says(workspace: Workspace, server: Server) -> None:
    _announce(workspace, server.port)
    door = open_door(workspace)
    door.call("queue.change", {"campaign": "camp_1/../x", "enabled": False, "reason": "why"})
    door.call("queue.remove", {"campaign": "camp_1", "reason": "a b"})
    door.call("queue.add", {"name": "n", "config_path": "p", "idempotency_key": "k"})
    door.call("promotion.check", {"run": "run_1"})
    change, remove, add, check = server.asked
    assert change["path"] == "/api/omp/queue/camp_1%2F..%2Fx"
    assert change["body"] == {"enabled": False, "reason": "why"}
    assert remove["path"] in (
        "/api/omp/queue/camp_1?reason=a%20b",
        "/api/omp/queue/camp_1?reason=a+b",
    )
    assert remove["body"] is None
    assert add["headers"]["Idempotency-Key"] == "k"
    assert add["body"] == {"name": "n", "config_path": "p"}
    assert check["path"] == "/api/omp/promote-check?runId=run_1"
    door.close()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (409, "illegal_move", IllegalMove),
        (404, "not_found", NotFound),
        (422, "data_not_ready", DataNotReady),
        (404, "something_new", NotFound),
    ],
)
def test_a_refusal_is_the_same_error_as_at_the_desk(
    workspace: Workspace, server: Server, status: int, code: str, kind: type
) -> None:
    _announce(workspace, server.port)
    server.status = status
    server.kind = "application/problem+json"
    server.body = {
        "type": f"about:blank#{code}",
        "detail": "asked",
        "allowed": "this",
        "remedy": "do that",
    }
    door = open_door(workspace)
    with pytest.raises(kind, match=r"asked\. Allowed: this\. What to do: do that"):
        door.call("miner.start", {})
    door.close()


def test_faults_travel_one_by_one(workspace: Workspace, server: Server) -> None:
    _announce(workspace, server.port)
    server.status = 422
    server.body = {
        "type": "about:blank#invalid_configuration",
        "detail": "x.toml: a: no",
        "faults": [{"path": "a", "problem": "no"}, {"path": "b", "problem": "bad"}],
    }
    door = open_door(workspace)
    with pytest.raises(InvalidConfiguration) as caught:
        door.call("queue.add", {})
    assert [fault.path for fault in caught.value.faults] == ["a", "b"]
    door.close()


def test_an_answer_that_is_no_json_is_an_error_too(workspace: Workspace, server: Server) -> None:
    _announce(workspace, server.port)
    server.status, server.kind, server.body = 500, "text/html", "<b>no</b>"
    door = open_door(workspace)
    with pytest.raises(Exception, match="answered 500"):
        door.call("miner.status", {})
    server.status, server.kind, server.body = 200, "text/markdown", "# Card"
    assert door.call("reports.show", {"kind": "daily"}) == {"text": "# Card"}
    door.close()


def test_a_daemon_that_does_not_answer_is_named(workspace: Workspace, server: Server) -> None:
    _announce(workspace, server.port)
    door = open_door(workspace)
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(ResourceShort, match=f"process {os.getpid()}"):
        door.call("miner.status", {})
    door.close()


def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="omp up creates it"):
        check_workspace(Workspace(tmp_path))


def test_the_lock_has_one_holder(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Lock(workspace), Lock(workspace)
    first.take()
    with pytest.raises(WorkspaceBusy, match="another process"):
        second.take(wait_s=0.1)
    monkeypatch.setattr("omp.cli.doors.LOCK_WAIT_S", 0.3)
    with pytest.raises(WorkspaceBusy):
        open_door(workspace)
    first.give_back()
    second.take(wait_s=0.1)
    second.give_back()


def test_every_verb_has_both_ways_or_only_reads() -> None:
    over_http, at_the_desk = set(ROUTES), set(ops_door.VERBS)
    assert at_the_desk - over_http == ops_door.READING
    assert over_http - at_the_desk == {"config.show"}


def test_every_address_is_one_of_the_contract() -> None:
    assert all(route.method in ("GET", "POST", "PATCH", "DELETE") for route in ROUTES.values())
    assert all(not (route.method == "GET" and route.header) for route in ROUTES.values())
    assert HttpDoor.is_live


def test_every_address_is_one_the_api_has() -> None:
    from omp.api.server import RESOURCES

    there = {
        (method, re.sub(r"\{[^}]*\}", "{}", route.path))
        for router in RESOURCES
        for route in router.routes
        for method in route.methods
    }
    wanted = {(route.method, re.sub(r"\{[^}]*\}", "{}", route.path)) for route in ROUTES.values()}
    assert wanted - there == set()

"""Alerts over real HTTP: a receiver on loopback, a crash in between, a receiver that is away."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.desks import desk, template

from omp.daemon.outbox import Outbox
from omp.domain.failpoints import VARIABLE
from omp.ops import incidents, miner_status
from omp.ops.desk import Desk

__all__ = ["desk", "template"]

TELL = """
import pathlib, sys
from omp.app import open_desk
from omp.daemon.channels.alerts import CHANNEL
desk = open_desk(pathlib.Path(sys.argv[1]), operator="daemon")
CHANNEL.begin(desk)
if CHANNEL.ready(desk):
    CHANNEL.deliver(desk)
desk.db.close()
"""


class Receiver:
    """Takes what apprise posts as JSON."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.pause_s = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                time.sleep(outer.pause_s)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    made = Receiver()
    monkeypatch.setenv("OMP_ALERT_URLS", made.url)
    yield made
    made.http.shutdown()
    made.http.server_close()


def tell(root: Path, failpoint: str = "") -> int:
    environment = {**os.environ, VARIABLE: failpoint}
    done = subprocess.run([sys.executable, "-c", TELL, str(root)], env=environment, timeout=120)
    return done.returncode


@pytest.mark.parametrize("point", ["alert.before_send", "alert.after_send"])
def test_a_crash_loses_no_alert_and_sends_none_twice(
    desk: Desk, receiver: Receiver, point: str
) -> None:
    found = incidents.open_incident(desk, "a", "SEV-1", "it is broken")
    root = desk.workspace.root
    assert tell(root, point) == -signal.SIGKILL
    assert tell(root) == 0
    assert tell(root) == 0
    own = [one for one in receiver.got if one["title"] == f"OMP SEV-1 {found.id}"]
    assert len(own) == (point == "alert.after_send")
    rest = [one["message"] for one in receiver.got if one not in own]
    assert len(rest) == 1
    assert f"{found.id} it is broken (you may have received this already)" in rest[0]


def test_a_receiver_that_is_away_is_shown_and_told_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setenv("OMP_ALERT_URLS", f"json://127.0.0.1:{port}")
    incidents.open_incident(desk, "a", "SEV-1", "it is broken")
    outbox = Outbox(desk)
    outbox.round("alerts")
    shown = miner_status.status(desk)["delivery"]["alerts"]
    assert (shown["targets"], shown["waiting"]) == (1, 1)
    assert shown["error"]
    made = Receiver()
    monkeypatch.setenv("OMP_ALERT_URLS", made.url)
    outbox.round("alerts")
    assert made.got == [], "it was not left alone for a while"
    desk.clock.wait(6.0)  # type: ignore[attr-defined]
    outbox.round("alerts")
    assert len(made.got) == 1
    assert miner_status.status(desk)["delivery"]["alerts"]["error"] is None
    made.http.shutdown()
    made.http.server_close()


def test_a_slow_receiver_holds_up_nobody(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omp.daemon.outbox.EVERY_S", 0.02)
    receiver.pause_s = 2.0
    outbox = Outbox(desk)
    outbox.start()
    try:
        began = time.monotonic()
        incidents.open_incident(desk, "a", "SEV-1", "it is broken")
        while not receiver.got and time.monotonic() - began < 30:
            time.sleep(0.01)
        assert len(receiver.got) == 1
        with desk.write() as tx:  # the record takes writes while the message is under way
            desk.note(tx, "daemon.started", "daemon", {})
        assert receiver.got[0]["type"] == "warning"
    finally:
        outbox.stop(limit_s=20.0)

"""The notify protocol of systemd, over a real datagram socket."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop

from omp.daemon.herald import Herald


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """The manager's end: its address, and what was said to it so far."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(path))
        line.setblocking(False)

        def said() -> list[str]:
            found = []
            while True:
                try:
                    found.append(line.recv(4096).decode())
                except BlockingIOError:
                    return found

        yield str(path), said


def test_it_says_ready_alive_and_stopping(manager: tuple[str, Callable[[], list[str]]]) -> None:
    address, said = manager
    now = [100.0]
    environment = {
        "NOTIFY_SOCKET": address,
        "WATCHDOG_USEC": "20000000",
        "WATCHDOG_PID": str(os.getpid()),
    }
    herald = Herald(environment, monotonic=lambda: now[0])
    herald.ready()
    for _ in range(12):
        herald.alive()
        now[0] += 1.0
    herald.stopping()
    words = said()
    assert words[0].splitlines()[:2] == ["READY=1", f"MAINPID={os.getpid()}"]
    assert words[1:-1] == ["WATCHDOG=1"] * 3, "each quarter of the limit, and not at each turn"
    assert words[-1].startswith("STOPPING=1")


def test_an_abstract_address_is_understood() -> None:
    name = f"omp-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind("\0" + name)
        Herald({"NOTIFY_SOCKET": "@" + name}).ready()
        line.settimeout(5)
        assert line.recv(4096).startswith(b"READY=1")


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "1000000"},
    ],
)
def test_without_a_manager_nothing_happens(environment: dict[str, str]) -> None:
    herald = Herald(environment)
    herald.ready()
    herald.alive()
    herald.stopping()


def test_the_watchdog_of_another_process_is_not_fed(
    manager: tuple[str, Callable[[], list[str]]],
) -> None:
    address, said = manager
    Herald({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).alive()
    assert said() == []


def test_the_loop_feeds_it_while_it_turns(
    manager: tuple[str, Callable[[], list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, said = manager
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.setenv("WATCHDOG_USEC", "4000")  # a millisecond for each feeding
    shop = Shop(tmp_path / "workspace")
    try:
        shop.loop.begin()
        assert said()[0].startswith("READY=1")
        shop.loop.turn()
        assert said() == ["WATCHDOG=1"]
    finally:
        shop.close()
    assert any(one.startswith("STOPPING=1") for one in said())

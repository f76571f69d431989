"""`omp up` as a user starts it: comes up, answers, refuses a second one, leaves on a signal."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "omp.cli.omp")
PATIENCE_S = 60.0


def _environment(root: Path) -> dict[str, str]:
    return {**os.environ, "OMP_WORKSPACE": str(root), "NO_COLOR": "1"}


def omp(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], env=_environment(root), capture_output=True, text=True, timeout=120
    )


def start(root: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "up", "--no-demo", "--idle", *words],
        env=_environment(root),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_note(root: Path, process: subprocess.Popen[str]) -> dict:
    note = root / "state" / "daemon.json"
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"omp up ended: {process.stderr.read() if process.stderr else ''}")
        try:
            return json.loads(note.read_bytes())
        except (OSError, ValueError):
            time.sleep(0.05)
    pytest.fail("omp up did not come up")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("up") / "ws"
    done = omp(root, "init", "--no-demo", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["is_new"] is True
    settings = root / "dashboard" / "omp_config.toml"
    busy = settings.read_text().replace("max_cpu_util_pct = 85.0", "max_cpu_util_pct = 100.0")
    assert "= 100.0" in busy  # other tests work beside this one
    settings.write_text(busy)
    assert omp(root, "stop", "--reason", "the test mines nothing").returncode == 0
    return root


@pytest.fixture(scope="module")
def daemon(workspace: Path) -> Iterator[subprocess.Popen[str]]:
    process = start(workspace, "--port", "0")
    try:
        wait_for_note(workspace, process)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=PATIENCE_S)


def test_init_again_changes_nothing(workspace: Path) -> None:
    before = (workspace / "state" / "token").read_bytes()
    done = omp(workspace, "init", "--no-demo")
    assert done.returncode == 0, done.stderr
    assert "nothing was missing" in done.stdout
    assert (workspace / "state" / "token").read_bytes() == before


def test_commands_speak_to_the_daemon(workspace: Path, daemon: subprocess.Popen[str]) -> None:
    note = wait_for_note(workspace, daemon)
    status = omp(workspace, "status", "--json")
    assert status.returncode == 0, status.stderr
    assert json.loads(status.stdout)["status"] == "offline"
    assert f"127.0.0.1:{note['port']}" in omp(workspace, "status").stdout
    assert json.loads(omp(workspace, "start", "--json").stdout)["state"] == "running"
    refused = omp(workspace, "start")
    assert refused.returncode == 5
    assert refused.stderr.count("\n") == 1
    assert "Allowed: pause, stop" in refused.stderr
    assert omp(workspace, "pause").returncode == 0
    assert omp(workspace, "stop").returncode == 0


def test_the_queue_is_kept_over_http(workspace: Path, daemon: subprocess.Popen[str]) -> None:
    added = omp(workspace, "queue", "add", "configs/campaigns/canary.toml", "--json")
    assert added.returncode == 0, added.stderr
    campaign = json.loads(added.stdout)["id"]
    assert campaign in omp(workspace, "queue", "list").stdout
    assert "offline" in omp(workspace, "queue", "why", campaign).stdout
    moved = omp(workspace, "queue", "priority", campaign, "1", "--reason", "first")
    assert moved.returncode == 0, moved.stderr
    assert omp(workspace, "queue", "disable", campaign).returncode == 0
    assert omp(workspace, "queue", "remove", campaign).returncode == 0
    assert campaign not in omp(workspace, "queue", "list").stdout


def test_a_second_daemon_is_refused(workspace: Path, daemon: subprocess.Popen[str]) -> None:
    second = omp(workspace, "up", "--port", "0")
    assert second.returncode == 4
    assert f"process {daemon.pid}" in second.stderr
    assert second.stderr.count("\n") == 1
    assert daemon.poll() is None


def test_a_daemon_is_healthy(workspace: Path, daemon: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (found := omp(workspace, "health", "--json")).returncode:
        assert time.monotonic() < deadline, found.stdout
        time.sleep(0.5)
    assert json.loads(found.stdout)["ok"] is True


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = omp(tmp_path / "ws", "up", "--no-demo", "--idle", "--port", port)
    assert done.returncode == 4
    assert port in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "ws" / "state" / "daemon.json").exists()


def test_a_signal_ends_it_in_order(workspace: Path, daemon: subprocess.Popen[str]) -> None:
    daemon.send_signal(signal.SIGTERM)
    out, err = daemon.communicate(timeout=PATIENCE_S)
    assert daemon.returncode == 0, err
    assert "checkpointing" in err
    assert "Traceback" not in err
    assert str(workspace) in out
    assert not (workspace / "state" / "daemon.json").exists()
    assert omp(workspace, "health").returncode == 1
    assert json.loads(omp(workspace, "status", "--json").stdout)["status"] == "offline"
    assert omp(workspace, "verify").returncode == 0


def test_start_brings_a_daemon_up_in_the_background(workspace: Path) -> None:
    config = workspace / "dashboard" / "omp_config.toml"
    config.write_text(config.read_text().replace("port = 3001", "port = 0"))
    started = omp(workspace, "start", "--json")
    note = json.loads((workspace / "state" / "daemon.json").read_bytes())
    try:
        assert started.returncode == 0, started.stderr
        assert json.loads(started.stdout)["state"] == "running"
        assert f"process {note['pid']}" in started.stderr
        assert omp(workspace, "stop").returncode == 0
    finally:
        os.kill(note["pid"], signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while (workspace / "state" / "daemon.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "stopped" in (workspace / "logs" / "daemon.log").read_text()


def test_a_daemon_that_cannot_start_says_why(workspace: Path) -> None:
    config = workspace / "dashboard" / "omp_config.toml"
    good = config.read_text()
    config.write_text("[loop]\nintervall_s = 5\n")
    try:
        done = omp(workspace, "start")
    finally:
        config.write_text(good)
    assert done.returncode == 4
    assert "interval_s" in done.stderr

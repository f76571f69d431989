"""Who a process is, and how a whole tree of them goes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from omp.daemon import process
from omp.daemon.tree_kill import end_tree, kill_tree

ENGINE = Path(__file__).with_name("engine.py")
Start = subprocess.Popen[bytes]


class Starter:
    """Starts engines in a given mode, each with a run of its own."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.popens: list[Start] = []
        self.runs: list[str] = []

    def __call__(self, mode: str) -> tuple[Start, process.Identity]:
        run_id = f"run_t{os.getpid()}x{len(self.runs)}"
        popen = subprocess.Popen(
            [sys.executable, str(ENGINE), "--run-id", run_id],
            env={
                **os.environ,
                "ENGINE": mode,
                process.RUN_VARIABLE: run_id,
                process.WORKSPACE_VARIABLE: str(self.workspace),
            },
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.popens.append(popen)
        self.runs.append(run_id)
        assert popen.stdout is not None
        popen.stdout.readline()  # it is in its loop
        identity = process.identify(popen.pid, run_id)
        assert identity is not None
        return popen, identity


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path)
    yield starter
    for run_id in starter.runs:
        kill_tree(run_id)
    for popen in starter.popens:
        popen.kill()
        popen.wait()
        assert popen.stdout is not None
        popen.stdout.close()


def test_an_identity_is_alive_and_ours_until_it_ends(start: Starter) -> None:
    popen, identity = start("hang")
    assert process.alive(identity)
    assert process.ours(identity)
    popen.kill()
    popen.wait()
    assert not process.alive(identity)
    assert not process.send(identity, signal.SIGTERM)


@pytest.mark.parametrize(
    "change", [{"boot_id": "other"}, {"start_ticks": 1}, {"pid": 2**22 - 1}], ids=str
)
def test_a_namesake_is_no_child(start: Starter, change: dict[str, object]) -> None:
    popen, identity = start("hang")
    stranger = replace(identity, **change)  # type: ignore[arg-type]
    assert not process.alive(stranger)
    assert not process.send(stranger, signal.SIGKILL)
    assert popen.poll() is None


def test_a_process_of_another_run_is_not_ours(start: Starter) -> None:
    _, identity = start("hang")
    assert not process.ours(replace(identity, run_id="run_other"))


def test_a_zombie_is_not_alive(start: Starter) -> None:
    popen, identity = start("hang")
    os.kill(popen.pid, signal.SIGKILL)
    os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
    assert process.read_stat(popen.pid) is not None
    assert not process.alive(identity)


def test_the_whole_tree_goes_with_a_deserter_that_left_session_and_parent(
    start: Starter, tmp_path: Path
) -> None:
    popen, identity = start("fork,hang")
    members = process.tree(identity.run_id, identity)
    assert len(members) == 2, "the engine and its deserted grandchild"
    here = process.runs_alive(tmp_path)
    assert {m.pid for m in members} == here[identity.run_id]
    assert identity.run_id not in process.runs_alive(tmp_path / "other")
    assert kill_tree(identity.run_id, identity) == frozenset()
    popen.wait()
    assert process.tree(identity.run_id) == frozenset()


def test_a_descendant_that_wiped_its_environment_goes_too(start: Starter) -> None:
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'], env={})\n"
        "print(p.pid, flush=True)\n"
        "time.sleep(99)\n"
    )
    popen = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, process.RUN_VARIABLE: "run_wiped"},
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    assert popen.stdout is not None
    grandchild = int(popen.stdout.readline())
    identity = process.identify(popen.pid, "run_wiped")
    assert kill_tree("run_wiped", identity) == frozenset()
    popen.wait()
    popen.stdout.close()
    stat = process.read_stat(grandchild)
    assert stat is None or stat.state == "Z"


def test_one_that_ignores_term_is_killed_after_its_grace(start: Starter) -> None:
    popen, identity = start("deaf,hang")
    began = time.monotonic()
    assert end_tree(identity.run_id, identity, grace_s=0.3) == frozenset()
    assert time.monotonic() - began >= 0.3
    assert popen.wait() == -signal.SIGKILL


def test_a_stopped_one_is_woken_to_leave(start: Starter) -> None:
    popen, identity = start("hang")
    os.kill(popen.pid, signal.SIGSTOP)
    process.ask_to_leave(identity)
    assert popen.wait(timeout=5) == -signal.SIGTERM


def test_the_sweep_spares_ourselves_and_our_parents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "run_of", lambda _pid: "run_everybody")
    found = {member.pid for member in process.tree("run_everybody")}
    assert os.getpid() not in found
    assert os.getppid() not in found


def test_memory_and_processor_time_are_measured(start: Starter) -> None:
    _, identity = start("busy")
    members = process.tree(identity.run_id, identity)
    assert process.memory_bytes(members) > 1_000_000
    assert process.cpu_seconds(members) > 0

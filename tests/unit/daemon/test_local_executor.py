"""Children on this machine."""

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from omp.daemon import process
from omp.daemon.executors.base import Child, Order
from omp.daemon.executors.local import NICE, LocalExecutor
from omp.domain.errors import NotFound, ResourceShort
from omp.wire.workspace import Workspace

ENGINE = Path(__file__).with_name("engine.py")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    for folder in workspace.folders:
        folder.mkdir(parents=True, exist_ok=True)
    return workspace


@pytest.fixture
def executor(workspace: Workspace) -> Iterator[LocalExecutor]:
    executor = LocalExecutor(workspace)
    yield executor
    for number in range(3):
        executor.kill(f"run_x{os.getpid()}{number}")


def order(workspace: Workspace, mode: str, number: int = 0, slot: str = "slot-0") -> Order:
    run_id = f"run_x{os.getpid()}{number}"
    folder = workspace.run(run_id)
    folder.mkdir(exist_ok=True)
    return Order(
        run_id=run_id,
        stage="mine",
        command=(sys.executable, str(ENGINE), "--run-id", run_id),
        slot=slot,
        output=folder / "events.ndjson",
        errors=folder / "stderr.log",
        environment={"ENGINE": mode},
    )


def wait_for(path: Path, word: str) -> None:
    deadline = time.monotonic() + 10
    while word not in (path.read_text() if path.exists() else ""):
        assert time.monotonic() < deadline, f"{word!r} never came"
        time.sleep(0.01)


def finish(child: Child) -> int | None:
    deadline = time.monotonic() + 10
    while child.alive():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return child.exit_code()


def test_a_child_writes_to_files_and_gives_its_exit_code(
    workspace: Workspace, executor: LocalExecutor
) -> None:
    placed = order(workspace, "bad")
    child = executor.launch(placed)
    assert finish(child) == 3
    assert "data_not_ready" in placed.output.read_text()


def test_a_child_is_nice_and_leads_its_session(
    workspace: Workspace, executor: LocalExecutor
) -> None:
    placed = order(workspace, "hang")
    child = executor.launch(placed)
    wait_for(placed.output, "start")
    assert os.getpriority(os.PRIO_PROCESS, child.identity.pid) >= NICE
    stat = process.read_stat(child.identity.pid)
    assert stat is not None
    assert stat.session == child.identity.pid
    assert process.ours(child.identity)


def test_the_kernel_allows_one_child_in_a_slot(
    workspace: Workspace, executor: LocalExecutor
) -> None:
    first = order(workspace, "hang")
    child = executor.launch(first)
    with pytest.raises(ResourceShort, match="slot-0"):
        executor.launch(order(workspace, "hang", 1))
    other = executor.launch(order(workspace, "hang", 2, slot="slot-1"))
    assert executor.kill(first.run_id, child)
    assert executor.kill(other.identity.run_id, other)
    again = executor.launch(order(workspace, "bad", 1))
    assert finish(again) == 3


def test_the_daemon_itself_does_not_hold_the_slot(
    workspace: Workspace, executor: LocalExecutor
) -> None:
    finish(executor.launch(order(workspace, "empty")))
    with (workspace.state / "slots" / "slot-0.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_later_daemon_adopts_a_child_but_no_stranger(
    workspace: Workspace, executor: LocalExecutor
) -> None:
    placed = order(workspace, "hang")
    child = executor.launch(placed)
    wait_for(placed.output, "start")
    adopted = LocalExecutor(workspace).adopt(child.identity)
    assert adopted is not None
    assert adopted.alive()
    assert executor.kill(placed.run_id, child)
    assert not adopted.alive()
    assert adopted.exit_code() is None
    assert LocalExecutor(workspace).adopt(child.identity) is None


def test_a_program_that_is_not_there_is_named(
    workspace: Workspace, executor: LocalExecutor
) -> None:
    placed = order(workspace, "hang")
    missing = replace(placed, command=("./no-such-engine",))
    with pytest.raises(NotFound, match="no-such-engine"):
        executor.launch(missing)
    assert finish(executor.launch(order(workspace, "empty"))) == 0, "the slot is free again"


def test_the_run_variable_of_a_parent_is_not_handed_on(workspace: Workspace) -> None:
    executor = LocalExecutor(workspace, environment={**os.environ, "OMP_RUN_ID": "run_parent"})
    placed = order(workspace, "hang")
    child = executor.launch(placed)
    try:
        wait_for(placed.output, "start")
        assert process.run_of(child.identity.pid) == child.identity.run_id
    finally:
        executor.kill(child.identity.run_id, child)


def test_a_process_whose_threads_linger_still_gives_its_exit_code(
    workspace: Workspace, executor: LocalExecutor
) -> None:
    code = (
        "import os, threading, time\n"
        "ballast = bytearray(200_000_000)\n"
        "for _ in range(30):\n"
        "    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "os._exit(3)\n"
    )
    placed = order(workspace, "")
    for _ in range(3):
        child = executor.launch(replace(placed, command=(sys.executable, "-c", code)))
        while child.alive():
            time.sleep(0.0005)
        assert child.exit_code() == 3

"""Kill the daemon, its child, or both, at any point: nothing lost, nothing doubled, no orphan."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop

from omp.daemon import process
from omp.daemon.tree_kill import kill_tree
from omp.store import journal, ledger
from omp.wire.rundir import RunDirectory, read_manifest

ROOT = Path(__file__).parents[2]
MODE = "generations=40,pause=0.05"
FAST = "generations=40,pause=0.01"


class Daemons:
    """A workspace, and daemons on it as processes of their own."""

    def __init__(self, root: Path) -> None:
        self.shop = Shop(root)
        self.shop.desk.live.clear()
        self.popens: list[subprocess.Popen[bytes]] = []

    def start(self, mode: str = MODE, *, failpoint: str = "") -> subprocess.Popen[bytes]:
        source = os.environ.get("PYTHONPATH", str(ROOT / "src"))
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{source}"}
        if failpoint:
            environment["OMP_FAILPOINT"] = failpoint
        popen = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.daemon_program", str(self.shop.root), mode],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.popens.append(popen)
        return popen

    def until(self, reached: Callable[[], object], limit_s: float = 30.0) -> None:
        deadline = time.monotonic() + limit_s
        while not reached():
            assert time.monotonic() < deadline, f"never came: {self.shop.runs()}"
            time.sleep(0.05)

    def until_state(self, state: str) -> None:
        self.until(lambda: self.shop.run().state == state)

    def generation(self) -> int:
        generation = self.shop.run().generation
        return -1 if generation is None else generation

    def close(self) -> None:
        for popen in self.popens:
            popen.kill()
            popen.wait()
            if popen.stderr:
                popen.stderr.close()
        for run in self.shop.runs():
            kill_tree(run.id)
        self.shop.desk.db.close()


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[Daemons]:
    found = Daemons(tmp_path / "workspace")
    yield found
    found.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The content digest of the run when nothing goes wrong."""
    shop = Shop(tmp_path_factory.mktemp("calm") / "workspace", FAST)
    shop.add()
    run = shop.turn_until_state("completed")
    content = content_of(shop)
    assert run.attempt == 1
    shop.close()
    return content


def content_of(shop: Shop) -> str:
    """What the run found, apart from its own name."""
    folder = RunDirectory(shop.desk.workspace.run(shop.run().id))
    files = read_manifest(folder.manifest).files
    return files["candidates.parquet"] + files["trials.parquet"]


def assert_whole(daemons: Daemons, undisturbed: str) -> None:
    """One run, completed once, fully charged, with nothing left behind."""
    (run,) = daemons.shop.runs()
    assert run.state == "completed"
    assert content_of(daemons.shop) == undisturbed
    with daemons.shop.desk.read() as tx:
        assert ledger.of_run(tx, run.id).trials == 320
        assert journal.verify(tx) is None
    assert daemons.shop.kinds().count("run.completed") == 1
    daemons.until(lambda: not process.tree(run.id))


def test_a_live_child_is_adopted_and_followed(daemons: Daemons, undisturbed: str) -> None:
    daemons.shop.add()
    first = daemons.start(f"{FAST},gate")
    daemons.until(lambda: daemons.generation() >= 3)
    first.kill()
    first.wait()
    (orphan,) = process.tree(daemons.shop.run().id)
    daemons.start()
    daemons.until(lambda: "run.adopted" in daemons.shop.kinds())
    (daemons.shop.root / "go").touch()
    daemons.until_state("completed")
    assert daemons.shop.run().attempt == 1
    assert not process.alive(orphan)
    assert_whole(daemons, undisturbed)


def test_a_child_that_finished_meanwhile_is_ingested(daemons: Daemons, undisturbed: str) -> None:
    daemons.shop.add()
    first = daemons.start(FAST)
    daemons.until(lambda: daemons.generation() >= 3)
    first.kill()
    first.wait()
    daemons.until(lambda: not process.tree(daemons.shop.run().id))
    daemons.start(FAST)
    daemons.until_state("completed")
    assert daemons.shop.run().attempt == 1
    assert_whole(daemons, undisturbed)


def test_both_killed_the_run_goes_on_from_its_checkpoint(
    daemons: Daemons, undisturbed: str
) -> None:
    daemons.shop.add()
    first = daemons.start(f"{FAST},gate")
    daemons.until(lambda: daemons.generation() >= 3)
    first.kill()
    first.wait()
    kill_tree(daemons.shop.run().id)
    daemons.start(FAST)
    daemons.until_state("completed")
    assert daemons.shop.run().attempt == 2
    assert_whole(daemons, undisturbed)


@pytest.mark.parametrize("failpoint", ["run.claimed", "run.launched", "run.proven", "run.closed"])
def test_a_kill_between_two_steps_neither_loses_nor_doubles(
    daemons: Daemons, undisturbed: str, failpoint: str
) -> None:
    daemons.shop.add()
    first = daemons.start(FAST, failpoint=failpoint)
    assert first.wait(30) == -signal.SIGKILL, "the fail-point was passed"
    daemons.start(FAST)
    daemons.until_state("completed")
    daemons.until(lambda: daemons.shop.run().outcome == "refused")
    assert_whole(daemons, undisturbed)


def test_term_checkpoints_and_requeues_within_ten_seconds(
    daemons: Daemons, undisturbed: str
) -> None:
    daemons.shop.add()
    first = daemons.start(f"{FAST},gate")
    daemons.until(lambda: daemons.generation() >= 3)
    began = time.monotonic()
    first.terminate()
    assert first.wait(15) == 0
    assert time.monotonic() - began < 10
    run = daemons.shop.run()
    assert (run.state, run.cause) == ("queued", "the daemon was stopped")
    assert not process.tree(run.id)
    assert not (daemons.shop.root / "state" / "daemon.json").exists()
    daemons.start(FAST)
    daemons.until_state("completed")
    assert_whole(daemons, undisturbed)


def test_a_second_daemon_is_refused_with_the_first_ones_pid(daemons: Daemons) -> None:
    first = daemons.start()
    daemons.until((daemons.shop.root / "state" / "daemon.json").exists)
    second = daemons.start()
    assert second.wait(20) == 4
    assert second.stderr is not None
    told = second.stderr.read().decode()
    assert f"pid {first.pid}" in told
    assert "http://127.0.0.1:1" in told
    assert first.poll() is None


def test_the_lock_does_not_outlive_the_daemon(daemons: Daemons) -> None:
    daemons.shop.add()
    first = daemons.start(f"{FAST},gate")
    daemons.until(lambda: daemons.shop.run().pid)
    first.kill()
    first.wait()
    daemons.until(lambda: process.tree(daemons.shop.run().id))
    daemons.start(FAST)
    (daemons.shop.root / "go").touch()
    daemons.until_state("completed")

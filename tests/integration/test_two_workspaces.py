"""Two workspaces side by side: two daemons, two ports, and neither touches what is the other's."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from tests.unit.daemon.shop import Shop

from omp.daemon import process
from omp.daemon.executors.local import LocalExecutor
from omp.store import runs as rows
from omp.store.runs import Run

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
LIMITS = "[limits]\nmax_cpu_util_pct = 100\nmin_mem_available_mb = 0\nmin_disk_free_gb = 0\n"


def until(reached: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := reached()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


class House:
    """A workspace with one campaign that waits in the middle of its run, and its daemon."""

    def __init__(self, root: Path, *, fresh: bool = True) -> None:
        self.root = root
        self.shop = Shop(root, settings=LIMITS if fresh else "")
        if fresh:
            self.shop.add()
            self.shop.mine()
        self.daemon = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.integration.up_program", str(self.root)]
        return subprocess.Popen(
            [*command, "generations=20,gate"],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
            start_new_session=True,
        )

    @property
    def run(self) -> Run:
        with self.shop.desk.read() as tx:
            return rows.find(tx, newest_first=False)[0]

    def live_child(self) -> psutil.Process | None:
        run = self.run
        if run.state != "running" or not run.pid or (run.generation or 0) < 1:
            return None
        return psutil.Process(run.pid) if psutil.pid_exists(run.pid) else None

    def base(self) -> str:
        note = until(self._note)
        return f"http://127.0.0.1:{note['port']}"

    def _note(self) -> Any:
        try:
            note = json.loads((self.root / "state" / "daemon.json").read_bytes())
        except (OSError, ValueError):
            return None
        return note if note["pid"] == self.daemon.pid else None

    def close(self) -> None:
        if self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait(30)
        for run in self.shop.runs():
            LocalExecutor(self.shop.desk.workspace).kill(run.id)
        self.shop.desk.db.close()


@pytest.fixture
def houses(tmp_path: Path) -> Iterator[list[House]]:
    made = [House(tmp_path / "one"), House(tmp_path / "two")]
    yield made
    for one in made:
        one.close()


def navigate(base: str) -> httpx2.Response:
    headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}
    return httpx2.get(f"{base}/", headers=headers, timeout=30, trust_env=False)


def test_both_mine_and_neither_touches_the_other(houses: list[House]) -> None:
    one, two = houses
    first, second = until(one.live_child), until(two.live_child)
    assert one.base() != two.base()
    statuses = [
        httpx2.get(f"{at.base()}/api/omp/status", timeout=30, trust_env=False).json()
        for at in houses
    ]
    for at, view in zip(houses, statuses, strict=True):
        assert [run["id"] for run in view["currentRuns"]] == [at.run.id]

    cookies = [dict(navigate(at.base()).cookies) for at in houses]
    assert all(len(found) == 1 for found in cookies)
    assert set(cookies[0]).isdisjoint(cookies[1]), (
        "a browser would send one's cookie as the other's"
    )
    asked = {"Sec-Fetch-Site": "same-origin"}
    for mine, theirs in ((0, 1), (1, 0)):
        codes = [
            httpx2.post(
                f"{houses[mine].base()}/api/omp/hof-sync",
                headers={**asked, "Origin": houses[mine].base()},
                cookies=cookies[which],
                timeout=30,
                trust_env=False,
            ).status_code
            for which in (mine, theirs)
        ]
        assert codes == [200, 401]

    one.daemon.kill()
    one.daemon.wait(30)
    one.daemon = one.start()
    one.base()
    until(lambda: "run.adopted" in kinds(one) or "run.interrupted" in kinds(one))
    time.sleep(1.0)  # the new daemon has swept
    assert two.live_child() == second
    assert (two.run.attempt, "watchdog.action" in kinds(two)) == (1, False)
    assert one.live_child() == first

    one.daemon.send_signal(signal.SIGTERM)
    one.daemon.wait(60)
    assert not first.is_running() or first.status() == psutil.STATUS_ZOMBIE
    assert two.live_child() == second, "the end of one daemon ended the other's run"


def kinds(house: House) -> list[str]:
    return house.shop.kinds()


def test_a_copy_of_a_workspace_leaves_the_runs_of_the_first_alone(
    houses: list[House], tmp_path: Path
) -> None:
    """A restored backup names the same runs, down to the process; they are the first one's."""
    one = houses[0]
    child = until(one.live_child)
    identity = process.identify(child.pid, one.run.id)
    assert identity is not None
    copy = tmp_path / "copy"
    (copy / "state").mkdir(parents=True)
    for folder in ("dashboard", "configs", "data"):
        subprocess.run(["cp", "-r", one.root / folder, copy / folder], check=True)
    subprocess.run(["cp", "-r", one.root / "state" / "keys", copy / "state" / "keys"], check=True)
    subprocess.run(["cp", one.root / "state" / "token", copy / "state" / "token"], check=True)
    with (
        sqlite3.connect(one.root / "state" / "omp.db") as source,
        sqlite3.connect(copy / "state" / "omp.db") as target,
    ):
        source.backup(target)
    subprocess.run(["cp", one.root / "state" / "anchor", copy / "state" / "anchor"], check=False)
    assert not process.ours(identity, copy)
    assert process.tree(identity.run_id, None, copy) == frozenset()
    assert identity in process.tree(identity.run_id, None, one.root)
    second = House(copy, fresh=False)
    houses.append(second)
    second.base()
    until(lambda: kinds(second).count("run.interrupted") or second.run.attempt > 1)
    time.sleep(1.0)
    assert one.live_child() == child
    assert child.is_running()
    assert one.run.attempt == 1

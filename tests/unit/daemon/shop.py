"""A workspace with data, a campaign and a loop whose engine is the small one."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from omp.app import open_desk
from omp.daemon.executors.local import LocalExecutor
from omp.daemon.loop import Loop
from omp.daemon.orders import Orders
from omp.daemon.process import Identity
from omp.domain.limits import Resources
from omp.ops import miner, queue
from omp.ops import workspace as workspaces
from omp.ops.children import Children
from omp.ops.desk import Desk
from omp.ops.promotion import Step
from omp.store import journal
from omp.store import runs as rows
from omp.store.runs import Run
from omp.wire.canonical import digest

ENGINE = Path(__file__).with_name("engine.py")
ROOT = Path(__file__).parents[3]
FINE = Resources(10.0, 5.0, 4000.0, 50.0, 80.0)

CAMPAIGN = """\
[campaign]
name = "{name}"
market = "us"
timeframe = "1d"

[data]
source = "tiny"

[search]
population = 500
generations = 3
seeds = {{ first = {first}, step = 1 }}
workers = 1
"""


class MovableClock:
    """The machine's clock, and whatever was added to it."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead_s)

    def iso(self) -> str:
        return journal.iso(self.now())

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_s


class FixedReader:
    """A machine that has what the test says."""

    def __init__(self) -> None:
        self.reading = FINE

    def read(self, own: Iterable[Identity] = ()) -> Resources:
        list(own)
        return self.reading

    def set(self, **changes: float) -> None:
        self.reading = replace(self.reading, **changes)


def make_data(desk: Desk, name: str = "tiny", *, environment: str = "test") -> str:
    """A published snapshot as the control wing sees it: manifest, certificate, pointer."""
    found = digest(name.encode())
    folder = desk.workspace.snapshots / found
    folder.mkdir(parents=True)
    manifest = {
        "schema_version": 1,
        "digest": found,
        "name": name,
        "environment": environment,
        "venue": "us",
        "timeframe": "1d",
        "symbols": ["AAA"],
        "first": "2000-01-03",
        "last": "2020-12-31",
        "boundary": "2014-01-01T00:00:00+00:00",
        "lineage": "lin_test",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "readiness.json").write_text(json.dumps({"ready": True, "faults": []}))
    pointer = {"schema_version": 1, "name": name, "current": found, "history": [found]}
    (desk.workspace.data_sets / f"{name}.json").write_text(json.dumps(pointer))
    return found


class Shop:
    """Everything a test of the daemon holds in its hands."""

    def __init__(self, root: Path, mode: str = "", *, settings: str = "") -> None:
        if not (root / "state").exists():
            workspaces.create(root, demo=False)
        if settings:
            path = root / "dashboard" / "omp_config.toml"
            path.write_text(settings)
        self.clock = MovableClock()
        self.reader = FixedReader()
        self.root = root
        self.desk = open_desk(root, operator="tester", clock=self.clock)
        self.mode = mode
        self.judged: list[str] = []
        self.loop = self.new_loop()
        self.desk.live.set()

    def new_loop(self, mode: str | None = None) -> Loop:
        """A loop as a new daemon would have it."""
        environment = {
            "ENGINE": self.mode if mode is None else mode,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
        }
        orders = Orders(
            self.desk.workspace, combiner=(sys.executable, str(ENGINE)), environment=environment
        )
        return Loop(
            self.desk,
            LocalExecutor(self.desk.workspace),
            orders=orders,
            reader=self.reader,
            grace_s=1.0,
            judge=self,
        )

    def pending(self, desk: Desk) -> tuple[str, ...]:
        """A judge that has something to do for every run that was not refused yet."""
        with desk.read() as tx:
            return tuple(run.id for run in rows.find(tx, outcome="pending"))

    def advance(self, desk: Desk, run_id: str, _children: Children) -> Step:
        """And refuses them all."""
        self.judged.append(run_id)
        with desk.write() as tx:
            rows.change(tx, run_id, outcome="refused", stage="done")
        return Step(run_id, "done", "refused", "refused", more=False)

    def add(self, name: str = "alpha", *, repeat: bool = False, first: int = 1) -> str:
        """Queue a campaign; gives its id."""
        if not (self.desk.workspace.data_sets / "tiny.json").exists():
            make_data(self.desk)
        path = f"configs/campaigns/{name}.toml"
        (self.root / path).write_text(CAMPAIGN.format(name=name, first=first))
        return queue.add(self.desk, name=name, config_path=path, repeat=repeat).id

    def mine(self) -> None:
        """Want mining, wherever the miner stands."""
        view = miner.state(self.desk)
        verb = {"offline": "start", "paused": "resume"}.get(view.wanted)
        if verb:
            miner.want(self.desk, verb)

    def runs(self) -> tuple[Run, ...]:
        with self.desk.read() as tx:
            return rows.find(tx, newest_first=False)

    def run(self) -> Run:
        return self.runs()[0]

    def kinds(self) -> list[str]:
        with self.desk.read() as tx:
            return [one.kind for one in journal.records(tx, limit=1000)]

    def turn_until(self, reached: Callable[[], object], *, limit_s: float = 15.0) -> None:
        """Turn the loop as its thread would, until something is so."""
        deadline = time.monotonic() + limit_s
        while not reached():
            assert time.monotonic() < deadline, f"never came: {self.runs()}"
            self.loop.turn()
            time.sleep(0.02)

    def turn_until_state(self, state: str, *, limit_s: float = 15.0) -> Run:
        self.turn_until(lambda: self.run().state == state, limit_s=limit_s)
        return self.run()

    def close(self) -> None:
        for run in self.runs():
            LocalExecutor(self.desk.workspace).kill(run.id)
        self.loop.hurry.set()
        self.loop.end()
        self.desk.db.close()

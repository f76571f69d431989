"""What a daemon with nothing to do costs, and how soon it begins when there is work.

    python -m tests.long.idle_daemon --seconds 60

A daemon as `omp up` starts it, the miner running and the queue empty: processor time and memory by
/proc. Then campaigns are added one after the other, each when the slot is free again, and the
journal says how long each of them waited. Prints one line of JSON.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from tests.long.soak import size_of
from tests.unit.daemon.shop import CAMPAIGN, make_data

from omp.app import open_desk
from omp.daemon.ownership import read_note
from omp.ops import workspace as workspaces
from omp.ops.desk import Desk
from omp.store import journal
from omp.store import runs as rows
from omp.wire.workspace import Workspace

SETTLE_S, PATIENCE_S = 10.0, 60.0
MAX_CORE_PCT, MAX_RSS_MB, MAX_WAIT_S = 1.0, 120.0, 1.0


def measure(folder: Path, *, seconds: float, campaigns: int) -> dict[str, object]:
    """The figures, and whether they are within their bars."""
    root = folder / "workspace"
    workspaces.create(root, demo=False)
    settings = "[limits]\nmax_cpu_util_pct = 100.0\n"
    (root / "dashboard" / "omp_config.toml").write_text(settings)
    desk = open_desk(root, operator="tester")
    make_data(desk)
    program = [sys.executable, "-m", "tests.integration.up_program", str(root), "generations=2"]
    with (folder / "daemon.log").open("wb") as log:
        daemon = subprocess.Popen(program, stdout=log, stderr=log, start_new_session=True)
    try:
        _until(lambda: read_note(Workspace(root)) is not None)
        _omp(root, "start")
        time.sleep(SETTLE_S)
        before, began = size_of(daemon.pid, root), time.monotonic()
        time.sleep(seconds)
        after = size_of(daemon.pid, root)
        core_pct = 100 * (after.cpu_s - before.cpu_s) / (time.monotonic() - began)
        waits = [_wait_of(desk, root, number) for number in range(campaigns)]
    finally:
        daemon.terminate()
        daemon.wait(PATIENCE_S)
        desk.db.close()
    return {
        "idle_core_pct": round(core_pct, 2),
        "idle_s": seconds,
        "size": asdict(after),
        "fill_s": [round(one, 3) for one in waits],
        "ok": core_pct <= MAX_CORE_PCT and after.rss_mb <= MAX_RSS_MB and max(waits) < MAX_WAIT_S,
    }


def _wait_of(desk: Desk, root: Path, number: int) -> float:
    """Seconds between the record that a campaign was added and the claim of its run."""
    name = f"idle-{number}"
    path = f"configs/campaigns/{name}.toml"
    (root / path).write_text(CAMPAIGN.format(name=name, first=100 * (number + 1)))
    with desk.read() as tx:
        head = journal.head(tx).seq
    _omp(root, "queue", "add", path)
    _until(lambda: _ended(desk, number + 1))
    with desk.read() as tx:
        told = journal.records(tx, after=head, limit=500)
    added, claimed = (
        next(datetime.fromisoformat(one.ts) for one in told if one.kind == kind)
        for kind in ("queue.change", "run.claimed")
    )
    return (claimed - added).total_seconds()


def _ended(desk: Desk, number: int) -> bool:
    with desk.read() as tx:
        found = rows.find(tx, limit=100)
    return len(found) >= number and all(one.state == "completed" for one in found)


def _omp(root: Path, *words: str) -> None:
    command = [sys.executable, "-m", "omp.cli.omp", *words]
    done = subprocess.run(
        command, env={**os.environ, "OMP_WORKSPACE": str(root)}, capture_output=True, text=True
    )
    if done.returncode != 0 and "running" not in done.stderr:
        raise RuntimeError(done.stderr)


def _until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError("it never came")
        time.sleep(0.05)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--campaigns", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), seconds=given.seconds, campaigns=given.campaigns)
    print(json.dumps(found))
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())

"""Thousands of campaigns through one daemon: does anything of it grow?

    python -m tests.long.soak --campaigns 3000 --slots 4

The minimal engine mines each in a moment and none waits for a clock, so days of work pass in
minutes. Memory, handles and threads are compared with what they were after the first tenth; memory
counts only in a long soak, since a daemon is warm no sooner than after a hundred campaigns.
"""

import argparse
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.desks import write_campaign
from tests.finished import publish
from tests.long.checker import Checker, Violation
from tests.long.crash import MIRROR
from tests.long.daemons import Forked, fork_daemon
from tests.long.pattern import write_pattern

from omp.app import open_desk
from omp.ops import queue
from omp.ops import workspace as workspaces

SETTINGS = """\
[loop]
interval_s = 5.0
[limits]
max_cpu_util_pct = 100.0
max_concurrent_campaigns = {slots}
[retention]
keep_runs = 5
max_output_gb = 0.1
"""
LIMIT_S = 600.0
MAX_RSS_MB, MAX_WAL_MB = 10.0, 64.0
MEMORY_FROM = 1000


@dataclass(frozen=True)
class Size:
    """What a daemon holds."""

    rss_mb: float
    handles: int
    threads: int
    wal_mb: float
    cpu_s: float


def size_of(pid: int, root: Path) -> Size:
    """By /proc and by the length of the write-ahead log."""
    status = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if ":" in line
    )
    wal = root / "state" / "omp.db-wal"
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return Size(
        rss_mb=int(status["VmRSS"].split()[0]) / 1024,
        handles=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        threads=int(status["Threads"]),
        wal_mb=wal.stat().st_size / 2**20 if wal.exists() else 0.0,
        cpu_s=(int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
    )


def settled(pid: int, root: Path) -> Size:
    """Of two seconds the reading with the fewest handles: what a run has open is no growth."""
    seen = []
    for _ in range(40):
        seen.append(size_of(pid, root))
        time.sleep(0.05)
    return min(seen, key=lambda one: (one.handles, one.threads))


def finished(root: Path) -> int:
    """Campaigns that were mined and judged."""
    db = sqlite3.connect(f"file:{root}/state/omp.db?mode=ro", uri=True, timeout=20)
    try:
        query = "SELECT count(*) FROM v_runs WHERE outcome IS NOT NULL AND outcome <> 'pending'"
        return int(db.execute(query).fetchone()[0])
    finally:
        db.close()


def soak(folder: Path, *, campaigns: int, slots: int, queued: int = 20) -> dict[str, object]:
    """Run them; gives the figures."""
    root, home = folder / "workspace", folder / "pattern"
    workspaces.create(root, demo=False)
    (root / "dashboard" / "omp_config.toml").write_text(SETTINGS.format(slots=slots))
    os.environ[MIRROR] = ""
    desk = open_desk(root, operator="tester")
    publish(desk)
    path = write_campaign(root, "small")
    for number in range(queued):
        added = queue.add(desk, name=f"small {number}", config_path=path, repeat=True)
    write_pattern(desk, home, added.id, passes=False)
    desk.db.close()
    checker = Checker(root, ownerless_s=60)
    environment = {"OMP_SMALL_LAZY": "1"}
    daemon = fork_daemon(root, home, folder / "daemon.log", environment)
    began = time.monotonic()
    try:
        return _watch(daemon, root, checker, campaigns, began)
    finally:
        daemon.end()


def _watch(
    daemon: Forked, root: Path, checker: Checker, campaigns: int, began: float
) -> dict[str, object]:
    first: Size | None = None
    peak_wal, done, violations = 0.0, 0, list[Violation]()
    while done < campaigns and time.monotonic() - began < 3 * LIMIT_S:
        time.sleep(1.0)
        done = finished(root)
        now = size_of(daemon.pid, root)
        peak_wal = max(peak_wal, now.wal_mb)
        if first is None and done >= campaigns / 10:
            first = settled(daemon.pid, root)
    took = time.monotonic() - began
    last = settled(daemon.pid, root)
    violations += checker.check()
    first = first or last
    grown = last.rss_mb - first.rss_mb
    return {
        "campaign": "soak",
        "campaigns": done,
        "seconds": round(took, 1),
        "per_second": round(done / took, 2),
        "daemon_cpu_ms_each": round(1000 * last.cpu_s / max(done, 1), 1),
        "rss_mb": round(last.rss_mb, 1),
        "rss_growth_mb": round(grown, 1),
        "handles_growth": last.handles - first.handles,
        "threads_growth": last.threads - first.threads,
        "peak_wal_mb": round(peak_wal, 1),
        "violations": [str(one) for one in violations],
        "ok": done >= campaigns
        and took <= LIMIT_S
        and (grown <= MAX_RSS_MB or campaigns < MEMORY_FROM)
        and last.threads <= first.threads
        and last.handles <= first.handles
        and peak_wal <= MAX_WAL_MB
        and not violations,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=3000)
    parser.add_argument("--slots", type=int, default=4)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="omp-soak-"))
    try:
        figures = soak(folder, campaigns=options.campaigns, slots=options.slots)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(figures))
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())

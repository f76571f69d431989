"""How soon the watchdog sees what it must see: a run that stands still, a disk that is full.

    python -m tests.long.watchdog_times        (the second needs root, for a small disk)

Nothing is accelerated: the daemon ticks as it is delivered, and the default limits are in force.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.unit.daemon.shop import Shop

from omp.daemon.resources import ResourceReader
from omp.ops import miner
from omp.store import journal

SETTINGS = """\
[loop]
interval_s = {tick}
[limits]
max_cpu_util_pct = 100
min_disk_free_gb = 0.04
warn_disk_free_gb = 0.04
stuck_after_min = {stuck}
"""
DISK_MB, BALLAST_MB = 128, 84


def records(shop: Shop, kind: str) -> list[Any]:
    with shop.desk.read() as tx:
        return list(journal.records(tx, kinds=(kind,), newest_first=True, limit=20))


def seconds(later: str, earlier: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def at_work(shop: Shop) -> tuple[threading.Thread, threading.Event]:
    """The loop in a thread of its own, until the event is set."""
    stop = threading.Event()
    thread = threading.Thread(target=shop.loop.run, args=(stop,))
    thread.start()
    return thread, stop


def stuck(folder: Path, *, stuck_after_min: float, tick_s: float) -> float:
    """Seconds from a run's last progress until the watchdog ends it."""
    settings = SETTINGS.format(tick=tick_s, stuck=stuck_after_min)
    shop = Shop(folder / "stuck", "gate,generations=9", settings=settings)
    thread, stop = at_work(shop)
    try:
        shop.add()
        shop.mine()
        while not (found := [one for one in records(shop, "watchdog.action")
                             if one.payload["cause"] == "stuck"]):  # fmt: skip
            last = shop.run().progress_at
            time.sleep(0.2)
        return seconds(found[-1].ts, str(last))
    finally:
        stop.set()
        shop.desk.wake.set()
        thread.join()
        shop.close()


def disk(folder: Path, *, times: int, tick_s: float) -> list[float]:
    """Seconds from the instant a disk is full until mining is stopped, that many times."""
    at = folder / "disk"
    at.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(at)]
    if os.geteuid() != 0 or subprocess.run(["mount", *options]).returncode:
        return []
    settings = SETTINGS.format(tick=tick_s, stuck=10)
    shop = Shop(at / "workspace", settings=settings)
    shop.loop._lookout._reader = ResourceReader(shop.root)
    thread, stop = at_work(shop)
    took, chance = [], random.Random(1)
    try:
        for _ in range(times):
            if miner.state(shop.desk).state == "offline":
                miner.want(shop.desk, "start")
            time.sleep(chance.uniform(0.1, 1.0) * tick_s)
            ballast = at / "ballast"
            ballast.write_bytes(bytes(BALLAST_MB << 20))
            began = time.monotonic()
            while miner.state(shop.desk).state != "offline":
                time.sleep(0.01)
            took.append(time.monotonic() - began)
            ballast.unlink()
            while shop.loop._lookout._memory.disk == "critical":
                time.sleep(0.1)
    finally:
        stop.set()
        shop.desk.wake.set()
        thread.join()
        shop.close()
        subprocess.run(["umount", "-l", str(at)], check=True)
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stuck-after-min", type=float, default=10.0)
    parser.add_argument("--tick-s", type=float, default=30.0)
    parser.add_argument("--disks", type=int, default=5)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="omp-watchdog-"))
    try:
        took = disk(folder, times=options.disks, tick_s=options.tick_s)
        ended_s = stuck(folder, stuck_after_min=options.stuck_after_min, tick_s=options.tick_s)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    wanted_s = 60 * options.stuck_after_min
    figures = {
        "campaign": "watchdog_times",
        "tick_s": options.tick_s,
        "stuck_after_s": round(ended_s, 1),
        "stuck_wanted_s": wanted_s,
        "disks_filled": len(took),
        "slowest_offline_s": round(max(took, default=0.0), 2),
        "ok": abs(ended_s - wanted_s) <= options.tick_s
        and all(one <= options.tick_s for one in took),
    }
    print(json.dumps(figures))
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())

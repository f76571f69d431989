"""A disk that is really full: mining stops, the daemon answers on, the last record is paid for."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop

from omp.daemon import process
from omp.daemon.resources import ResourceReader
from omp.ops import miner
from omp.ops.incidents import listed
from omp.ops.workspace import reserve_path
from omp.store import journal

SETTINGS = """\
[loop]
interval_s = 1

[limits]
min_disk_free_gb = 0
warn_disk_free_gb = 0
max_cpu_util_pct = 100
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 96 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("SKIPPED LOUDLY: mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_stops_the_mining_and_not_the_daemon(small_disk: Path) -> None:
    shop = Shop(small_disk / "workspace", "huge=200,generations=2", settings=SETTINGS)
    shop.loop._lookout._reader = ResourceReader(shop.root)
    try:
        shop.add()
        shop.turn_until(lambda: miner.state(shop.desk).state == "offline")
        back = shop.turn_until_state("queued")
        assert back.cause == "the disk is full"
        assert back.attempts_without_progress == 0
        assert not process.tree(back.id)
        status = miner.status(shop.desk)
        assert "no room" in status["reason"]
        (incident,) = listed(shop.desk)
        assert incident.severity == "SEV-1"
        with shop.desk.read() as tx:
            assert journal.verify(tx) is None
        assert not reserve_path(shop.desk.workspace).exists(), "it paid for these records"

        for path in shop.desk.workspace.run(back.id).glob("*"):
            path.unlink()
        shop.loop._orders.environment["ENGINE"] = "generations=2"
        shop.clock.ahead_s += 2
        for _ in range(3):
            shop.loop.turn()
            time.sleep(0.02)
        assert shop.run().state == "queued", "only a person starts it again"
        assert reserve_path(shop.desk.workspace).exists(), "the reserve is kept back again"
        miner.want(shop.desk, "start")
        assert shop.turn_until_state("completed").attempt == 2
    finally:
        shop.close()

"""The long campaigns in small: the same programs as `./test --long`, with fewer rounds."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.long.crash import DAEMON_POINTS
from tests.long.power_cuts import possible
from tests.servers.postgres import programs
from tests.shims.preload import possible as no_shim

ROOT = Path(__file__).parents[2]


def campaign(name: str, *arguments: str) -> dict[str, Any]:
    """Run one as `./test --long` does; gives its figures."""
    source = os.environ.get("PYTHONPATH", str(ROOT / "src"))
    done = subprocess.run(
        [sys.executable, "-m", f"tests.long.{name}", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{source}"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.stdout, done.stderr[-3000:]
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert figures["ok"], (figures, done.stderr[-3000:])
    return figures


def test_a_kill_at_every_point_of_the_daemon_breaks_no_invariant() -> None:
    if programs() is None:
        pytest.skip("NO POSTGRESQL: the fail-points of the mirror cannot be reached")
    figures = campaign("crash", "--half", "small", "--kills", "26", "--each", "1")
    assert {name for name, hits in figures["hits"].items() if hits} >= set(DAEMON_POINTS)
    assert figures["vain"] == {}
    assert figures["hall_entries"] >= 10
    assert figures["alerts"] >= 2
    assert figures["violations"] == 0


def test_a_kill_at_every_point_of_retention_loses_no_run() -> None:
    figures = campaign("old_runs", "--each", "1", "--timed", "4")
    assert figures["vain"].keys() <= {"any instant"}
    assert figures["violations"] == 0


def test_what_a_disk_refuses_is_told_and_loses_nothing() -> None:
    if why := no_shim():
        pytest.skip(f"NO I/O FAULTS: {why}")
    figures = campaign("io_faults", "--quick")
    assert figures["violations"] == []
    assert figures["calls_failed"] >= figures["rows"] >= 5


def test_a_date_that_is_set_blames_no_run_and_does_nothing_twice() -> None:
    if why := no_shim():
        pytest.skip(f"NO CLOCK JUMPS: {why}")
    figures = campaign("clock_jumps")
    assert figures["violations"] == []
    assert figures["runs"] >= figures["jumps"]


def test_a_power_cut_loses_nothing_that_was_acknowledged() -> None:
    if why := possible():
        pytest.skip(f"NO POWER CUTS: {why}")
    figures = campaign("power_cuts", "--cuts", "2")
    assert figures["losses"] == 0
    assert figures["acknowledged_promotions"] >= 2


def test_a_short_soak_leaves_no_thread_and_no_handle() -> None:
    figures = campaign("soak", "--campaigns", "40")
    assert figures["campaigns"] >= 40
    assert figures["violations"] == []
    assert figures["threads_growth"] <= 0
    assert figures["handles_growth"] <= 0

"""Real hourly bars, from LEAN's folder to a finished search."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CAMPAIGN = """\
[campaign]
name = "Hours"
market = "us"
timeframe = "1h"

[data]
source = "hours"
start = "2010-01-01"

[search]
population = 40
generations = 2
seeds = { first = 5, step = 1 }
workers = 1
indicators = ["momentum"]
"""
TRUE_OF_THEM = {
    "off_session": "prints of the closing auction on half days, labelled 13:00",
    "cut_session": "11 September 2002 opened late",
    "bad_tick": "eight hours with a far print; a stop would have been filled there",
}


@pytest.fixture
def hours() -> Path:
    found = os.environ.get("OMP_TEST_DATA")
    if not found:
        pytest.skip("OMP_TEST_DATA does not name the folder of shared market data")
    return Path(found) / "us_lean" / "hour"


def combiner(*words: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "omp.cli.combiner", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stderr
    return done.returncode, json.loads(lines[-1])


def test_real_hours_are_refused_by_name_then_accepted_by_name_and_mined(
    hours: Path, tmp_path: Path
) -> None:
    where = ("--workspace", str(tmp_path / "workspace"))
    words = ("data", "import", str(hours), "--name", "hours", "--timeframe", "1h")
    words += ("--symbols", "SPY", *where)
    code, refused = combiner(*words)
    assert code != 0
    assert {fault.split(":")[0] for fault in refused["faults"]} == set(TRUE_OF_THEM)

    accepts = [word for rule in TRUE_OF_THEM for word in ("--accept", rule)]
    code, imported = combiner(*words, *accepts)
    assert code == 0, imported
    manifest = json.loads(Path(imported["manifest"]).read_bytes())
    assert manifest["timeframe"] == "1h"
    assert manifest["bars"] + manifest["bars_sealed"] > 40_000

    campaign = tmp_path / "hours.toml"
    campaign.write_text(CAMPAIGN)
    out = tmp_path / "workspace" / "runs" / "one"
    run = ("factory", "run", "--campaign", str(campaign), "--run-id", "one")
    code, found = combiner(*run, "--out", str(out), "--workers", "1", *where)
    assert code == 0, found
    written = json.loads((out / "manifest.json").read_bytes())
    assert written

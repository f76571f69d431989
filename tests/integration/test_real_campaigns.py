"""Real data from the files a user has to a completed run, by the commands he would type.

One workspace, one daemon: LEAN's daily bars as a universe by date, the 505 symbols of a CSV without
those that have faults, four years of COTAHIST, and a CSV with a column of the user's own. Set
OMP_TEST_LONG to mine all symbols of the CSV too (three minutes on two cores).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.kits.cotahist_year import write_years

from omp.market.venues import venue
from omp.mining.tables import read_candidates

pytestmark = pytest.mark.timeout(900)

COMMAND = (sys.executable, "-m", "omp.cli.omp")
PATIENCE_S = 600.0
SEARCH = """
[search]
population = 10
generations = 1
seeds = [1]
indicators = ["{indicators}"]
"""
DAYS = """
[campaign]
name = "LEAN days"
universe = "sp500"
timeframe = "daily"
[data]
source = "days-sp500"
universe = "lists/sp500.csv"
start = "2010-01-01"
"""
PICKED = """
[campaign]
name = "Picked of the 505"
universe = "picked"
[data]
source = "all-picked"
"""
BRAZIL = """
[campaign]
name = "Brazil"
market = "br"
[data]
source = "b3"
"""
MOOD = """
[campaign]
name = "Own column"
[data]
source = "mood"
"""
WHOLE = """
[campaign]
name = "All that is clean of the 505"
[data]
source = "all"
"""
CAMPAIGNS: dict[str, tuple[str, str]] = {
    "days": (DAYS, "momentum"),
    "picked": (PICKED, "rsi"),
    "brazil": (BRAZIL, "rsi"),
    "mood": (MOOD, "feature:mood"),
}
if os.environ.get("OMP_TEST_LONG"):
    CAMPAIGNS["whole"] = (WHOLE, "rsi")
PICKED_SYMBOLS = "AAPL,IBM,JPM,MSFT"


@dataclass(frozen=True)
class Mined:
    """A workspace in which every campaign has been mined."""

    root: Path
    runs: Mapping[str, dict[str, Any]]

    def run(self, name: str) -> Path:
        """The run directory of a campaign."""
        return self.root / "output" / "scg" / str(self.runs[name]["id"])

    def manifest(self, data_set: str) -> dict[str, Any]:
        """The manifest of the snapshot a name means."""
        pointer = json.loads((self.root / "data" / "sets" / f"{data_set}.json").read_bytes())
        path = self.root / "data" / "snapshots" / pointer["current"] / "manifest.json"
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found


def omp(root: Path, *words: str) -> Any:
    done = subprocess.run(
        [*COMMAND, *words, "--json"],
        env={**os.environ, "OMP_WORKSPACE": str(root), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def moody(path: Path) -> Path:
    """Bars whose next return has the sign of a column of the user's own."""
    days = venue("us").sessions(date(2012, 1, 1), date(2017, 12, 31))
    assert days is not None
    rng, n = np.random.default_rng(3), days.size
    mood = np.zeros(n)
    for k in range(1, n):
        mood[k] = 0.7 * mood[k - 1] + rng.normal()
    moves = 0.004 * np.append(0.0, np.sign(mood[:-1])) + rng.normal(0, 0.01, n)
    close = 50 * np.exp(np.cumsum(moves - moves.mean() + 2e-4))
    opened = np.append(50.0, close[:-1])
    table = {
        "date": [str(day) for day in days],
        "open": opened,
        "high": np.maximum(opened, close) * 1.004,
        "low": np.minimum(opened, close) * 0.996,
        "close": close,
        "volume": rng.integers(10**6, 2 * 10**6, n),
        "Sentiment": mood,
    }
    pl.DataFrame(table).write_csv(path)
    return path


def bring_in(root: Path, files: Path, shared: Path) -> None:
    """Every data set, by the commands of the manual."""
    accepts = [f"--accept={rule}" for rule in ("bad_tick", "split_jump", "spin_off", "gap")]
    lean = shared / "us_lean" / "daily"
    what = ("--timeframe", "1d", "--symbols", "AAPL,BAC,IBM")
    omp(root, "data", "import", str(lean), "--name", "days", *what, *accepts, "--yes")
    lists = root / "lists" / "sp500.csv"
    lists.parent.mkdir()
    shutil.copy2(shared / "us_universe" / "sp500_ticker_start_end.csv", lists)
    omp(root, "data", "universe", "days", "--universe", "sp500", "--membership", str(lists))

    table = files / "all.csv"
    pl.read_parquet(shared / "us_sp500_5yr" / "sp500_5yr_2013_2018.parquet").write_csv(table)
    omp(root, "data", "import", str(table), "--leave-out-faulty", "--yes")
    omp(root, "data", "universe", "all", "--universe", "picked", "--symbols", PICKED_SYMBOLS)

    years = files / "b3"
    years.mkdir()
    write_years(years, range(2015, 2019), 4)
    omp(root, "data", "import", str(years), "--yes")

    own = moody(files / "mood.csv")
    omp(root, "data", "import", str(own), "--feature", "mood=Sentiment", "--yes")


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory, market_data: Path) -> Mined:
    files = tmp_path_factory.mktemp("real")
    root = files / "ws"
    omp(root, "init", "--no-demo")
    bring_in(root, files, market_data)
    config = root / "dashboard" / "omp_config.toml"
    settings = config.read_text()
    assert "max_cpu_util_pct = 85.0" in settings, "other tests may keep the processors busy"
    config.write_text(settings.replace("max_cpu_util_pct = 85.0", "max_cpu_util_pct = 100.0"))
    ids = {}
    for name, (text, indicators) in CAMPAIGNS.items():
        path = root / "configs" / "campaigns" / f"{name}.toml"
        path.write_text(text + SEARCH.format(indicators=indicators))
        words = ("queue", "add", f"configs/campaigns/{name}.toml", "--no-repeat")
        ids[name] = omp(root, *words)["id"]
    daemon = subprocess.Popen(
        [*COMMAND, "up", "--no-demo", "--port", "0", "--workspace", str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        found = wait(root, set(ids.values()), daemon)
    finally:
        daemon.send_signal(signal.SIGINT)
        daemon.wait(timeout=60)
    return Mined(root, {name: found[campaign] for name, campaign in ids.items()})


def wait(
    root: Path, campaigns: set[str], daemon: subprocess.Popen[bytes]
) -> dict[str, dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert daemon.poll() is None, "the daemon ended"
        if not (root / "state" / "daemon.json").exists():  # it has not taken the workspace yet
            time.sleep(0.2)
            continue
        runs = {one["campaign_id"]: one for one in omp(root, "runs", "list")["items"]}
        over = [one for one in runs.values() if one["state"] not in ("queued", "running")]
        if {one["campaign_id"] for one in over} >= campaigns:
            return runs
        time.sleep(1.0)
    pytest.fail(f"not mined within {PATIENCE_S:.0f} s")


@pytest.mark.parametrize("name", list(CAMPAIGNS))
def test_it_is_mined_to_its_end(mined: Mined, name: str) -> None:
    run = mined.runs[name]
    assert run["state"] == "completed", run["cause"]
    assert run["trials"] > 100
    assert run["environment"] == "real"
    manifest = json.loads((mined.run(name) / "manifest.json").read_bytes())
    assert manifest["data_digest"] == run["data_digest"]


def test_members_of_the_index_are_mined_while_they_were_members(mined: Mined) -> None:
    manifest = mined.manifest("days-sp500")
    assert manifest["universe"]["point_in_time"] is True
    assert manifest["parents"] == [mined.manifest("days")["digest"]]
    assert manifest["prices"]["as_traded"] == "kept"
    certificate = json.loads(
        (mined.root / "data" / "snapshots" / manifest["digest"] / "readiness.json").read_bytes()
    )
    flags = {one["rule"] for one in certificate["flags"]}
    assert "absent_members" in flags  # three of the hundreds are there
    assert not {"survivorship", "adjustment"} & flags


def test_faulty_symbols_of_the_505_are_left_out_by_name(mined: Mined) -> None:
    manifest = mined.manifest("all")
    assert len(manifest["symbols"]) + len(manifest["left_out"]) == 505
    assert len(manifest["symbols"]) > 400
    assert sorted(mined.manifest("all-picked")["symbols"]) == sorted(PICKED_SYMBOLS.split(","))


def test_brazil_pays_its_own_costs(mined: Mined) -> None:
    evidence = json.loads((mined.run("brazil") / "evidence.json").read_bytes())
    assert evidence["cost_model"]["commission_bps"] == 3.0
    assert mined.manifest("b3")["source"]["importer"] == "cotahist"


def test_a_column_of_the_users_own_is_mined_and_found(mined: Mined) -> None:
    assert mined.manifest("mood")["features"] == ["mood"]
    rows = read_candidates(mined.run("mood") / "candidates.parquet")
    assert rows
    strategies = [path.read_text() for path in mined.run("mood").rglob("strategy.toml")]
    assert strategies
    assert all("feature:mood" in text for text in strategies)
    evidence = json.loads((mined.run("mood") / "evidence.json").read_bytes())
    assert evidence["champion"]
    shown = omp(mined.root, "data", "show", "mood")
    assert shown["made"]["features"] == ["mood"]

"""The demo as a new user meets it, with the daemon killed in the middle of the promotion."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from omp.domain.hall import PROVENANCE_FIELDS

ROOT = Path(__file__).parents[2]
MINING_LIBRARIES = re.compile(
    r"/site-packages/(numpy|scipy|numba|llvmlite|polars|_polars\w*|pandas|talib|duckdb|ribs|arch"
    r"|statsmodels)(\.libs)?/"
)
DEATH = "promotion.after_vault"
"""The entry is durable in its place and has no row: the worst moment to lose the power."""


class Day:
    """One workspace, the daemons that came and went on it, and its API."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.daemon: subprocess.Popen[bytes] | None = None

    def up(self, *words: str, **environment: str) -> None:
        """Start `omp up` and wait until it answers."""
        command = [sys.executable, "-m", "omp.cli.omp", "up", "--port", "0", *words]
        log = (self.root.parent / "up.log").open("ab")
        self.daemon = subprocess.Popen(
            command,
            env={**os.environ, "OMP_WORKSPACE": str(self.root), "NO_COLOR": "1", **environment},
            stdout=log,
            stderr=log,
            cwd=ROOT,
        )
        self.until(self.answers, 90)

    def answers(self) -> bool:
        try:
            return bool(self.get("status")["version"])
        except (OSError, ValueError, KeyError):
            return False

    def get(self, what: str) -> Any:
        note = json.loads((self.root / "state" / "daemon.json").read_bytes())
        address = f"http://127.0.0.1:{note['port']}/api/omp/{what}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.loads(answer.read())

    def until(self, reached: Callable[[], object], limit_s: float) -> None:
        deadline = time.monotonic() + limit_s
        while not reached():
            if time.monotonic() > deadline:
                tail = (self.root.parent / "up.log").read_text()[-3000:]
                pytest.fail(f"never came; the terminal said:\n{tail}")
            time.sleep(0.2)

    def has_died(self) -> bool:
        assert self.daemon is not None
        return self.daemon.poll() is not None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        address = f"file:{self.root / 'state' / 'omp.db'}?mode=ro"
        with sqlite3.connect(address, uri=True) as database:
            return database.execute(query).fetchall()

    def outcomes(self) -> dict[str, str]:
        query = (
            "SELECT c.name, r.outcome FROM runs r JOIN campaigns c ON c.id = r.campaign_id"
            " WHERE r.outcome IN ('refused', 'waiting', 'promoted') ORDER BY r.queued_at DESC"
        )
        return {name.split(",")[0]: outcome for name, outcome in self.rows(query)}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The demo's first day: three campaigns, and a kill -9 when the entry has no row yet."""
    root = tmp_path_factory.mktemp("day") / "workspace"
    environment = {**os.environ, "OMP_WORKSPACE": str(root)}
    made = subprocess.run([sys.executable, "-m", "omp.cli.omp", "init"], env=environment, cwd=ROOT)
    assert made.returncode == 0
    config = root / "dashboard" / "omp_config.toml"
    text = config.read_text()
    assert "max_cpu_util_pct = 85.0" in text, "other tests may keep the processors busy"
    config.write_text(text.replace("max_cpu_util_pct = 85.0", "max_cpu_util_pct = 100.0"))
    found = Day(root)
    try:
        found.up(OMP_FAILPOINT=DEATH)
        found.until(found.has_died, 240)
        assert found.daemon is not None
        assert found.daemon.returncode == -signal.SIGKILL
        assert not found.rows("SELECT * FROM hall_entries")
        found.up()
        found.until(lambda: len(found.outcomes()) >= 3, 240)
        yield found
    finally:
        if found.daemon is not None and found.daemon.poll() is None:
            found.daemon.terminate()
            found.daemon.wait(timeout=30)


def test_the_planted_edge_is_promoted_once_with_a_complete_packet(day: Day) -> None:
    entries = day.get("hall-of-fame?environment=synthetic")["items"]
    assert [one["state"] for one in entries] == ["active"]
    entry = day.get(f"hall-of-fame/{entries[0]['candidate_id']}")
    assert set(PROVENANCE_FIELDS) <= set(entry["provenance"])
    assert all(entry["provenance"][name] not in (None, "") for name in PROVENANCE_FIELDS)
    folder = day.root / "artifacts" / "hall_of_fame" / entry["candidate_id"]
    packet = (folder / "packet.md").read_text()
    assert "- [ ]" not in packet
    for name in ("strategy.toml", "metrics.obfs", "trades.csv", "attestation.json", "look"):
        assert (folder / name).exists(), name
    others = [one for one in folder.parent.iterdir() if one != folder]
    assert [one.name for one in others] == [".staging"]
    assert not list(others[0].iterdir())


def test_it_was_looked_at_once(day: Day) -> None:
    looks = day.rows(
        "SELECT l.state, l.ordinal, l.promoted FROM looks l JOIN runs r ON r.id = l.run_id"
        " JOIN campaigns c ON c.id = r.campaign_id WHERE c.name LIKE 'Planted%'"
    )
    assert looks == [("taken", 1, 1)]


def test_noise_promoted_nothing_and_the_canary_was_judged(day: Day) -> None:
    assert day.outcomes()["Noise canary"] == "refused"
    assert day.rows("SELECT promoted FROM canaries") == [(0,)]


def test_the_refusals_on_real_prices_are_sentences(day: Day) -> None:
    assert day.outcomes()["US large caps"] == "refused"
    said = day.rows(
        "SELECT v.sentence FROM verdicts v JOIN runs r ON r.id = v.run_id"
        " WHERE r.environment = 'demo' AND v.outcome NOT IN ('pass')"
    )
    assert said
    assert all(len(one.split()) >= 8 and one[0].isupper() for (one,) in said)


def test_the_halls_of_other_environments_are_empty(day: Day) -> None:
    assert day.get("hall-of-fame")["items"] == []
    assert day.get("hall-of-fame?environment=demo")["items"] == []


def test_the_entry_replays_from_its_own_folder(day: Day) -> None:
    (entry,) = day.get("hall-of-fame?environment=synthetic")["items"]
    command = [sys.executable, "-m", "omp.cli.combiner", "factory", "replay"]
    replayed = subprocess.run(
        [*command, "--entry", entry["candidate_id"]],
        env={**os.environ, "OMP_WORKSPACE": str(day.root)},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert replayed.returncode == 0, replayed.stderr
    assert json.loads(replayed.stdout.splitlines()[-1])["equal"] is True


def test_every_distinct_trial_is_in_the_ledger(day: Day) -> None:
    counted = day.rows(
        "SELECT r.id, r.trials, SUM(l.behaviours), MIN(l.behaviours IS NOT NULL)"
        " FROM runs r JOIN ledger l ON l.run_id = r.id WHERE r.state = 'completed' GROUP BY r.id"
    )
    assert len(counted) >= 3
    for run_id, trials, behaviours, complete in counted:
        assert trials == behaviours, run_id
        assert complete, run_id
        manifest = json.loads((day.root / "output/scg" / run_id / "manifest.json").read_bytes())
        assert manifest["counts"]["distinct"] == trials


def test_a_live_daemon_never_loads_the_mining_wing(day: Day) -> None:
    assert day.daemon is not None
    mapped = Path(f"/proc/{day.daemon.pid}/maps").read_text()
    assert "/site-packages/" in mapped, "the law would hold of any process without libraries"
    assert not [line for line in mapped.splitlines() if MINING_LIBRARIES.search(line)]


def test_pages_and_reads_answer(day: Day) -> None:
    reads = ("status", "queue", "runs", "hof-local", "trials", "looks", "incidents", "activity")
    for what in (*reads, "data", "config", "reports/daily"):
        assert day.get(what) is not None, what
    with pytest.raises(urllib.error.HTTPError) as refused:
        day.get("runs/run_that_never_was")
    assert refused.value.code == 404

"""A strange engine: started behind the wall, measured again by us, let through the same gates.

The engine is a program of a few lines that mines with ours and then tries what an engine must not:
it reads the sealed window, and it claims a better Sharpe ratio than its trades have.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.story.test_from_queue_to_hall import ROOT, Day

from omp.domain.confinement import landlock_version

ENGINE = """
import json, os, subprocess, sys
from pathlib import Path

root = Path(os.environ["OMP_WORKSPACE"])
out = Path(sys.argv[sys.argv.index("--out") + 1])
done = subprocess.run([sys.executable, "-m", "omp.cli.combiner", *sys.argv[1:]])
seen = []
for path in (root / "state").rglob("*"):
    try:
        if path.is_file() and path.read_bytes():
            seen.append(str(path.relative_to(root)))
    except OSError:
        pass
(root / f"{out.name}.spied.json").write_text(json.dumps(seen))
sys.exit(done.returncode)
"""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    root = tmp_path_factory.mktemp("strange") / "workspace"
    environment = {**os.environ, "OMP_WORKSPACE": str(root)}

    def omp(*words: str) -> str:
        command = [sys.executable, "-m", "omp.cli.omp", *words]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    omp("init")
    for one in json.loads(omp("queue", "list", "--json"))["items"]:
        omp("queue", "disable", one["id"], "--reason", "only the strange engine mines here")
    engine = root / "engine.py"
    engine.write_text(ENGINE)
    campaigns = root / "configs" / "campaigns"
    text = (campaigns / "planted_edge.toml").read_text()
    text = text.replace('name = "Planted edge, dial 1.5"', 'name = "Strange engine"')
    text += f'\n[engine]\ncommand = ["{sys.executable}", "{engine}"]\n'
    (campaigns / "strange.toml").write_text(text)
    omp("queue", "add", "configs/campaigns/strange.toml")
    config = root / "dashboard" / "omp_config.toml"
    busy = config.read_text().replace("max_cpu_util_pct = 85.0", "max_cpu_util_pct = 100.0")
    config.write_text(busy)
    found = Day(root)
    try:
        found.up()
        found.until(lambda: "Strange engine" in found.outcomes(), 240)
        yield found
    finally:
        if found.daemon is not None and found.daemon.poll() is None:
            found.daemon.terminate()
            found.daemon.wait(timeout=30)


def run_of(day: Day) -> str:
    ((run_id,),) = day.rows(
        "SELECT r.id FROM runs r JOIN campaigns c ON c.id = r.campaign_id"
        " WHERE c.name = 'Strange engine'"
    )
    return str(run_id)


def test_its_claims_are_measured_again_and_its_edge_is_promoted(day: Day) -> None:
    assert day.outcomes()["Strange engine"] == "promoted"
    told = (day.root / "logs" / f"{run_of(day)}.evidence.ndjson").read_text()
    assert '"event": "result"' in told or '"event":"result"' in told
    (entry,) = day.get("hall-of-fame?environment=synthetic")["items"]
    assert entry["state"] == "active"


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
def test_it_saw_neither_the_sealed_window_nor_keys_nor_the_record(day: Day) -> None:
    seen = json.loads((day.root / f"{run_of(day)}.spied.json").read_text())
    assert seen, "it read what it may"
    for withheld in ("state/sealed", "state/keys", "state/token", "state/omp.db"):
        assert not [one for one in seen if one.startswith(withheld)]


def test_a_claim_that_is_not_true_is_refused(day: Day) -> None:
    """A trade more than there was: the run is not what its manifest binds any more."""
    run_id = run_of(day)
    folder = day.root / "output" / "scg" / run_id
    deadline = time.monotonic() + 5
    while not (folder / "evidence.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    audit = [sys.executable, "-m", "omp.cli.combiner", "factory", "audit", "--run", run_id]
    where = ["--workspace", str(day.root)]
    whole = subprocess.run([*audit, *where], capture_output=True, text=True, cwd=ROOT)
    assert whole.returncode == 0, whole.stderr
    best = json.loads((folder / "summary.json").read_text())["candidates"][0]["candidate_id"]
    trades: Path = next(folder.rglob(f"{best}/trades.csv"))
    lines = trades.read_text().splitlines()
    trades.write_text("\n".join([*lines, lines[-1]]) + "\n")
    forged = subprocess.run([*audit, *where], capture_output=True, text=True, cwd=ROOT)
    assert forged.returncode != 0
    assert "trades.csv" in forged.stderr

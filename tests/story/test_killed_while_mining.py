"""The built-in engine under the real daemon, killed twice: the run is the same to the byte."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.daemon.shop import Shop

from omp.daemon import process
from omp.daemon.tree_kill import kill_tree
from omp.ops import queue
from omp.store import journal, ledger
from omp.store.runs import Run
from omp.wire.charges import read_charges
from omp.wire.rundir import RunDirectory, changed_files, read_manifest

ROOT = Path(__file__).parents[2]
CAMPAIGN = """\
[campaign]
name = "Noise"
market = "synthetic"
timeframe = "1d"

[data]
source = "synthetic:null"

[search]
population = 2500
generations = 320
seeds = { first = 5, step = 1 }
workers = 1
indicators = ["momentum"]
"""


class Story:
    """A workspace and the daemons that come and go on it."""

    def __init__(self, root: Path) -> None:
        self.shop = Shop(root)
        self.shop.desk.live.clear()
        config = root / "dashboard" / "omp_config.toml"
        text = config.read_text()
        assert "max_cpu_util_pct = 85.0" in text, "other tests may keep the processors busy"
        config.write_text(text.replace("max_cpu_util_pct = 85.0", "max_cpu_util_pct = 100.0"))
        (root / "configs" / "campaigns" / "noise.toml").write_text(CAMPAIGN)
        queue.add(self.shop.desk, name="Noise", config_path="configs/campaigns/noise.toml")
        self.daemons: list[subprocess.Popen[bytes]] = []

    def daemon(self, **more: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}", **more}
        command = [sys.executable, "-m", "tests.integration.daemon_program"]
        popen = subprocess.Popen([*command, str(self.shop.root), "real"], cwd=ROOT, env=environment)
        self.daemons.append(popen)
        return popen

    @property
    def run(self) -> Run:
        return self.shop.run()

    def until(self, reached: Callable[[], object], limit_s: float = 120.0) -> None:
        deadline = time.monotonic() + limit_s
        while not reached():
            assert time.monotonic() < deadline, f"never came: {self.run}"
            time.sleep(0.05)

    @property
    def generation(self) -> int:
        """The last generation charged: what the child wrote, before the daemon has read it."""
        owed = read_charges(self.shop.desk.workspace.run(self.run.id) / "charges.ndjson").owed
        return owed[-1].generation if owed else 0

    def has_reached(self, generation: int, attempt: int) -> bool:
        return self.run.attempt == attempt and self.generation >= generation

    def close(self) -> None:
        for popen in self.daemons:
            popen.kill()
            popen.wait()
        kill_tree(self.run.id)
        self.shop.desk.db.close()


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    found = Story(tmp_path / "workspace")
    yield found
    found.close()


def undisturbed(story: Story, out: Path) -> RunDirectory:
    """The same run by hand, in peace."""
    run = story.run
    command = [sys.executable, "-m", "omp.cli.combiner", "factory", "run"]
    campaign = story.shop.desk.workspace.run(run.id) / "campaign.toml"
    where = ["--campaign", str(campaign), "--run-id", run.id, "--out", str(out)]
    what = ["--seed", str(run.seed), "--data-digest", str(run.data_digest)]
    done = subprocess.run(
        [*command, *where, *what],
        env={**os.environ, "OMP_WORKSPACE": str(story.shop.root)},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return RunDirectory(out)


def test_a_run_killed_in_mid_generation_and_with_its_daemon_ends_the_same(
    story: Story, tmp_path: Path
) -> None:
    first = story.daemon()
    story.until(lambda: story.has_reached(3, attempt=1))
    os.kill(story.run.pid or 0, signal.SIGKILL)
    reached = story.generation
    story.until(lambda: story.has_reached(reached + 2, attempt=2))
    first.kill()
    first.wait()
    kill_tree(story.run.id)
    story.daemon()
    story.until(lambda: story.run.state == "completed")
    story.until(lambda: story.run.outcome in ("refused", "waiting", "promoted"))

    run = story.run
    assert run.attempt == 3
    mined = RunDirectory(story.shop.desk.workspace.run(run.id))
    calm = undisturbed(story, tmp_path / "calm")
    assert mined.candidates.read_bytes() == calm.candidates.read_bytes()
    assert mined.trials.read_bytes() == calm.trials.read_bytes()
    manifest = read_manifest(mined.manifest)
    assert manifest.content_digest == read_manifest(calm.manifest).content_digest
    assert changed_files(mined.root, manifest.files) == ()
    with story.shop.desk.read() as tx:
        charged = ledger.of_run(tx, run.id)
        assert journal.verify(tx) is None
    assert charged.open_generations == 0
    assert charged.trials == manifest.counts["distinct"] == run.trials
    assert [one.state for one in story.shop.runs()] == ["completed"]
    story.until(lambda: not process.tree(run.id))

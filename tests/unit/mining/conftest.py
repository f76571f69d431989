"""A small market with a planted edge, published once, and one finished run of it."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from omp.market.acquire import publish_synthetic
from omp.market.catalog import Catalog
from omp.market.synthetic import parse_recipe
from omp.mining.mine import Job, mine
from omp.mining.opened import OpenRun, open_run
from omp.wire.lines import Lines
from omp.wire.workspace import Workspace

CAMPAIGN = """
[campaign]
name = "Small planted market"
market = "synthetic"
[data]
source = "small"
[search]
population = {population}
generations = {generations}
max_runtime_s = {max_runtime_s}
indicators = ["rsi", "roc", "sma", "ema", "zscore", "bar_strength"]
[strategy]
max_conditions = 2
stops = ["stop_loss", "max_bars"]
[costs]
commission_bps = 1.0
slippage_bps = 1.0
[constraints]
min_sharpe = 2.6
"""


@dataclass
class World:
    """A workspace in which campaigns are mined in this process."""

    workspace: Workspace
    events: list[dict[str, Any]]

    def campaign(
        self, population: int = 60, generations: int = 3, max_runtime_s: float = 600.0
    ) -> Path:
        """A campaign file."""
        text = CAMPAIGN.format(
            population=population, generations=generations, max_runtime_s=max_runtime_s
        )
        path = self.workspace.root / f"campaign_{population}_{generations}_{max_runtime_s}.toml"
        path.write_text(text)
        return path

    def mine(
        self,
        run_id: str,
        *,
        campaign: Path | None = None,
        is_stopped: Callable[[], bool] = lambda: False,
        out: Path | None = None,
        **options: Any,
    ) -> Path:
        """Mine a campaign; gives the run directory."""
        stream = io.StringIO()
        job = Job(
            workspace=self.workspace.root,
            campaign=campaign or self.campaign(),
            run_id=run_id,
            out=out or self.workspace.run(run_id),
            **options,
        )
        try:
            mine(job, Lines(stream), is_stopped=is_stopped)
        finally:
            self.events = [json.loads(line) for line in stream.getvalue().splitlines()]
        return job.out

    def open(self, run_id: str) -> OpenRun:
        """A finished run."""
        return open_run(self.workspace, run_id)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the data set `small`."""
    root = tmp_path_factory.mktemp("mining") / "workspace"
    recipe = parse_recipe("planted,dial=3.0,n_bars=1100,n_symbols=2", 7)
    publish_synthetic(Catalog(root), recipe, name="small", min_bars=250, engine_version="test")
    return root


@pytest.fixture
def world(published: Path, tmp_path: Path) -> World:
    """A fresh copy of the workspace."""
    root = tmp_path / "workspace"
    shutil.copytree(published, root)
    return World(Workspace(root), [])


@pytest.fixture(scope="session")
def finished(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of an undisturbed run, to compare with and copy from; never written to."""
    root = tmp_path_factory.mktemp("finished") / "workspace"
    shutil.copytree(published, root)
    return World(Workspace(root), []).mine("run_a")


@pytest.fixture
def done(world: World, finished: Path) -> World:
    """A workspace with the finished run `run_a`, free to be spoiled."""
    shutil.copytree(finished, world.workspace.run("run_a"))
    world.campaign()
    return world

"""Declared strategies: searched around first, charged, and refused with every fault at once."""

from pathlib import Path

import polars as pl
import pytest

from omp.config.campaign_file import read_campaign
from omp.domain.errors import InvalidConfiguration
from omp.mining.data_ready import data_ready
from omp.mining.opened import open_run
from omp.wire.charges import read_charges
from omp.wire.rundir import read_manifest

from .conftest import World

BY_HAND = """
[strategy]
schema_version = 1
direction = "{direction}"
timeframe = "{timeframe}"
symbols = ["ANY"]
[entry]
combine = "all"
conditions = [
  {{left = {{indicator = "rsi", length = {length}}}, op = "<", right = 33.3}},
  {{left = {{indicator = "willr", length = 9}}, op = "<", right = -50.0}},
]
[exit]
combine = "any"
conditions = []
[stops]
stop_loss = 0.021
max_bars = 4
"""


def written(world: World, name: str, **changes: object) -> None:
    path = world.workspace.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {"direction": "long", "timeframe": "1d", "length": 7, **changes}
    path.write_text(BY_HAND.format(**values))


def starting(world: World, *names: str) -> Path:
    listed = ", ".join(f'"{one}"' for one in names)
    text = world.campaign().read_text().replace("min_sharpe = 2.6", "")
    text = text.replace("[search]", f"[search]\nstart_from = [{listed}]")
    path = world.workspace.root / "starting.toml"
    path.write_text(text)
    return path


def test_the_neighbourhood_of_a_declared_strategy_is_evaluated_as_charged_trials(
    world: World, finished: Path
) -> None:
    written(world, "strategies/dip.toml")
    campaign = starting(world, "strategies/dip.toml")
    out = world.mine("run_s", campaign=campaign)
    manifest = read_manifest(out / "manifest.json")
    assert "start_from/strategy_000.toml" in manifest.files
    tally = read_charges(out / "charges.ndjson")
    assert tally.genomes == manifest.counts["genomes"]
    assert tally.trials == manifest.counts["distinct"]
    trials, plain = (pl.read_parquet(one / "trials.parquet") for one in (out, finished))
    first = [one.filter(pl.col("generation") == 0).drop("generation") for one in (trials, plain)]
    assert first[0].equals(first[1]), "generation 0 is random whatever is declared"
    rows = pl.read_parquet(out / "candidates.parquet")
    assert rows["strategy"].str.contains("willr").any(), "its neighbourhood was not searched"
    assert data_ready(read_campaign(campaign), world.workspace.root)["start_from"] == 1
    assert open_run(world.workspace, "run_s").strategy  # the run opens again without the file


def test_a_resumed_run_starts_from_its_own_copies(world: World) -> None:
    written(world, "strategies/dip.toml")
    campaign = starting(world, "strategies/dip.toml")
    whole = world.mine("run_a", campaign=campaign, out=world.workspace.run("run_whole"))
    asked = iter([False, True])
    with pytest.raises(Exception, match="asked to stop"):
        world.mine("run_a", campaign=campaign, is_stopped=lambda: next(asked))
    written(world, "strategies/dip.toml", length=14)
    again = world.mine("run_a", campaign=campaign, resume=True)
    for name in ("trials.parquet", "candidates.parquet", "start_from/strategy_000.toml"):
        assert (again / name).read_bytes() == (whole / name).read_bytes()


def test_every_fault_is_named_before_a_trial_is_charged(world: World) -> None:
    written(world, "a.toml", direction="short")
    written(world, "b.toml", timeframe="1h")
    written(world, "c.toml", length=300)
    (world.workspace.root / "d.toml").write_text("[strategy\n")
    (world.workspace.root / "e.toml").symlink_to("/etc/hostname")
    campaign = starting(world, "a.toml", "b.toml", "c.toml", "d.toml")
    with pytest.raises(InvalidConfiguration) as caught:
        world.mine("run_s", campaign=campaign)
    assert [one.path for one in caught.value.faults] == [
        f"search.start_from[{at}]" for at in range(4)
    ]
    with pytest.raises(InvalidConfiguration, match="outside the workspace") as caught:
        world.mine("run_s", campaign=starting(world, "e.toml", "none.toml"))
    assert len(caught.value.faults) == 2
    assert not world.workspace.run("run_s").joinpath("charges.ndjson").exists()


@pytest.mark.parametrize("name", ["/etc/x.toml", "../x.toml", "x.txt", "a\\\\b.toml"])
def test_paths_stay_inside_the_workspace(world: World, name: str) -> None:
    with pytest.raises(InvalidConfiguration, match="start_from"):
        read_campaign(starting(world, name))


def test_a_campaign_without_the_key_keeps_its_hash(world: World) -> None:
    nothing = starting(world)
    empty = read_campaign(nothing)
    nothing.write_text(nothing.read_text().replace("start_from = []", ""))
    plain = read_campaign(nothing)
    assert "start_from" not in plain.content["search"]
    assert plain.config_hash == empty.config_hash
    named = starting(world, "a.toml")
    assert read_campaign(named).config_hash != plain.config_hash

"""A campaign that names its capital: stage B, the look and the replay pay for the volume taken."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from omp.config.campaign_file import parse_campaign
from omp.domain.errors import DataNotReady, InvalidConfiguration
from omp.market.bars import Bars, make_panel
from omp.market.synthetic import generate, parse_recipe
from omp.mining.audit import audit
from omp.mining.look import look
from omp.mining.plan import require_volume
from omp.mining.replay import replay_entry
from omp.wire.evidence import LookEvidence, RunEvidence, read_document

from .conftest import World
from .test_children import go_on, grant_for
from .test_mine import TIMED

KEYS = """[costs]
capital = {capital}
participation_cap = 0.5
impact_bps = 40.0
"""


def run(world: World, capital: float | None, name: str = "run_a") -> Path:
    """One run of the small campaign as a process, with a capital or without one."""
    path = world.campaign()
    if capital is not None:
        said = path.read_text().replace("[costs]\n", KEYS.format(capital=capital))
        path = path.with_name("priced.toml")
        path.write_text(said)
    done = subprocess.run(
        [
            sys.executable, "-m", "omp.cli.combiner", "factory", "run", "--campaign", str(path),
            "--run-id", name, "--workspace", str(world.workspace.root),
        ],
        capture_output=True, text=True, env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return world.workspace.run(name)


def evidence_of(out: Path) -> RunEvidence:
    return read_document(RunEvidence, out / "evidence.json")


def test_a_thin_market_costs_what_stage_b_says_and_nothing_else_changes(
    world: World, finished: Path
) -> None:
    plain = evidence_of(finished)
    priced = run(world, 8e7)
    found = evidence_of(priced)
    for name in ("candidates.parquet", "trials.parquet"):  # the search does not know the account
        assert (priced / name).read_bytes() == (finished / name).read_bytes()
    assert [c.candidate_id for c in found.candidates] == [c.candidate_id for c in plain.candidates]
    assert found.cost_model == {
        **plain.cost_model,
        "capital": 8e7,
        "participation_cap": 0.5,
        "impact_bps": 40.0,
    }
    pairs = list(zip(found.candidates, plain.candidates, strict=True))
    assert all((a.sharpe or 0.0) < (b.sharpe or 0.0) for a, b in pairs)
    assert any(a.n_trades < b.n_trades for a, b in pairs)  # entries above the cap are lost
    for ours, theirs in pairs:
        assert ours.replay is not None
        assert ours.replay.trades_equal  # the oracle pays the same
        stress = {one.scenario: one.sharpe_x_annual for one in ours.stress}
        assert stress["volume_slippage"] is not None
        assert "volume_slippage" not in {one.scenario for one in theirs.stress}
    worse = [
        {one.scenario: one.sharpe_x_annual for one in ours.stress}["volume_slippage"]
        < ours.sharpe_x_annual
        for ours, _ in pairs
    ]
    assert sum(worse) > len(worse) / 2
    assert audit(world.open("run_a"), may_go_on=go_on)["faults"] == []


def test_look_and_replay_pay_what_stage_b_paid(world: World) -> None:
    out = run(world, 8e7)
    opened = world.open("run_a")
    name = opened.best(1)[0].candidate_id
    look_id, _ = look(opened, name, grant_for(world, name))
    priced = read_document(LookEvidence, opened.run.look(look_id) / "look.json")
    entry = world.workspace.root / "entry"
    shutil.copytree(opened.run.candidate(name), entry)
    shutil.copytree(opened.run.look(look_id), entry / "look")
    shutil.copytree(world.workspace.snapshots / opened.snapshot.digest, entry / "data")
    shutil.copytree(world.workspace.sealed / opened.snapshot.digest, entry / "data" / "sealed")
    shutil.copy(out / "campaign.toml", entry)
    assert replay_entry(entry)["equal"]
    text = (entry / "campaign.toml").read_text()
    (entry / "campaign.toml").write_text(text.replace("capital = 80000000.0", "capital = 1.0"))
    assert not replay_entry(entry)["equal"]
    shutil.rmtree(out)
    run(world, None)
    opened = world.open("run_a")
    look_id, _ = look(opened, name, grant_for(world, name))
    plain = read_document(LookEvidence, opened.run.look(look_id) / "look.json")
    assert priced.sharpe_annual is not None
    assert plain.sharpe_annual is not None
    assert priced.sharpe_annual < plain.sharpe_annual


def test_a_campaign_without_the_keys_keeps_every_byte_and_its_hash(
    world: World, finished: Path
) -> None:
    again = run(world, None)
    names = sorted(p.relative_to(again).as_posix() for p in again.rglob("*") if p.is_file())
    kept = [one for one in names if one not in TIMED and not one.startswith("checkpoint/")]
    assert len(kept) > 20
    sha = json.loads((again / "evidence.json").read_bytes())["git_sha"].encode()
    other = json.loads((finished / "evidence.json").read_bytes())["git_sha"].encode()
    for name in kept:
        assert (again / name).read_bytes() == (finished / name).read_bytes().replace(other, sha)
    campaign = parse_campaign(world.campaign().read_text(), name="plain.toml")
    assert not {"capital", "participation_cap", "impact_bps"} & set(campaign.content["costs"])


def test_what_cannot_be_priced_is_refused() -> None:
    text = '[campaign]\nname = "A"\nmarket = "synthetic"\n[data]\nsource = "a"\n[costs]\n'
    for wrong in ("impact_bps = 5.0", "participation_cap = 0.1", "capital = 0.0"):
        with pytest.raises(InvalidConfiguration, match="costs"):
            parse_campaign(text + wrong, name="wrong.toml")
    panel = generate(parse_recipe("null,n_bars=400", 1)).panel
    require_volume(panel)
    one = panel.bars[0]
    silent = Bars(one.symbol, one.timestamp, one.open, one.high, one.low, one.close, 0 * one.volume)
    with pytest.raises(DataNotReady, match="capital needs volumes"):
        require_volume(make_panel([silent], "1d", "us", 252.0))

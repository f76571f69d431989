"""Calibration on hourly bars and on drifts that shift: walked, and told in rows of their own."""

from pathlib import Path

import pytest

from omp.config.settings import Holdout
from omp.domain.errors import InvalidInput
from omp.engine.fills import Costs
from omp.lab.calibrate import calibrate
from omp.lab.truth import true_sharpe_annual, whole_bench
from omp.lab.worlds import open_world, own_worlds
from omp.mining.strategy_file import from_toml

CAMPAIGN = """
[campaign]
name = "forms"
market = "synthetic"
timeframe = "{timeframe}"
[data]
source = "synthetic:null"
[search]
population = 200
generations = 1
seeds = {{ first = 1, step = 1 }}
[strategy]
direction = "long"
"""
RULE = """
[strategy]
schema_version = 1
timeframe = "1h"
direction = "long"
symbols = ["{symbol}"]
[entry]
combine = "all"
[[entry.conditions]]
left = {{ indicator = "roc", length = 20 }}
op = ">"
right = 0.0
[exit]
combine = "all"
[[exit.conditions]]
left = {{ indicator = "roc", length = 20 }}
op = "<"
right = 0.0
"""


def test_an_hourly_world_is_cut_as_any_other() -> None:
    (world,) = own_worlds(
        null=1, planted=0, dials=[1.5], drifts=[0.4], n_symbols=1, first_seed=7, timeframe="1h"
    )
    ground = open_world(world, Holdout())
    assert ground.whole.timeframe == ground.sealed.timeframe == "1h"
    assert len(ground.mining) + len(ground.sealed) == len(ground.whole) == 6174


@pytest.mark.parametrize(
    ("timeframe", "shift_years", "row"), [("1h", 0.0, "hourly"), ("1d", 2.0, "shifting")]
)
def test_a_campaign_is_walked_on_it(
    tmp_path: Path, timeframe: str, shift_years: float, row: str
) -> None:
    searched = tmp_path / "campaign.toml"
    searched.write_text(CAMPAIGN.format(timeframe=timeframe), encoding="utf-8")
    found = calibrate(
        json_path=tmp_path / "found.json",
        null=1,
        planted=1,
        dial=4.0,
        drift=[0.2],
        timeframe=timeframe,
        shift_years=shift_years,
        campaign=searched,
        page=tmp_path / "page.md",
    )
    null, planted = found["markets"]
    assert null["faults"] == planted["faults"] == []
    assert null["trials"] > 100
    assert planted["campaigns"][0]["figures"]["look_p_value"] is not None
    assert planted["campaigns"][0]["figures"]["subject_true_sharpe_annual"] > 1.0
    assert found["totals"]["power"][0]["form"] == row
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert f"| 1, {row} | 4 | 0 | – |" in page
    assert f"{row}: all | 0 of 1" in page
    assert f"power, symbols 1, {row}" not in page.partition("## Held against")[2]


def test_a_campaign_of_another_timeframe_is_refused(tmp_path: Path) -> None:
    searched = tmp_path / "campaign.toml"
    searched.write_text(CAMPAIGN.format(timeframe="1d"), encoding="utf-8")
    with pytest.raises(InvalidInput, match="1h"):
        calibrate(json_path=tmp_path / "a.json", null=1, timeframe="1h", campaign=searched)


def test_no_truth_is_claimed_where_sessions_end_flat() -> None:
    """Positions alone do not say there whether a last bar was left at its open or at its close."""
    (world,) = own_worlds(
        null=0, planted=1, dials=[1.5], drifts=[0.0], n_symbols=1, first_seed=7, timeframe="1h"
    )
    ground = open_world(world, Holdout())
    assert ground.market is not None
    rule = from_toml(RULE.format(symbol=ground.whole.symbols[0]))
    free, flat = (
        true_sharpe_annual(
            ground, whole_bench(ground, Costs(1.0, 1.0), flat_at_session_end=one), rule
        )
        for one in (False, True)
    )
    assert free is not None
    assert flat is None

"""Calibration on hourly bars and on drifts that shift: walked, and told in rows of their own."""

from pathlib import Path

import pytest

from omp.config.settings import Holdout
from omp.domain.errors import InvalidInput
from omp.lab.calibrate import calibrate
from omp.lab.worlds import open_world, own_worlds

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
    assert "Missed: power" not in page


def test_a_campaign_of_another_timeframe_is_refused(tmp_path: Path) -> None:
    searched = tmp_path / "campaign.toml"
    searched.write_text(CAMPAIGN.format(timeframe="1d"), encoding="utf-8")
    with pytest.raises(InvalidInput, match="1h"):
        calibrate(json_path=tmp_path / "a.json", null=1, timeframe="1h", campaign=searched)

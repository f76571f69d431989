"""A calibration of sixty markets: noise stays out, a strong edge comes in; exact binomial bounds.

The seeds are fixed, so the answer is too; the bounds say how far it may be from what the bars ask
before that is no longer chance. The same judge is shown the same noise behind open gates.
"""

from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binom

from omp.config.campaign_file import parse_campaign
from omp.config.settings import parse_settings
from omp.lab.bars import NULL_RATE
from omp.lab.calibrate import calibrate
from omp.lab.market_ledger import MarketLedger
from omp.lab.one_market import Task, run_task
from omp.lab.worlds import own_worlds

CAMPAIGN = """\
[campaign]
name = "sixty"
market = "synthetic"

[data]
source = "synthetic:null"

[search]
population = 250
generations = 4
seeds = { first = 1, step = 1 }

[strategy]
direction = "long"
max_conditions = 2
"""
FIRST_MARKET = 600
POOLED_POWER = 0.8
"""Power that three pooled symbols of dial 2 must not fall short of beyond chance."""

CHANCE = 0.01
"""A count that the bar makes less likely than this is no chance."""

OPEN_GATES = """\
[gates.pbo]
promote = 1.0
reject = 1.0
max_loss = 1.0
[gates.dsr]
promote = 0.0
[holdout]
min_dsr = 0.0
"""


def is_clean(promoted: int, n: int) -> bool:
    """Whether so many promoted nulls may be chance at the rate that is permitted."""
    return bool(binom.sf(promoted - 1, n, NULL_RATE) >= CHANCE)


def is_strong(found: int, n: int) -> bool:
    """Whether so few found edges may be chance at the power that is asked for."""
    return bool(binom.cdf(found, n, POOLED_POWER) >= CHANCE)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sixty")
    (folder / "sixty.toml").write_text(CAMPAIGN, encoding="utf-8")
    return folder


def measured(room: Path, **markets: Any) -> dict[str, Any]:
    document: dict[str, Any] = calibrate(
        json_path=room / "sixty.json",
        campaign=room / "sixty.toml",
        first_market=FIRST_MARKET,
        workers=2,
        **markets,
    )
    counted: dict[str, Any] = document["totals"]
    return counted


def test_forty_markets_of_noise_stay_out(room: Path) -> None:
    counted = measured(room, null=40)["null"]
    assert counted["contaminated"]["n"] == 40
    assert {len(counted["by_drift"]), len(counted["by_kind"])} == {3, 4}
    assert is_clean(counted["contaminated"]["hits"], 40)


def test_twenty_strong_edges_on_three_symbols_come_in_and_are_true(room: Path) -> None:
    counted = measured(room, planted=20, dial=2.0, symbols=3)["power"][0]
    assert counted["found"]["n"] == 20
    assert is_strong(counted["found"]["hits"], 20)
    assert counted["true"]["hits"] == counted["true"]["n"] == counted["found"]["hits"]


def test_the_bounds_tell_a_broken_calibration() -> None:
    assert [is_clean(hits, 40) for hits in (0, 1, 2)] == [True, True, False]
    assert [is_strong(hits, 20) for hits in (20, 12, 11)] == [True, True, False]


def test_noise_behind_open_gates_is_told_from_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MarketLedger, "next_look", lambda _ledger, _rules: (1, 1.0))
    settings = parse_settings(OPEN_GATES).settings
    campaign = parse_campaign(CAMPAIGN, name="sixty")
    words = dict.fromkeys(("config_hash", "engine_version", "git_sha", "lock_digest"), "x")
    nulls = own_worlds(
        null=12, planted=0, dials=(), drifts=(0.8,), n_symbols=1, first_seed=FIRST_MARKET
    )
    tasks = [Task(one, campaign, settings, (1,), None, words) for one in nulls]
    assert not is_clean(sum(bool(run_task(one)[0]["promoted"]) for one in tasks), 40)

"""Markets with several planted edges, each following a column of its own."""

from dataclasses import replace

import numpy as np
import pytest

from omp.config.settings import Holdout
from omp.engine.fills import Costs
from omp.lab.truth import edges_held, true_sharpe_annual, whole_bench
from omp.lab.worlds import open_world, own_worlds
from omp.market.recipe import Recipe
from omp.market.synthetic import Market, generate
from omp.market.synthetic_edges import PERIODS_PER_YEAR, positions
from omp.market.synthetic_signals import states
from omp.mining.strategy_file import Member, Strategy, from_toml


@pytest.fixture(scope="module")
def long_market() -> Market:
    return generate(Recipe("planted", 5, n_bars=100_000, n_signals=3, dial=1.5))


def test_every_rule_earns_its_dial_and_they_have_nothing_in_common(long_market: Market) -> None:
    bars = long_market.panel.bars[0]
    columns = np.stack([bars.features[f"signal_{k}"] for k in (1, 2, 3)])
    held = states(columns[:, None, :])[:, 0]
    day = np.log(bars.close / bars.open)
    x = (held - held.mean(axis=1, keepdims=True)) * day
    sharpe = x.mean(axis=1) / x.std(axis=1) * np.sqrt(PERIODS_PER_YEAR)
    np.testing.assert_allclose(sharpe, 1.5, atol=0.35)
    assert np.abs(np.corrcoef(x) - np.eye(3)).max() < 0.03


def test_the_truth_of_one_rule_is_the_dial(long_market: Market) -> None:
    for k in (1, 2, 3):
        column = long_market.panel.bars[0].features[f"signal_{k}"]
        flags = positions(states(column[None, :]))
        assert long_market.true_sharpe(flags[2], flags[1]) == pytest.approx(1.5, abs=0.1)


def test_a_name_without_signals_is_what_it_was() -> None:
    assert Recipe("planted", 53_001, dial=1.0).name == "PLANTED-053001-8247b1"
    assert Recipe("planted", 1, n_signals=3).name != Recipe("planted", 1).name


RULE = """
[strategy]
schema_version = 1
timeframe = "1d"
direction = "long"
symbols = ["{symbol}"]
[entry]
combine = "all"
[[entry.conditions]]
left = {{ indicator = "feature:signal_{k}" }}
op = ">"
right = 0.0
[exit]
combine = "all"
[[exit.conditions]]
left = {{ indicator = "feature:signal_{k}" }}
op = "<"
right = 0.0
"""


def test_a_promotion_is_told_apart_by_the_edges_it_holds() -> None:
    (world,) = own_worlds(
        null=0, planted=1, dials=[1.5], drifts=[0.0], n_symbols=1, first_seed=7, signals=3
    )
    ground = open_world(world, Holdout())
    bench = whole_bench(ground, Costs(1.0, 1.0), flat_at_session_end=False)
    symbol = ground.whole.symbols[0]
    alone = [from_toml(RULE.format(symbol=symbol, k=k)) for k in (1, 2, 3)]
    assert [edges_held(ground, bench, one) for one in alone] == [[1], [2], [3]]
    members = tuple(Member(one.members[0].genome, 1 / 3) for one in alone)
    mixed: Strategy = replace(alone[0], members=members, is_ensemble=True)
    assert edges_held(ground, bench, mixed) == [1, 2, 3]
    truth = true_sharpe_annual(ground, bench, mixed)
    assert truth is not None
    assert truth == pytest.approx(1.5 * 3**0.5, abs=0.4)

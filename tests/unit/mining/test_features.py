"""A user's own columns: levels from the in-sample part alone, unknown values fire nothing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from omp.config.campaign_file import parse_campaign
from omp.domain.errors import InvalidInput
from omp.domain.indicators import INDICATORS, check_parameters, select_indicators
from omp.engine.conditions import Series
from omp.engine.genome import Operand, condition, genome, rule
from omp.engine.steps import neighbours
from omp.market.bars import Bars, Panel, make_panel
from omp.market.splits import boundary_index
from omp.market.synthetic import generate, parse_recipe
from omp.mining.measure import subject_of
from omp.mining.plan import Plan, make_plan
from omp.mining.run_evidence import court_of
from omp.mining.search import search
from omp.mining.streams import sharpe

CAMPAIGN = """
[campaign]
name = "Features"
market = "synthetic"
[data]
source = "any"
[search]
population = 60
generations = 2
indicators = {indicators}
"""


def with_feature(panel: Panel, make: Any) -> Panel:
    bars = [replace(one, features={"edge": make(one)}) for one in panel.bars]
    return make_panel(bars, panel.timeframe, panel.venue, panel.periods_per_year, panel.cash)


def foresight(bars: Bars) -> np.ndarray:
    """Tomorrow's move, with holes: an edge that only the feature knows."""
    moved = np.full(len(bars), np.nan)
    moved[:-2] = bars.close[2:] / bars.open[1:-1] - 1.0
    moved[::7] = np.nan
    return moved


def plan_of(indicators: str, make: Any) -> tuple[Plan, Panel]:
    whole = with_feature(generate(parse_recipe("null,n_bars=1500,n_symbols=2", 11)).panel, make)
    boundary_ns = int(whole.timestamp[boundary_index(len(whole), 0.3)])
    campaign = parse_campaign(CAMPAIGN.format(indicators=indicators), name="features.toml")
    panel = whole.window(0, boundary_ns - 1)
    return make_plan(campaign, panel, boundary_ns=boundary_ns, seed=5), panel


def test_the_search_finds_what_only_a_feature_knows_and_the_oracle_agrees() -> None:
    plan, _ = plan_of('["rsi", "roc", "feature:edge"]', foresight)
    result = search(plan)
    best, strategy = result.exported[0], result.strategies[0]
    assert "feature:edge" in best.strategy
    assert best.sharpe_x * np.sqrt(252.0) > 4.0
    streams = court_of(plan, 10).bench.streams(subject_of(strategy))
    assert sharpe(streams.excess()) == pytest.approx(best.sharpe_x, abs=1e-9)


def test_a_level_of_a_feature_is_stepped_aside_like_any_other() -> None:
    plan, _ = plan_of('["rsi", "feature:edge"]', foresight)
    bench = court_of(plan, 10).bench
    ((name, levels),) = plan.grammar.feature_levels
    edge, rsi = Operand.of(name), Operand.of("rsi", length=14)
    one = genome(
        "long",
        rule("all", [condition(edge, ">", levels[4])]),
        rule("all", [condition(rsi, ">", 90.0)]),
    )
    around = neighbours(one, dict(plan.grammar.feature_levels))
    entries = {step.entry.conditions[0].right for step in around}
    assert entries == {levels[3], levels[4], levels[5]}
    assert {step.entry.conditions[0].right for step in neighbours(one)} == {levels[4]}
    assert len(bench.neighbour_sharpes(one)) == len(around) == len(neighbours(one)) + 2


def test_levels_are_deciles_of_the_in_sample_part_alone() -> None:
    plan, panel = plan_of('["all", "feature:edge"]', foresight)
    ((name, levels),) = plan.grammar.feature_levels
    assert (name, len(levels)) == ("feature:edge", 9)
    inside = panel.timestamp[plan.windows.in_sample]
    spoiled = with_feature(
        panel,
        lambda one: np.where(one.timestamp < inside[0], 1e9, one.features["edge"]),
    )
    campaign = parse_campaign(CAMPAIGN.format(indicators='["all", "feature:edge"]'), name="x")
    again = make_plan(campaign, spoiled, boundary_ns=plan.boundary_ns, seed=5)
    assert again.grammar.feature_levels == plan.grammar.feature_levels
    assert again.windows.embargo_bars == plan.windows.embargo_bars == 201


def test_what_is_not_known_never_fires() -> None:
    _, panel = plan_of('["rsi", "feature:edge"]', foresight)
    bars = replace(panel.bars[0], features={"edge": np.full(len(panel.bars[0]), np.nan)})
    bars.features["edge"][5] = np.inf
    left = Operand.of("feature:edge")
    for op in ("<", ">", "crosses_above", "crosses_below"):
        assert not Series(bars).holds(condition(left, op, 0.0)).any()


def test_a_feature_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidInput, match="feature other"):
        plan_of('["rsi", "feature:other"]', foresight)
    with pytest.raises(InvalidInput, match="no value"):
        plan_of('["rsi", "feature:edge"]', lambda one: np.full(len(one), np.nan))
    with pytest.raises(ValueError, match="one value per bar"):
        plan_of('["rsi", "feature:edge"]', lambda one: np.zeros(3))
    assert select_indicators(["rsi", "feature:b", "feature:a"]) == ("rsi", "feature:a", "feature:b")
    assert check_parameters("feature:a", {}) == ()
    with pytest.raises(InvalidInput):
        check_parameters("feature:../x", {})
    assert "feature:a" not in INDICATORS

"""The numbers that admit to the Hall, computed a second time from their definitions."""

import pytest

from omp.config.campaign_file import parse_campaign
from omp.config.settings import parse_settings
from omp.engine.strategy import from_strategy
from omp.lab.worlds import World, open_world
from omp.market.synthetic import Recipe
from omp.mining.measure import Origin, draft, subject_of
from omp.mining.plan import make_plan
from omp.mining.run_evidence import Provenance, court_of
from omp.mining.search import RunResult, search
from omp.mining.stage_b import judge
from omp.mining.strategy_file import single
from omp.stats import deflated_sharpe_ratio, pbo_from_block_sums
from omp.wire.evidence import RunEvidence

CAMPAIGN = """\
[campaign]
name = "small"
market = "synthetic"

[data]
source = "synthetic:null"

[search]
population = 150
generations = 3
seeds = { first = 1, step = 1 }
indicators = ["rsi", "roc", "distance", "close"]

[strategy]
direction = "long"
max_conditions = 2
"""


@pytest.fixture(scope="module")
def result() -> RunResult:
    recipe = Recipe("null", 11, drift_sharpe=0.8)
    ground = open_world(World(recipe.name, "null", recipe), parse_settings("").settings.holdout)
    campaign = parse_campaign(CAMPAIGN, name="small")
    plan = make_plan(campaign, ground.mining, boundary_ns=ground.boundary_ns, seed=1)
    return search(plan)


@pytest.fixture(scope="module")
def evidence(result: RunResult) -> RunEvidence:
    words = Provenance("run_x", "test", "small", "c", "d", "lin_x", 1, "0.1", "sha", "lock")
    return judge(result, words).evidence


def test_n_is_every_distinct_trial_of_the_run(result: RunResult, evidence: RunEvidence) -> None:
    distinct = {one.tobytes() for one in result.trials.behaviour}
    assert evidence.n_trials == len(distinct) > 1000
    assert {one.n_trials for one in evidence.candidates} == {len(distinct)}


def test_the_deflation_is_by_the_variance_of_the_null(evidence: RunEvidence) -> None:
    for one in evidence.candidates[:20]:
        m = one.moments_x
        assert one.sharpe_x is not None
        assert m.skew is not None
        assert m.kurt is not None
        again = deflated_sharpe_ratio(
            one.sharpe_x, m.n, m.skew, m.kurt, evidence.n_trials, 1.0 / (m.n - 1)
        )
        assert one.dsr == pytest.approx(again, abs=1e-12)


def test_pbo_is_that_of_generation_0_and_of_all_of_it(
    result: RunResult, evidence: RunEvidence
) -> None:
    trials = result.trials
    first = trials.generation == 0
    assert first.sum() < len(trials)  # later generations are there, and must not count
    again = pbo_from_block_sums(
        trials.block_sum[first], trials.block_sum_sq[first], result.block_lengths
    )
    assert evidence.pbo.n_rules == int(first.sum())
    assert evidence.pbo.value == again.pbo
    bred = pbo_from_block_sums(trials.block_sum, trials.block_sum_sq, result.block_lengths)
    assert bred.pbo != again.pbo  # so that the test would see the difference


def test_holding_the_market_is_no_skill(result: RunResult) -> None:
    """A rule that is always in a rising market earns its drift, and nothing of x."""
    always = from_strategy(
        {
            "strategy": {"schema_version": 1, "direction": "long"},
            "entry": {
                "combine": "all",
                "conditions": [{"left": {"indicator": "close"}, "op": ">", "right": 0.0}],
            },
            "exit": {"combine": "any", "conditions": []},
        }
    )
    court = court_of(result.plan, result.counts.distinct)
    strategy = single(always, result.plan.panel.symbols, "1d", result.plan.cost_model)
    found = draft(court, strategy, Origin(0, "x"))
    streams = court.bench.streams(subject_of(strategy))
    assert found.exposure is not None
    assert found.exposure > 0.99
    assert found.moments_x.mean is not None
    assert abs(found.moments_x.mean) < 0.05 * abs(float(streams.net().mean()))
    held, r = streams.position[:, 0], streams.asset[:, 0]
    by_hand = streams.net() - held.mean() * r
    assert streams.excess() == pytest.approx(by_hand, abs=1e-12)

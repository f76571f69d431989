"""A seeded run gives these very numbers on any machine: integers exact, floats to 1e-10."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omp.config.campaign_file import parse_campaign
from omp.market.bars import Panel
from omp.market.splits import boundary_index
from omp.market.synthetic import generate, parse_recipe
from omp.mining.columns import hash_names
from omp.mining.plan import make_plan
from omp.mining.run_evidence import Provenance
from omp.mining.search import search
from omp.mining.stage_b import judge

GOLDEN = Path(__file__).with_name("seeded_run.json")
CAMPAIGN = """
[campaign]
name = "Golden"
market = "synthetic"
[data]
source = "golden"
[search]
population = 100
generations = 2
indicators = ["rsi", "roc", "ema", "natr", "relative_volume"]
[strategy]
direction = "{direction}"
stops = ["stop_loss", "take_profit", "trailing", "max_bars"]
"""


def as_quoted(panel: Panel) -> Panel:
    """Prices as a venue would quote them: whatever a machine's exp gives in the last bit."""
    names = ("open", "high", "low", "close", "volume")
    bars = [
        replace(one, **{name: np.round(getattr(one, name), 4) for name in names})
        for one in panel.bars
    ]
    return replace(panel, bars=tuple(bars))


def numbers(direction: str) -> dict[str, Any]:
    """What a small run of a known market finds."""
    whole = generate(parse_recipe("planted,n_bars=1000,n_symbols=2", 11)).panel
    boundary_ns = int(whole.timestamp[boundary_index(len(whole), 0.3)])
    panel = as_quoted(whole.window(0, boundary_ns - 1))
    campaign = parse_campaign(CAMPAIGN.format(direction=direction), name="golden.toml")
    plan = make_plan(campaign, panel, boundary_ns=boundary_ns, seed=5)
    result = search(plan)
    best = 4
    result_of = {name: getattr(result, name)[:best] for name in ("best", "near", "expected")}
    cut = replace(result, **result_of)
    words = Provenance("run_g", "test", "Golden", "c", "d", "l", 5, "v", "g", "k")
    evidence = judge(cut, words).evidence
    kept = {
        "behaviour_hash", "candidate_id", "n_trades", "sharpe", "sharpe_x", "max_drawdown",
        "profit_factor", "dsr", "folds_sharpe_x", "turnover_annual",
    }  # fmt: skip
    return {
        "n_trials": evidence.n_trials,
        "n_candidates": evidence.variance.n_candidates,
        "of_trials": evidence.variance.of_trials,
        "pbo": evidence.pbo.value,
        "first_hashes": hash_names(result.trials.behaviour[:3]),
        "block_sum": result.trials.block_sum[0].tolist(),
        "candidates": [
            {
                **{name: getattr(one, name) for name in sorted(kept)},
                "stress": {s.scenario: s.sharpe_x_annual for s in one.stress},
            }
            for one in evidence.candidates
        ],
        "correlation": evidence.correlation[0],
    }


def same(found: Any, expected: Any, where: str = "") -> None:
    """Integers and words exact, floats to 1e-10."""
    if isinstance(expected, dict):
        assert set(found) == set(expected), where
        for key in expected:
            same(found[key], expected[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for at, one in enumerate(expected):
            same(found[at], one, f"{where}[{at}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-10, abs=1e-10), where
    else:
        assert found == expected, where


@pytest.mark.parametrize("direction", ["long", "short", "long_short"])
def test_a_seeded_run_gives_the_golden_numbers(direction: str) -> None:
    """Change `seeded_run.json` only with an entry under Results in the changelog."""
    same(json.loads(json.dumps(numbers(direction))), json.loads(GOLDEN.read_text())[direction])


if __name__ == "__main__":
    made = {one: numbers(one) for one in ("long", "short", "long_short")}
    GOLDEN.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n")

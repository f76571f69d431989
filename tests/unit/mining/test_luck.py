"""The measured luck line: the same search where there is nothing to find."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from omp.cli.combiner import run as combiner
from omp.domain.errors import InvalidInput
from omp.engine import Costs, Grammar
from omp.market.splits import boundary_index, windows
from omp.market.synthetic import Recipe, generate
from omp.mining.luck import LuckLine, measured_luck_line, variety
from omp.mining.plan import Plan
from omp.mining.search import search


def plan_on(kind: str, dial: float = 1.5) -> Plan:
    panel = generate(Recipe(kind, 3, dial=dial)).panel
    grammar = Grammar(indicators=("sma", "rsi", "roc", "close"), max_conditions=1, stops=())
    boundary = int(panel.timestamp[boundary_index(len(panel), 0.3)])
    panel = panel.window(0, boundary - 1)
    fixed = windows(panel, boundary_ns=boundary, embargo_bars=grammar.lookback_bars, folds=6)
    return Plan(
        panel,
        fixed,
        boundary,
        grammar,
        Costs(1.0, 1.0),
        seed=1,
        population=40,
        generations=2,
        first_generation=300,
    )


def test_noise_reaches_its_own_luck_line_and_a_strong_edge_leaves_it_behind() -> None:
    edge = plan_on("planted", 6.0)
    line = measured_luck_line(edge, 6)
    best = search(edge).convergence[-1].best_sharpe_x_annual
    assert best is not None
    assert best > max(line.best_annual)
    assert line.share_as_good(best) == pytest.approx(1 / 7)
    assert 0.3 < line.measured_annual < 3.0
    assert line.assumed_annual is not None
    assert 0.4 < line.measured_annual / line.assumed_annual < 1.6


def test_the_same_call_gives_the_same_line() -> None:
    plan = plan_on("null")
    told: list[tuple[int, float]] = []
    one = measured_luck_line(plan, 2, tell=lambda number, best: told.append((number, best)))
    assert one == measured_luck_line(replace(plan, workers=2), 2)
    assert [number for number, _ in told] == [1, 2]
    assert sorted(best for _, best in told) == list(one.best_annual)


def test_random_rules_are_fewer_ideas_than_rules() -> None:
    found = variety(plan_on("null"))
    assert found.genomes == 300
    assert 1 < found.ideas < 200


def test_no_copy_is_refused_and_shares_count_the_run_itself() -> None:
    with pytest.raises(InvalidInput, match="1 or more"):
        measured_luck_line(plan_on("null"), 0)
    line = LuckLine((0.5, 1.0, 1.5), 10, None)
    assert [line.share_as_good(one) for one in (0.0, 1.0, 2.0)] == [1.0, 0.75, 0.25]
    assert np.isclose(line.measured_annual, 1.0)


def test_the_command_measures_a_finished_run(done: Any, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["factory", "luck", "--run", "run_a", "--copies", "2"]
    assert combiner([*words, "--workspace", str(done.workspace.root)]) == 0
    told = capfd.readouterr()
    answer = json.loads(told.out.splitlines()[-1])
    assert answer["event"] == "result"
    assert len(answer["best_of_each_copy_annual"]) == 2
    assert answer["luck_measured_annual"] == pytest.approx(
        np.mean(answer["best_of_each_copy_annual"])
    )
    assert answer["best_of_run_annual"] > answer["luck_measured_annual"]
    assert 0 < answer["effective_random_rules"] < answer["random_rules"]
    assert "copy 2 of 2" in told.err

"""What a run puts forward: by agreement with its random rules, the champion always among them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from omp.engine.genome import Genome
from omp.mining.agreement import FEWEST, agreements, exported
from omp.mining.candidates import CandidateRow
from omp.mining.stage_a import genome_of
from omp.mining.streams import Float


def rule(level: int) -> str:
    return (
        '{"strategy":{"schema_version":1,"direction":"long"},"entry":{"combine":"all","conditions":[{"left":'
        f'{{"indicator":"rsi","length":14}},"op":"<","right":{level}.0}}]}},'
        '"exit":{"combine":"any","conditions":[]}}'
    )


def row(k: int, generation: int, sharpe_x: float) -> CandidateRow:
    figures = (0.5, 10.0, 0.1, sharpe_x, 0.1, 1.5, 1000, 0.001, 0.0001, 0.0, 3.0)
    name = f"cand_{k:03d}"
    return CandidateRow(name, name, name, generation, 2, 50, *figures, rule(k + 1))


class Played:
    """Series of x by level of the rule, as an evaluator would fold them."""

    def __init__(self, series: dict[int, Float]) -> None:
        self.series = series

    def __call__(self, genomes: Sequence[Genome]) -> Float:
        levels = [int(float(str(one.entry.conditions[0].right))) for one in genomes]
        return np.stack([self.series[level] for level in levels])


@pytest.fixture
def dice() -> np.random.Generator:
    return np.random.default_rng(3)


def test_what_shares_the_edge_of_the_random_rules_comes_before_a_lucky_rule(
    dice: np.random.Generator,
) -> None:
    edge = dice.normal(size=128)
    series = {k + 1: edge + 0.7 * dice.normal(size=128) for k in range(20)}
    series[21] = dice.normal(size=128)  # bred, lucky, alone
    series[22] = edge + 0.2 * dice.normal(size=128)  # bred, and at one with the others
    rows = [row(20, 5, 0.9), row(21, 5, 0.8), *(row(k, 0, 0.5 - k / 100) for k in range(20))]
    found = agreements(rows, Played(series))
    assert set(found) == {one.candidate_id for one in rows}
    assert found["cand_021"] == max(found.values()) > 0.9
    assert found["cand_020"] == min(found.values())
    best = exported(rows, found, 5)
    assert best[0].candidate_id == "cand_021"
    assert best[-1].candidate_id == "cand_020"  # the champion, for PBO and DSR speak about it
    assert len(best) == len(set(best)) == 5
    assert exported(rows, found, 100)[-1].candidate_id == "cand_020"


def test_without_a_consensus_the_sharpe_ratio_ranks(dice: np.random.Generator) -> None:
    rows = [row(k, 0, 0.9 - k / 100) for k in range(FEWEST - 1)]
    assert agreements(rows, Played({})) == {}
    assert exported(rows, {}, 3) == rows[:3]
    foreign = [replace(row(k, 0, 0.9 - k / 100), strategy="") for k in range(FEWEST)]
    assert agreements(foreign, Played({})) == {}


def test_a_flat_rule_agrees_with_nobody(dice: np.random.Generator) -> None:
    edge = dice.normal(size=128)
    series = {k + 1: edge + dice.normal(size=128) for k in range(FEWEST)}
    series[FEWEST + 1] = np.zeros(128)
    rows = [row(k, 0, 0.9 - k / 100) for k in range(FEWEST + 1)]
    assert agreements(rows, Played(series))[f"cand_{FEWEST:03d}"] == 0.0


def test_the_rules_of_these_tests_are_rules() -> None:
    assert genome_of(row(29, 0, 0.1)).entry.conditions[0].right == 30.0

"""What a run puts forward: what most is expected of, the champion always among them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from omp.engine.genome import Genome
from omp.mining.agreement import FEWEST, expected_sharpe, exported, standings
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
    found = standings(rows, Played(series), 60)
    near = {name: one.agreement for name, one in found.items()}
    assert set(found) == {one.candidate_id for one in rows}
    assert near["cand_021"] == max(near.values()) > 0.9
    assert near["cand_020"] == min(near.values())
    best = exported(rows, found, 5)
    assert best[0].candidate_id == "cand_021"
    assert best[-1].candidate_id == "cand_020"  # the champion, for PBO and DSR speak about it
    assert len(best) == len(set(best)) == 5
    assert exported(rows, found, 100)[-1].candidate_id == "cand_020"


def test_without_a_consensus_the_sharpe_ratio_ranks(dice: np.random.Generator) -> None:
    rows = [row(k, 0, 0.9 - k / 100) for k in range(FEWEST - 1)]
    assert standings(rows, Played({}), 60) == {}
    assert exported(rows, {}, 3) == rows[:3]
    foreign = [replace(row(k, 0, 0.9 - k / 100), strategy="") for k in range(FEWEST)]
    assert standings(foreign, Played({}), 60) == {}


def test_a_flat_rule_agrees_with_nobody(dice: np.random.Generator) -> None:
    edge = dice.normal(size=128)
    series = {k + 1: edge + dice.normal(size=128) for k in range(FEWEST)}
    series[FEWEST + 1] = np.zeros(128)
    rows = [row(k, 0, 0.9 - k / 100) for k in range(FEWEST + 1)]
    assert standings(rows, Played(series), 60)[f"cand_{FEWEST:03d}"].agreement == 0.0


def test_what_chance_alone_spreads_is_not_believed(dice: np.random.Generator) -> None:
    n_bars, near = 1764, dice.uniform(0.3, 0.9, size=300)
    luck = dice.normal(size=300) * np.sqrt((1.0 - near**2) / (n_bars - 1))
    drawn = 0.08 * near + luck / luck.std() * np.sqrt(((1.0 - near**2) / (n_bars - 1)).mean()) * 0.9
    expected = expected_sharpe(near, drawn, np.arange(300), n_bars)
    assert np.array_equal(np.argsort(expected), np.argsort(near))
    assert expected == pytest.approx(0.08 * near, rel=0.1)


def test_what_chance_cannot_spread_so_far_is_believed(dice: np.random.Generator) -> None:
    """Two kinds of rules agree as little with the consensus; those of one kind are worth more."""
    n_bars, near = 1764, np.full(300, 0.5)
    noise = dice.normal(size=300) * np.sqrt(0.75 / (n_bars - 1))
    truth = np.where(np.arange(300) < 150, 0.12, 0.0)
    expected = expected_sharpe(near, truth + noise, np.arange(300), n_bars)
    error = np.abs(expected - truth).mean()
    assert expected[:150].min() > expected[150:].mean()
    assert error < np.abs(expected.mean() - truth).mean()
    assert error < 0.03


def test_the_law_of_what_is_expected_in_figures() -> None:
    """By hand: slope .09 / 1.25 = .072, the rest .064 and -.032 (.00512), luck .75 / 1000."""
    near, sharpe = np.array([0.5, 1.0]), np.array([0.1, 0.04])
    expected = expected_sharpe(near, sharpe, np.arange(2), 1001)
    real = 1.0 - 0.00075 / 0.00512
    assert expected == pytest.approx([0.036 + real * 0.064, 0.072 - real * 0.032])


def test_rules_that_agree_with_nothing_are_expected_to_do_nothing() -> None:
    assert expected_sharpe(np.zeros(3), np.zeros(3), np.arange(3), 100).tolist() == [0.0, 0.0, 0.0]


def test_the_rules_of_these_tests_are_rules() -> None:
    assert genome_of(row(29, 0, 0.1)).entry.conditions[0].right == 30.0

"""The archive: the best of every niche and idea, and the simplest of equals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.kits.indicators_bars import random_bars

from omp.engine import Costs, Evaluator, Grammar
from omp.engine.archive import N_NICHES, NICHES, Archive, Elites, fitness, niches, normed, tiers
from omp.engine.codebook import Codebook
from omp.engine.genome import condition, genome, rule
from omp.engine.population import Population
from omp.engine.seeds import key
from omp.engine.variation import Variation
from omp.market.bars import make_panel

GRAMMAR = Grammar(("rsi",), max_conditions=4)
BOOK = Codebook(GRAMMAR)


def elites(rows: list[tuple[int, float, float, int, int]]) -> Elites:
    """Behaviour, Sharpe of x, angle of the sketch, conditions, niche of each."""
    rules = [
        rule("all", [condition(GRAMMAR.operands["rsi"][k], "<", 30.0) for k in range(one[3])])
        for one in rows
    ]
    angle = np.array([one[2] for one in rows])
    sharpe = np.array([one[1] for one in rows])
    return Elites(
        Population.of([genome("long", one, rule("all", [])) for one in rules], BOOK),
        np.array([(one[0], 0) for one in rows], dtype=np.uint64),
        sharpe,
        sharpe,
        np.floor(sharpe * 10).astype(np.int64),
        np.full(len(rows), 50),
        np.zeros(len(rows), dtype=np.int64),
        np.array([one[4] for one in rows]),
        np.stack([np.cos(angle), np.sin(angle)], axis=1),
    )


def archive(size: int = 3, per_niche: int = 9, per_idea: int = 1) -> Archive:
    return Archive(Elites.none(BOOK), size=size, per_niche=per_niche, per_idea=per_idea, alike=0.7)


def held(one: Archive) -> list[int]:
    return [int(b) for b in one.elites.behaviour[:, 0]]


def test_it_keeps_the_best_of_each_idea_and_the_simplest_of_equals() -> None:
    one = archive()
    assert one.add(elites([(1, 1.0, 0.0, 2, 0), (2, 0.9, 0.1, 1, 0), (3, 0.5, 1.5, 1, 0)])) == 2
    assert held(one) == [1, 3]
    assert one.add(elites([(1, 1.0, 0.0, 1, 0)])) == 1
    assert one.elites.genomes.complexity[0] == 1
    assert one.add(elites([(4, 2.0, 3.0, 1, 0), (5, 1.5, -1.5, 1, 0)])) == 2
    assert held(one) == [4, 5, 1]
    assert one.add(elites([(6, 0.1, 0.7, 1, 0)])) == 0


def test_a_niche_holds_no_more_than_its_share() -> None:
    one = archive(size=9, per_niche=2)
    one.add(elites([(i, 2.0 - i / 10, 1.5 * i, 1, 7) for i in range(4)]))
    assert held(one) == [0, 1]
    one.add(elites([(9, 0.01, 4.0, 1, 8)]))
    assert held(one) == [0, 1, 9]


def test_within_a_step_of_the_sharpe_ratio_the_simpler_comes_first() -> None:
    one = archive(size=5, per_idea=5)
    one.add(elites([(1, 1.04, 0.0, 3, 0), (2, 1.01, 1.0, 1, 0), (3, 1.11, 2.0, 4, 0)]))
    assert held(one) == [3, 2, 1]


def tried(one: Archive, some: Elites, most: int) -> NDArray[np.int64]:
    return one.shortlist(some.behaviour, some.genomes.complexity, some.tier, some.fitness, most)


def test_the_shortlist_leaves_out_what_cannot_enter() -> None:
    one = archive(size=3, per_niche=2, per_idea=9)
    found = elites(
        [(1, 1.0, 0.0, 2, 0), (1, 1.0, 0.0, 1, 0), (2, 2.0, 0.0, 1, 0), (3, 0.5, 0.0, 1, 1)]
    )
    assert found.take(tried(one, found, 9)).behaviour[:, 0].tolist() == [2, 1, 3]
    assert tried(one, found, 0).size == 3  # an archive with free places looks at more
    one.add(found)
    assert held(one) == [2, 1, 3]
    assert one.floor()[[0, 1, 4]].tolist() == [10, 5, 5]  # full: niche 0, and the archive
    later = elites([(1, 1.0, 0.0, 1, 0), (7, 0.9, 0.0, 1, 1), (8, 1.9, 0.0, 1, 0)])
    assert later.take(tried(one, later, 9)).behaviour[:, 0].tolist() == [8, 7]
    assert tried(one, later, 1).size == 1


rows = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.floats(-1.0, 2.0),
        st.floats(0.0, 6.0),
        st.integers(1, 4),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=80, deadline=None)
@given(rows, st.integers(1, 10), st.integers(1, 4), st.integers(1, 4))
def test_whatever_is_added_the_rules_of_the_archive_hold(
    given_: list[tuple[int, float, float, int, int]], size: int, per_niche: int, per_idea: int
) -> None:
    one = archive(size, per_niche, per_idea)
    for lo in range(0, len(given_), 7):
        one.add(elites(given_[lo : lo + 7]))
    kept = one.elites
    assert 0 < len(kept) <= size
    assert len(set(held(one))) == len(kept)
    assert np.bincount(kept.niche).max() <= per_niche
    assert (kept.ranked() == np.arange(len(kept))).all()
    likeness = kept.sketch @ kept.sketch.T
    for i in range(len(kept)):
        assert np.count_nonzero(likeness[i, :i] >= 0.7) < per_idea
    before = held(one)
    assert one.add(elites(given_)) >= 0
    assert set(before) | {row[0] for row in given_} >= set(held(one))


@settings(max_examples=80, deadline=None)
@given(rows)
def test_the_order_is_that_of_its_definition(
    given_: list[tuple[int, float, float, int, int]],
) -> None:
    some = elites(given_)
    plain = some.genomes.complexity
    first: dict[tuple[int, ...], int] = {}
    for i in sorted(range(len(some)), key=lambda i: (plain[i], i)):
        first.setdefault(tuple(some.behaviour[i].tolist()), i)
    keys = {
        i: (-some.tier[i], plain[i], -some.fitness[i], *some.behaviour[i].tolist())
        for i in first.values()
    }
    assert some.ranked().tolist() == sorted(keys, key=lambda i: keys[i])


def test_normed_sketches_estimate_correlations() -> None:
    raw = np.random.default_rng(1).normal(3.0, 2.0, (5, 128))
    raw[4] = 7.0
    made = normed(raw)
    assert made[:4] @ made[:4].T == pytest.approx(np.corrcoef(raw[:4]))
    assert (made[4] == 0.0).all()


def test_every_strategy_has_a_niche_by_what_it_does() -> None:
    panel = make_panel([random_bars(900, 2)], "1d", "us", 252.0)
    grammar = Grammar()
    evaluator = Evaluator(panel, grammar, Costs(1.0, 1.0), warmup=210)
    evaluation = evaluator.evaluate(Variation(Codebook(grammar)).random(key(1, 0), 500))
    found = niches(evaluation)
    assert found.min() >= 0
    assert found.max() < N_NICHES == 125
    for i in range(500):
        number = 0
        for name, bounds in NICHES.items():
            value = float(np.nan_to_num(getattr(evaluation, name)[i]))
            number = number * 5 + sum(value >= bound for bound in bounds)
        assert number == found[i]
    assert len(set(found.tolist())) > 20


def test_fitness_is_half_the_sharpe_ratio_and_half_its_lower_quartile_over_blocks() -> None:
    panel = make_panel([random_bars(900, 2)], "1d", "us", 252.0)
    grammar = Grammar()
    drawn = Variation(Codebook(grammar)).random(key(1, 0), 300)
    evaluator = Evaluator(panel, grammar, Costs(1.0, 1.0), warmup=210)
    evaluation = evaluator.evaluate(drawn)
    found = fitness(evaluation)
    length = evaluation.block_lengths[0]
    mean = evaluation.block_sum / length
    variance = evaluation.block_sum_sq / length - mean**2
    sharpe = np.divide(mean, np.sqrt(variance), out=np.zeros_like(mean), where=variance > 0.0)
    low = np.percentile(sharpe, 25.0, axis=1)
    traded = np.isfinite(evaluation.sharpe_x)
    assert traded.sum() > 250
    assert found[traded] == pytest.approx((0.5 * (evaluation.sharpe_x + low))[traded])
    assert np.isnan(found[~traded]).all()
    steps = tiers(found, evaluation.n_bars)
    assert steps[~traded].max(initial=-(2**31)) == -(2**31)
    order = np.argsort(found[traded])
    assert (np.diff(steps[traded][order]) >= 0).all()
    plain = Evaluator(panel, grammar, Costs(1.0, 1.0), warmup=210, n_blocks=0).evaluate(drawn)
    assert (fitness(plain)[traded] == plain.sharpe_x[traded]).all()

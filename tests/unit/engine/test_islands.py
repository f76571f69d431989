"""Islands: a generation is shared out by place, and the best travel to the next island."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.kits.indicators_bars import random_bars

from omp.engine import Costs, Evaluator, Grammar
from omp.engine.codebook import Codebook
from omp.engine.islands import MIGRANTS, Islands
from omp.engine.seeds import key
from omp.engine.variation import Variation
from omp.market.bars import make_panel

GRAMMAR = Grammar()
BOOK = Codebook(GRAMMAR)


def islands(number: int) -> Islands:
    return Islands(BOOK, number, size=40, per_niche=12, per_idea=3, min_trades=10)


def behaviours(some: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(one) for one in some.tolist()}


@given(st.integers(0, 5000), st.integers(1, 9))
def test_every_genome_belongs_to_exactly_one_island(size: int, number: int) -> None:
    one = islands(number)
    bounds = [one.bounds(size, i) for i in range(number)]
    assert bounds[0][0] == 0
    assert bounds[-1][1] == size
    assert all(left[1] == right[0] for left, right in itertools.pairwise(bounds))


def test_islands_keep_apart_until_their_best_travel_to_the_next() -> None:
    panel = make_panel([random_bars(900, 2)], "1d", "us", 252.0)
    evaluator = Evaluator(panel, GRAMMAR, Costs(1.0, 1.0), warmup=210)
    drawn = Variation(BOOK).random(key(1, 0), 900)
    evaluation = evaluator.evaluate(drawn)
    one = islands(3)
    entered = one.tell(drawn, evaluation, 0, evaluator.sketch)
    assert entered == sum(len(a.elites) for a in one.archives) == 120
    for i, archive in enumerate(one.archives):
        lo, hi = one.bounds(900, i)
        assert behaviours(archive.elites.behaviour) <= behaviours(evaluation.behaviour[lo:hi])
    best = [a.elites.take(np.arange(MIGRANTS)) for a in one.archives]
    before = [behaviours(a.elites.behaviour) for a in one.archives]
    one.migrate()
    came = 0
    for i, archive in enumerate(one.archives):
        now = behaviours(archive.elites.behaviour)
        assert now - before[i] <= behaviours(best[i - 1].behaviour)
        assert len(now) == 40
        came += len(now & behaviours(best[i - 1].behaviour))
    assert came >= 2 * MIGRANTS
    assert one.best_sharpe_x == max(a.elites.sharpe_x.max() for a in one.archives)
    whole = one.elites
    assert len(behaviours(whole.behaviour)) == len(whole)
    assert (whole.ranked() == np.arange(len(whole))).all()
    alone = islands(1)
    alone.tell(drawn, evaluation, 0, evaluator.sketch)
    kept = alone.elites.behaviour
    alone.migrate()
    assert (alone.elites.behaviour == kept).all()

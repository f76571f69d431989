"""Preparation: conditions computed once and packed, before the first rule is evaluated."""

import numpy as np

from omp.engine.conditions import Masks, Series
from omp.engine.fills import Bool
from omp.lab.bench.clock import Contestant, race
from omp.lab.bench.fills import SIZES
from omp.lab.bench.mix import Question, make_question
from omp.lab.bench.table import Table, raced


def tables(rounds: int, sizes: tuple[int, ...]) -> list[Table]:
    """One table for each number of bars."""
    return [_table(n_bars, rounds) for n_bars in sizes]


def sizes(*, quick: bool) -> tuple[int, ...]:
    """Bars of the tables."""
    return tuple(one.n_bars for one in (SIZES[:1] if quick else SIZES))


def _table(n_bars: int, rounds: int) -> Table:
    question = make_question(n_bars)
    racers = [
        Contestant("omp, masks of 64 bars a word", lambda _: _masks(question), _size(question)),
        Contestant("the same as boolean columns", lambda _: _columns(question), _size(question)),
    ]
    return Table(
        "preparation",
        f"Preparation, {n_bars:,} bars",
        "µs a condition",
        raced(race(racers, rounds), {}, 1e6),
        (
            (
                f"{_size(question)} conditions from nothing but prices: indicators, comparison, "
                f"packing; {question.columns.nbytes / 2**20:.1f} MB as booleans, an eighth of it "
                "packed."
            ),
        ),
    )


def _size(question: Question) -> int:
    return len(question.conditions)


def _masks(question: Question) -> Masks:
    made = Masks([question.panel.bars[0]], [0], [len(question.panel)])
    numbers = np.array([question.codebook.number(one) for one in question.conditions])
    made.learn(question.codebook, numbers.astype(np.int32).reshape(1, 1, -1))
    return made


def _columns(question: Question) -> Bool:
    known = Series(question.panel.bars[0])
    return np.stack([known.holds(one) for one in question.conditions])

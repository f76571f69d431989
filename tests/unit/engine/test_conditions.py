"""Conditions on a handful of bars, packing, and the memory budget of the masks."""

import numpy as np
import pytest
from tests.kits.indicators_bars import DAY_NS, random_bars

from omp.engine import Grammar, Operand
from omp.engine.codebook import Codebook
from omp.engine.conditions import Masks, Series, pack
from omp.engine.genome import condition, rule
from omp.engine.seeds import Dice, stream
from omp.market.bars import Bars

CLOSE = np.array([10.0, 12.0, 12.0, 9.0, 12.0, 12.5])


def _bars() -> Bars:
    n = CLOSE.size
    return Bars("A", np.arange(n) * DAY_NS, np.full(n, 12.0), CLOSE + 9, CLOSE - 9, CLOSE, CLOSE)


@pytest.mark.parametrize(
    ("op", "wanted"),
    [
        ("<", [1, 0, 0, 1, 0, 0]),
        (">", [0, 0, 0, 0, 0, 1]),
        ("crosses_above", [0, 0, 0, 0, 0, 1]),
        ("crosses_below", [0, 0, 0, 1, 0, 0]),
    ],
)
def test_comparisons(op: str, wanted: list[int]) -> None:
    series = Series(_bars())
    close, opened = Operand.of("close"), Operand.of("open")
    assert series.holds(condition(close, op, opened)).tolist() == [bool(one) for one in wanted]
    roc = Operand.of("roc", length=1)
    assert not series.holds(condition(roc, op, 0.0))[0]  # no value yet: false


def test_rules_combine_and_an_empty_one_never_fires() -> None:
    series = Series(_bars())
    close, opened = Operand.of("close"), Operand.of("open")
    low, rising = condition(close, "<", opened), condition(Operand.of("roc", length=1), ">", 0.0)
    either = series.holds(low) | series.holds(rising)
    assert series.fires(rule("any", [low, rising])).tolist() == either.tolist()
    assert not series.fires(rule("all", [low, rising])).any()
    assert not series.fires(rule("all", [])).any()


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_packing_puts_bar_t_into_bit_t(n: int) -> None:
    column = np.random.default_rng(n).random(n) < 0.5
    words = pack(column)
    unpacked = [bool(int(words[t // 64]) >> (t % 64) & 1) for t in range(n)]
    assert unpacked == column.tolist()
    assert sum(int(word).bit_count() for word in words) == int(column.sum())


def test_a_condition_is_computed_once_and_masks_stay_within_their_budget() -> None:
    bars = random_bars(640, seed=4)
    dice = Dice(stream(0, 0))
    grammar = Grammar(max_conditions=3)
    masks = Masks([bars], [40], [640], budget_bytes=1)
    series = Series(bars)
    codebook = Codebook(grammar)
    for _ in range(5):
        wanted = [c for _ in range(60) for c in grammar.random_genome(dice).conditions]
        numbers = np.array([codebook.number(one) for one in wanted], dtype=np.int32)
        place = masks.learn(codebook, numbers)
        assert masks.words(0).shape[0] <= masks.capacity
        for one in wanted[:20]:
            column = series.holds(one)[40:640].copy()
            column[-1] = False  # a signal on the last close has no open to act at
            row = place[codebook.number(one)]
            assert masks.words(0)[row].tolist() == pack(column).tolist()
    words = masks.words(0)[place[numbers]].copy()
    assert (masks.words(0)[masks.learn(codebook, numbers)[numbers]] == words).all()


@pytest.mark.parametrize(("first", "last"), [(0, 200), (0, 64), (1, 129), (60, 61), (37, 200)])
def test_the_words_of_every_comparison_are_those_of_its_column(first: int, last: int) -> None:
    """Warm-up that is not defined yet, and a window from the very first bar, included."""
    bars = random_bars(200, seed=6)
    average, rsi = Operand.of("sma", length=20), Operand.of("rsi", length=5)
    wanted = [
        condition(left, op, right)
        for op in ("<", ">", "crosses_above", "crosses_below")
        for left, right in ((rsi, 50.0), (Operand.of("close"), average), (rsi, 30.0))
    ]
    codebook, masks = Codebook(Grammar()), Masks([bars], [first], [last])
    numbers = np.array([codebook.number(one) for one in wanted], dtype=np.int32)
    place = masks.learn(codebook, numbers)
    series = Series(bars)
    for number, one in zip(numbers.tolist(), wanted, strict=True):
        column = series.holds(one)[first:last].copy()
        column[-1] = False
        assert masks.words(0)[place[number]].tolist() == pack(column).tolist()


def test_words_of_a_grammar_stay_for_the_next_codebook_and_strangers_go() -> None:
    bars = random_bars(400, 5)
    grammar = Grammar(indicators=("rsi", "roc", "sma"))
    masks = Masks([bars], [40], [400])
    roc, rsi = Operand.of("roc", length=10), Operand.of("rsi", length=14)
    strangers = [condition(roc, ">", 0.123), condition(rsi, "<", 41.5)]
    own = [condition(rsi, "<", 30.0), condition(roc, ">", 0.0)]
    for stranger in strangers:  # the two have one number in two codebooks
        codebook = Codebook(grammar)
        listed = [*own, stranger]
        numbers = np.array([codebook.number(one) for one in listed], dtype=np.int32)
        assert numbers[2] == codebook.own
        place = masks.learn(codebook, numbers)
        for one, number in zip(listed, numbers, strict=True):
            expected = Series(bars).holds(one)[40:]
            expected[-1] = False
            assert (masks.words(0)[place[number]] == pack(expected)).all()

"""Populations: genomes as arrays and back, without loss, and one identity for one genome."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omp.domain.indicators import INDICATORS
from omp.engine import Genome, Grammar, Operand, Stops
from omp.engine.codebook import Codebook
from omp.engine.genome import OPERATORS, condition, genome, rule
from omp.engine.population import Population
from omp.engine.seeds import Dice, stream
from omp.engine.steps import condition_steps
from omp.engine.stops import STOP_LEVELS

GRAMMAR = Grammar(("momentum", "sma", "close"), "long_short", 3)
ALL = Grammar(max_conditions=4)

grammars = st.sampled_from(
    [GRAMMAR, ALL, Grammar(("rsi",), "short", 1, ()), Grammar(("price",), "long", 8)]
)


@st.composite
def genomes(draw: st.DrawFn) -> Genome:
    """Genomes of several grammars, so that each is a stranger to the others."""
    one = draw(grammars)
    dice = Dice(stream(draw(st.integers(0, 2**20)), 7))
    made = one.random_genome(dice)
    if draw(st.booleans()):
        rsi = Operand.of("rsi", length=draw(st.integers(2, 40)))
        odd = condition(rsi, draw(st.sampled_from(OPERATORS)), draw(st.floats(1.0, 99.0)))
        made = genome(made.direction, rule("any", [*made.entry.conditions, odd]), made.exit)
    if draw(st.booleans()):
        loss, bars = draw(st.floats(0.001, 0.9)), draw(st.integers(1, 300))
        made = genome(made.direction, made.entry, made.exit, Stops(loss, None, loss, bars))
    return made


@pytest.mark.parametrize("grammar", [GRAMMAR, ALL, Grammar(("volume", "adosc"), "short", 1)])
def test_every_number_of_a_codebook_is_a_condition_of_its_grammar_and_back(
    grammar: Grammar,
) -> None:
    book = Codebook(grammar)
    known = set()
    for number in range(len(book)):
        one = book.condition(number)
        assert book.number(one) == number
        right = one.right if isinstance(one.right, Operand) else float(one.right)
        assert condition(one.left, one.op, right) == one  # canonical
        mirrored = book.condition(int(book.mirror[number]))
        assert (mirrored.left, mirrored.right) == (one.left, one.right)
        assert mirrored.op != one.op
        assert book.mirror[book.mirror[number]] == number
        known.add(one)
    assert len(known) == len(book) == book.own
    assert not book.strangers
    levels = sum(
        len(some) * len(INDICATORS[name].levels) for name, some in grammar.operands.items()
    )
    mates = itertools.combinations([o for some in grammar.operands.values() for o in some], 2)
    scales = [(INDICATORS[a.indicator].scale, INDICATORS[b.indicator].scale) for a, b in mates]
    pairs = sum(a == b != "" for a, b in scales)
    assert len(book) == len(OPERATORS) * (levels + pairs)
    assert len(np.unique(book.key, axis=0)) == len(book)


@settings(max_examples=60, deadline=None)
@given(st.lists(genomes(), min_size=1, max_size=12))
def test_genomes_survive_the_round_trip_whatever_the_grammar(some: list[Genome]) -> None:
    book = Codebook(GRAMMAR)
    population = Population.of(some, book)
    assert population.genomes() == some
    assert population.complexity.tolist() == [one.complexity for one in some]
    again = Codebook(GRAMMAR, book.strangers)
    assert Population.of(some, again).conditions.tolist() == population.conditions.tolist()
    for g, one in enumerate(some):
        for side, held in enumerate((one.entry, one.exit)):
            numbers = population.conditions[g, side]
            n = int(population.count[g, side])
            assert n == len(held.conditions)
            assert (np.diff(numbers[:n]) > 0).all()
            assert (numbers[n:] == -1).all()
            assert bool(population.every[g, side]) == (held.combine == "all")


@settings(max_examples=60, deadline=None)
@given(st.lists(genomes(), min_size=2, max_size=12))
def test_identities_are_equal_exactly_where_genomes_are(some: list[Genome]) -> None:
    one = Population.of(some, Codebook(GRAMMAR))
    other = Population.of(some[::-1], Codebook(ALL))  # other numbers, same contents
    assert (one.identity == other.identity[::-1]).all()
    for i, j in itertools.combinations(range(len(some)), 2):
        assert (some[i] == some[j]) == bool((one.identity[i] == one.identity[j]).all())


def test_identities_of_many_random_genomes_never_collide() -> None:
    dice = Dice(stream(3, 0))
    some = [GRAMMAR.random_genome(dice) for _ in range(20_000)]
    identity = Population.of(some, Codebook(GRAMMAR)).identity
    assert len({tuple(one) for one in identity.tolist()}) == len(set(some))


def test_an_identity_never_changes() -> None:
    """A golden value: equal on every machine."""
    low = condition(Operand.of("rsi", length=14), "<", 30.0)
    up = condition(Operand.of("close"), "crosses_above", Operand.of("sma", length=50))
    one = genome("long", rule("all", [low, up]), rule("any", []), Stops(trailing=0.05, max_bars=7))
    assert Population.of([one], Codebook(GRAMMAR)).identity.tolist() == [
        [17393995568657177507, 5238796084646138450]
    ]


def test_taking_and_joining_keep_the_genomes() -> None:
    dice = Dice(stream(5, 0))
    some = [GRAMMAR.random_genome(dice) for _ in range(20)]
    book = Codebook(GRAMMAR)
    early = Population.of(some[:10], book)
    wide = [Grammar(("price",), "long", 8).random_genome(Dice(stream(i, 0))) for i in range(40)]
    late = Population.of(some[10:] + wide, book)
    joined = Population.join([early, late])
    assert joined.genomes() == some + wide
    assert joined.take([3, 1]).genomes() == [some[3], some[1]]
    assert joined.take(joined.complexity > 6).genomes() == [
        one for one in some + wide if one.complexity > 6
    ]
    with pytest.raises(ValueError, match="2 codebooks"):
        Population.join([early, Population.of(some, Codebook(GRAMMAR))])


def test_a_stranger_is_learned_once_with_its_mirror_image_and_its_steps() -> None:
    book = Codebook(Grammar(("rsi",)))
    odd = condition(Operand.of("rsi", length=13), "<", 33.0)
    number = book.number(odd)
    assert number == book.own == len(book) - 2
    assert book.number(odd) == number
    assert book.condition(int(book.mirror[number])).op == ">"
    assert {book.condition(i) for i in book.steps(number)} == set(condition_steps(odd))
    assert book.stops(Stops(stop_loss=0.033)) == (len(STOP_LEVELS["stop_loss"]), -1, -1, -1)

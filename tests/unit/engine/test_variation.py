"""Compiled variation: the moves keep to the grammar and to canonical form, whoever the parents."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omp.domain.indicators import INDICATORS
from omp.engine import Genome, Grammar, Operand, Stops
from omp.engine.codebook import Codebook
from omp.engine.genome import Condition, condition, genome, rule
from omp.engine.grammar import dual
from omp.engine.population import Population
from omp.engine.seeds import Dice, key, stream
from omp.engine.steps import condition_steps
from omp.engine.stops import STOP_LEVELS, STOP_NAMES
from omp.engine.variation import MOVES, Breeding, Variation

GRAMMARS = (
    Grammar(("momentum", "sma", "close"), "long_short", 3),
    Grammar(max_conditions=4),
    Grammar(("rsi",), "short", 1, ()),
    Grammar(("sma", "ppo"), "long", 2, ("stop_loss", "max_bars")),
)

grammars = st.sampled_from(GRAMMARS)
keys = st.integers(0, 2**64 - 1)


def allowed(one: Genome, grammar: Grammar) -> bool:
    """Whether a grammar can draw a genome."""
    operands = {o for some in grammar.operands.values() for o in some}
    used = [o for c in one.conditions for o in (c.left, c.right) if isinstance(o, Operand)]
    levels = [(c.left, c.right) for c in one.conditions if not isinstance(c.right, Operand)]
    return (
        one.direction == grammar.direction
        and set(used) <= operands
        and all(n in INDICATORS[left.indicator].levels for left, n in levels)
        and 1 <= len(one.entry.conditions) <= grammar.max_conditions
        and len(one.exit.conditions) <= grammar.max_conditions
        and all(
            value is None or (name in grammar.stops and value in STOP_LEVELS[name])
            for name, value in vars(one.stops).items()
        )
    )


def assert_canonical(population: Population) -> None:
    """Rows are what `Population.of` makes of their own genomes."""
    again = Population.of(population.genomes(), population.codebook)
    for name in ("direction", "every", "count", "conditions", "stops"):
        assert (getattr(again, name) == getattr(population, name)).all(), name


@settings(max_examples=40, deadline=None)
@given(grammars, keys, st.sampled_from((*MOVES, None)))
def test_draws_moves_and_children_stay_in_the_grammar(
    grammar: Grammar, number: int, move: str | None
) -> None:
    variation = Variation(Codebook(grammar))
    drawn = variation.random(number, 60)
    changed = variation.changed(drawn, number, move)
    children = variation.bred(changed, number, 60)
    for population in (drawn, changed, children):
        assert_canonical(population)
        assert all(allowed(one, grammar) for one in population.genomes())
    if move is None:
        assert (drawn.identity != changed.identity).any(axis=1).all()
    assert not variation.codebook.strangers


def test_drawing_agrees_with_the_readable_drawing() -> None:
    """The compiled draw has the distribution of `Grammar.random_genome`, share by share."""
    size = 20_000
    for grammar in GRAMMARS:
        dice = Dice(stream(4, 0))
        plain = [grammar.random_genome(dice) for _ in range(size)]
        compiled = Variation(Codebook(grammar)).random(key(4, 0), size).genomes()
        one, other = _features(plain), _features(compiled)
        for feature in set(one) | set(other):
            share = (one[feature] + other[feature]) / (2 * size)
            apart = (one[feature] - other[feature]) / size
            error = np.sqrt(2 * max(share, 1 / size) / size)
            assert abs(apart) < 5 * error, (grammar, feature)


def _features(some: list[Genome]) -> Counter[object]:
    seen: Counter[object] = Counter()
    for one in some:
        seen["entry", len(one.entry.conditions), one.entry.combine] += 1
        seen["exit", len(one.exit.conditions), one.exit.combine] += 1
        seen["dual", one.exit == dual(one.entry)] += 1
        seen["stops", one.stops.count] += 1
        for name, value in vars(one.stops).items():
            seen[name, value] += 1
        for c in one.entry.conditions:
            seen["op", c.op] += 1
            seen["left", c.left] += 1
            right = c.right
            seen["right", right if isinstance(right, Operand) else (c.left.indicator, right)] += 1
    return seen


def test_a_genome_depends_on_its_place_alone() -> None:
    variation = Variation(Codebook(GRAMMARS[0]))
    whole = variation.random(key(1, 0), 100)
    assert variation.random(key(1, 0), 30, start=70).genomes() == whole.genomes()[70:]
    assert Variation(Codebook(GRAMMARS[0])).random(key(1, 0), 50).genomes() == whole.genomes()[:50]
    children = variation.bred(whole, key(1, 1), 100)
    assert variation.bred(whole, key(1, 1), 5, start=95).genomes() == children.genomes()[95:]
    assert variation.random(key(2, 0), 100).genomes() != whole.genomes()


def test_the_stream_never_changes() -> None:
    """A golden value: the same rules on every machine."""
    drawn = Variation(Codebook(GRAMMARS[0])).random(key(7, 3), 2)
    assert drawn.identity[:, 0].tolist() == [2940869414794016109, 4352699323256770018]


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_a_step_reaches_every_neighbour_of_a_condition_and_nothing_else(grammar: Grammar) -> None:
    book = Codebook(grammar)
    variation = Variation(book)
    for start in Population.of(
        [grammar.random_genome(Dice(stream(s, 0))) for s in range(6)], book
    ).genomes():
        held = start.entry.conditions[0]
        one = genome(grammar.direction, rule("all", [held]), rule("any", []))
        crowd = Population.of([one] * 600, book)
        reached = {g.entry.conditions[0] for g in variation.changed(crowd, 5, "step").genomes()}
        assert reached - {held} == set(condition_steps(held)) or not condition_steps(held)


def _moved(move: str, one: Genome, grammar: Grammar = GRAMMARS[0], size: int = 400) -> list[Genome]:
    variation = Variation(Codebook(grammar))
    return variation.changed(
        Population.of([one] * size, variation.codebook), key(8, 1), move
    ).genomes()


RSI, CCI = Operand.of("rsi", length=14), Operand.of("cci", length=20)
LOW, HIGH, ODD = condition(RSI, "<", 30.0), condition(CCI, ">", 100.0), condition(RSI, "<", 33.0)
TWO = genome("long_short", rule("all", [LOW, HIGH]), rule("any", [ODD]), Stops(max_bars=5))


def test_each_move_does_what_its_name_says() -> None:
    added = _moved("add", TWO)
    assert {len(g.conditions) - 3 for g in added} == {1}
    assert {g.entry.combine for g in added} == {"all"}
    dropped = {g.entry.conditions for g in _moved("drop", TWO)}
    assert dropped == {(LOW,), (HIGH,), tuple(sorted((LOW, HIGH), key=lambda c: c.key))}
    assert {g.entry.combine for g in _moved("flip", TWO)} == {"all", "any"}
    turned = [g.exit for g in _moved("turn_exit", TWO)]
    assert 0.4 < turned.count(dual(TWO.entry)) / len(turned) < 0.6
    stops = {g.stops for g in _moved("change_stop", TWO)}
    assert Stops() in stops
    assert {name for s in stops for name in STOP_NAMES if getattr(s, name)} == set(STOP_NAMES)
    replaced = [g for g in _moved("replace", TWO) if g.entry != TWO.entry]
    assert all(len(set(g.entry.conditions) & {LOW, HIGH}) == 1 for g in replaced)
    assert all(g.direction == "long_short" for g in (*added, *replaced))


def test_strangers_take_part_and_step_onto_the_grid() -> None:
    """An imported rule outside of the grammar breeds: 33 lies between the grid's 30 and 40."""
    reached = {c for g in _moved("step", TWO) for c in g.exit.conditions}
    assert reached == {ODD, *condition_steps(ODD)}
    variation = Variation(Codebook(GRAMMARS[1]))
    wide = rule("any", [condition(RSI, "<", float(level)) for level in range(11, 18)])
    crowd = Population.of([genome("long", wide, wide), TWO], variation.codebook)
    children = variation.bred(crowd, key(2, 2), 500)
    assert_canonical(children)
    assert max(int(n) for n in children.count.ravel()) == 7
    again = variation.bred(children, key(2, 3), 500)
    assert_canonical(again)


def test_children_take_their_conditions_from_their_parents() -> None:
    grammar = GRAMMARS[0]
    variation = Variation(Codebook(grammar))
    parents = variation.random(key(3, 0), 2)
    a, b = parents.genomes()
    pool = {*a.conditions, *b.conditions}
    ways = Breeding(newcomers=0.0, crossed=1.0, tournament=1)
    children = variation.bred(parents, key(3, 1), 2000, ways=ways).genomes()
    inside = [g for g in children if set(g.conditions) <= pool]
    assert len(inside) > 900  # half are crossed only, half are also mutated
    assert any(g.entry == a.entry and g.exit == b.exit for g in inside)
    assert any(
        0 < len(set(g.entry.conditions) & set(a.entry.conditions)) < len(g.entry.conditions)
        for g in inside
    )


def test_better_parents_have_more_children() -> None:
    variation = Variation(Codebook(GRAMMARS[0]))
    parents = variation.random(key(4, 0), 50)
    ways = Breeding(newcomers=0.0, crossed=0.0, tournament=3)
    children = variation.bred(parents, key(4, 1), 4000, ways=ways).genomes()
    known: dict[Condition, int] = {}
    for i, one in reversed(list(enumerate(parents.genomes()))):
        known |= dict.fromkeys(one.entry.conditions, i)
    first = [known[c] for g in children for c in g.entry.conditions if c in known]
    assert np.mean(np.array(first) < 25) > 0.8


def test_without_parents_all_children_are_random() -> None:
    variation = Variation(Codebook(GRAMMARS[3]))
    none = Population.empty(variation.codebook, 0)
    assert all(allowed(g, GRAMMARS[3]) for g in variation.bred(none, 1, 50).genomes())

"""The grammar draws what it allows and nothing else; variation stays inside it."""

import pytest

from omp.domain.errors import InvalidInput
from omp.domain.indicators import INDICATORS
from omp.engine import Genome, Grammar, Operand
from omp.engine.genome import OPERATORS, condition, genome, rule
from omp.engine.grammar import dual
from omp.engine.seeds import Dice, stream
from omp.engine.steps import neighbours
from omp.engine.stops import STOP_LEVELS

SMALL = Grammar(("momentum", "sma"), "short", 2, ("stop_loss", "max_bars"))


def allowed(one: Genome, grammar: Grammar) -> bool:
    names = set(grammar.operands)
    used = {
        operand.indicator
        for c in one.conditions
        for operand in (c.left, c.right)
        if isinstance(operand, Operand)
    }
    stops = {name for name in STOP_LEVELS if getattr(one.stops, name) is not None}
    return (
        one.direction == grammar.direction
        and used <= names
        and 1 <= len(one.entry.conditions) <= grammar.max_conditions
        and len(one.exit.conditions) <= grammar.max_conditions
        and stops <= set(grammar.stops)
    )


def test_random_rules_keep_to_the_grammar_and_use_all_of_it() -> None:
    dice = Dice(stream(1, 0))
    drawn = [SMALL.random_genome(dice) for _ in range(2000)]
    assert all(allowed(one, SMALL) for one in drawn)
    assert {c.op for one in drawn for c in one.conditions} == set(OPERATORS)
    used = {c.left.indicator for one in drawn for c in one.conditions}
    assert used == set(SMALL.operands)  # sma, which has no level, is compared with itself
    assert len(set(drawn)) > 1500


def test_the_same_seed_draws_the_same_rules() -> None:
    one, other = Dice(stream(5, 3)), Dice(stream(5, 3))
    assert [SMALL.random_genome(one) for _ in range(50)] == [
        SMALL.random_genome(other) for _ in range(50)
    ]
    assert SMALL.random_genome(stream(5, 3)) != SMALL.random_genome(stream(5, 4))


def test_neighbours_are_one_step_away_on_the_grids() -> None:
    low = condition(Operand.of("rsi", length=14), "<", 30.0)
    high = condition(Operand.of("rsi", length=14), ">", 65.0)  # 65 lies between grid values
    one = genome("long", rule("all", [low]), rule("all", [high]))
    found = neighbours(one)
    levels = {g.exit.conditions[0].right for g in found}
    lengths = {dict(g.entry.conditions[0].left.parameters)["length"] for g in found}
    assert levels == {60.0, 65.0, 70.0}
    assert lengths == {9, 14, 21}
    assert len(found) == len(set(found)) == 8
    assert one not in found


def test_fast_stays_below_slow() -> None:
    for name in ("ppo", "range_ratio", "deviation_ratio", "pvo", "adosc"):
        grammar = Grammar((name,))
        assert all(
            dict(o.parameters)["fast"] < dict(o.parameters)["slow"] for o in grammar.operands[name]
        )


def test_dual_turns_a_rule_round() -> None:
    low = condition(Operand.of("rsi", length=14), "<", 30.0)
    up = condition(Operand.of("close"), "crosses_above", Operand.of("sma", length=20))
    turned = dual(rule("all", [low, up]))
    assert turned.combine == "any"
    assert {c.op for c in turned.conditions} == {">", "crosses_below"}
    assert dual(turned) == rule("all", [low, up])


def test_the_lookback_is_that_of_the_longest_indicator() -> None:
    assert Grammar(("rsi",)).lookback_bars == INDICATORS["rsi"].parameters[0].grid[-1] + 1
    assert Grammar().lookback_bars >= 200


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"indicators": ("nothing",)}, "nothing"),
        ({"indicators": ("close",)}, "close"),
        ({"direction": "flat"}, "flat"),
        ({"max_conditions": 0}, "max_conditions"),
        ({"stops": ("atr",)}, "atr"),
    ],
)
def test_an_impossible_grammar_is_refused(settings: dict[str, object], word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        Grammar(**settings)  # type: ignore[arg-type]

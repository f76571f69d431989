"""Genomes: one rule has one form and one hash; strategy.toml carries it without loss."""

import tomllib
from typing import Any

import pytest
import tomlkit

from omp.domain.errors import InvalidInput
from omp.engine import Grammar, Operand, Stops, candidate_id, ensemble_hash, genome_hash
from omp.engine.genome import condition, genome, rule
from omp.engine.seeds import Dice, stream
from omp.engine.strategy import from_strategy, to_strategy

RSI = Operand.of("rsi", length=14)
FAST, SLOW = Operand.of("sma", length=10), Operand.of("sma", length=50)
LOW = condition(RSI, "<", 30)
UP = condition(FAST, "crosses_above", SLOW)

TEXT = """
[strategy]
schema_version = 1
direction = "long"
timeframe = "1d"
symbols = ["MSFT", "AAPL"]

[entry]
combine = "all"
conditions = [
  {left = {indicator = "sma", length = 50}, op = "crosses_below", right = SMA_10},
  {left = {indicator = "rsi", length = 14}, op = "<", right = 30.0},
  {left = {indicator = "rsi", length = 14.0}, op = "<", right = 30},
]

[exit]
combine = "any"
conditions = [{left = {indicator = "rsi", length = 14}, op = ">", right = 70.0}]

[stops]
stop_loss = 0.05
max_bars = 20

[costs]
commission_bps = 1.0
""".replace("SMA_10", '{indicator = "sma", length = 10}')


def test_the_same_rule_written_differently_is_one_genome() -> None:
    written = from_strategy(tomllib.loads(TEXT))
    built = genome(
        "long",
        rule("all", [UP, LOW]),
        rule("all", [condition(RSI, ">", 70.0)]),
        Stops(stop_loss=0.05, max_bars=20),
    )
    assert written == built
    assert written.complexity == 5
    one = genome_hash(written, ["AAPL", "MSFT"], "1d")
    assert one == genome_hash(built, ["MSFT", "AAPL"], "1d")
    assert candidate_id(built, ["MSFT", "AAPL"], "1d") == "cand_" + one[:20]


def test_the_hash_knows_symbols_timeframe_and_direction_but_no_costs() -> None:
    one = genome("long", rule("all", [LOW]), rule("all", []))
    other = genome("short", rule("all", [LOW]), rule("all", []))
    hashes = {
        genome_hash(one, ["A"], "1d"),
        genome_hash(one, ["B"], "1d"),
        genome_hash(one, ["A"], "1h"),
        genome_hash(other, ["A"], "1d"),
    }
    assert len(hashes) == 4
    assert "costs" not in to_strategy(one, ["A"], "1d")


def test_the_hash_never_changes() -> None:
    """A golden value: the name of every strategy ever mined depends on it."""
    one = genome("long", rule("all", [UP, LOW]), rule("any", []), Stops(trailing=0.1))
    wanted = "c53034ada3717fc3cc1e6df33d34b5cc7bada7f3d82da68b6260721e968efc9a"
    assert genome_hash(one, ["AAPL", "MSFT"], "1d") == wanted


def test_an_ensemble_is_named_by_its_members_and_weights_in_any_order() -> None:
    one = ensemble_hash([("aa", 0.5), ("bb", 0.5)])
    assert one == ensemble_hash([("bb", 0.5), ("aa", 0.5)])
    assert one != ensemble_hash([("aa", 0.4), ("bb", 0.6)])


@pytest.mark.parametrize("direction", ["long", "short", "long_short"])
def test_random_genomes_survive_the_round_trip_through_toml(direction: str) -> None:
    grammar = Grammar(direction=direction, max_conditions=4)
    dice = Dice(stream(11, 0))
    for _ in range(300):
        one = grammar.random_genome(dice)
        text = tomlkit.dumps(to_strategy(one, ["A", "B"], "1d"))
        assert from_strategy(tomllib.loads(text)) == one


def test_canonical_form() -> None:
    assert rule("any", [LOW]).combine == "all"
    assert rule("all", []).combine == "any"
    assert condition(SLOW, ">", FAST) == condition(FAST, "<", SLOW)
    assert rule("all", [LOW, UP, LOW]) == rule("all", [UP, LOW])
    assert condition(Operand.of("cci", length=20), "<", -0.0) == condition(
        Operand.of("cci", length=20), "<", 0.0
    )


def _changed(path: list[Any], value: Any) -> dict[str, Any]:
    tables: Any = tomllib.loads(TEXT)
    at = tables
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return dict(tables)


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        (["strategy", "schema_version"], 2, "schema_version"),
        (["strategy", "direction"], "up", "up"),
        (["entry", "combine"], "some", "some"),
        (["entry", "conditions"], [], "entry"),
        (["entry", "surprise"], 1, "surprise"),
        (["entry", "conditions", 1, "op"], "<=", "<="),
        (["entry", "conditions", 1, "right"], "high", "right"),
        (["entry", "conditions", 1, "right"], float("nan"), "finite"),
        (["entry", "conditions", 1, "right"], {"indicator": "sma", "length": 5}, "scale"),
        (["entry", "conditions", 1, "left"], {"indicator": "rsi"}, "length"),
        (["entry", "conditions", 1, "left"], {"indicator": "tea"}, "tea"),
        (["stops", "stop_loss"], 5, "stop_loss"),
        (["stops", "atr"], 5, "atr"),
        (["exit"], None, "exit"),
    ],
)
def test_a_faulty_strategy_is_refused_by_name(path: list[Any], value: Any, word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        from_strategy(_changed(path, value))

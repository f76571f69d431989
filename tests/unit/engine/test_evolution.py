"""The search: pure, resumable anywhere, and better than luck on a planted edge."""

import json

import numpy as np
import pytest
from tests.kits.indicators_bars import DAY_NS, random_bars

from omp.domain.errors import InvalidInput, NewerFormat
from omp.engine import Costs, Evaluator, Evolution, Grammar, detail
from omp.engine.archive import Archive, Elite
from omp.engine.genome import condition, genome, rule
from omp.engine.seeds import Dice, stream
from omp.market.bars import Bars, Panel, make_panel

COSTS = Costs(1.0, 1.0)
GRAMMAR = Grammar(("momentum", "volatility", "sma", "close"), max_conditions=2)


def planted(n: int, seed: int) -> Panel:
    """A walk whose drift is up while the close stands below its average of 20 bars, else down."""
    rng = np.random.default_rng(seed)
    close = np.full(n, 100.0)
    for t in range(1, n):
        below = t > 20 and close[t - 1] < close[t - 20 : t].mean()
        close[t] = close[t - 1] * np.exp(rng.normal(0.0015 if below else -0.0015, 0.01))
    open_ = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(open_, close) * 1.001, np.minimum(open_, close) * 0.999
    stamps = np.arange(n) * DAY_NS
    return make_panel(
        [Bars("P", stamps, open_, high, low, close, np.full(n, 1e3))], "1d", "us", 252.0
    )


def search(panel: Panel, seed: int, population: int, generations: int, first: int) -> Evolution:
    evaluator = Evaluator(panel, GRAMMAR, COSTS, warmup=210)
    one = Evolution(GRAMMAR, population=population, seed=seed, first_generation=first)
    for _ in range(generations + 1):
        genomes = one.ask()
        one.tell(genomes, evaluator.evaluate(genomes))
    return one


def test_a_restored_search_asks_for_exactly_the_same_at_every_generation() -> None:
    panel = make_panel([random_bars(900, 2)], "1d", "us", 252.0)
    evaluator = Evaluator(panel, GRAMMAR, COSTS, warmup=210)
    one = Evolution(GRAMMAR, population=60, seed=9, first_generation=200)
    for generation in range(5):
        state = json.loads(json.dumps(one.state(), allow_nan=False))
        other = Evolution.restore(
            Grammar(("momentum", "volatility", "sma", "close"), max_conditions=2), state
        )
        genomes = one.ask()
        assert one.generation == other.generation == generation
        assert other.ask() == genomes == one.ask()
        evaluation = evaluator.evaluate(genomes)
        one.tell(genomes, evaluation)
        other.tell(genomes, evaluation)
        assert other.state() == one.state()


def test_generation_0_is_random_and_at_least_2000_by_default() -> None:
    one = Evolution(GRAMMAR, population=50, seed=1)
    dice = Dice(stream(1, 0))
    assert one.ask() == [GRAMMAR.random_genome(dice) for _ in range(2000)]
    assert Evolution(GRAMMAR, population=50, seed=2).ask() != one.ask()


def test_later_generations_ask_for_new_genomes_of_the_population_size() -> None:
    one = search(planted(900, 1), 3, 80, 2, 300)
    asked = one.ask()
    assert len(asked) == len(set(asked)) == 80
    assert not set(asked) & {elite.genome for elite in one.elites}


def test_it_does_not_lose_to_random_search_of_the_same_size() -> None:
    """Equal evaluations, several planted markets: the best and the ensemble are better."""
    bred_best, random_best = [], []
    for seed in range(4):
        panel = planted(1800, seed)
        bred = search(panel, seed, 200, 6, 2000)
        luck = search(panel, seed + 100, 1, 0, 2000 + 6 * 200)
        bred_best.append(bred.best_sharpe_x)
        random_best.append(luck.best_sharpe_x)
        different: list[np.ndarray] = []
        for elite in bred.elites[:100]:
            x = detail(elite.genome, panel, COSTS, warmup=210).excess
            if all(np.corrcoef(x, other)[0, 1] < 0.7 for other in different):
                different.append(x)
        assert len(different) >= 10
    assert np.mean(bred_best) > np.mean(random_best)
    assert sum(b >= r for b, r in zip(bred_best, random_best, strict=True)) >= 3


def _elite(name: str, sharpe: float, angle: float, conditions: int = 1) -> Elite:
    rules = [condition(GRAMMAR.operands["rsi"][k], "<", 30.0) for k in range(conditions)]
    sketch = np.array([np.cos(angle), np.sin(angle)])
    one = genome("long", rule("all", rules), rule("all", []))
    return Elite(one, name, sharpe, 50, 0, sketch)


def test_the_archive_keeps_the_best_of_each_idea_and_the_simplest_of_equals() -> None:
    archive = Archive(size=3, per_niche=1, alike=0.7, min_trades=10)
    archive.add([_elite("a", 1.0, 0.0, 2), _elite("b", 0.9, 0.1), _elite("c", 0.5, 1.5)])
    assert [one.behaviour_hash for one in archive.elites] == ["a", "c"]
    archive.add([_elite("a", 1.0, 0.0, 1)])
    assert archive.elites[0].genome.complexity == 1
    archive.add([_elite("d", 2.0, 3.0), _elite("e", 1.5, -1.5)])
    assert [one.behaviour_hash for one in archive.elites] == ["d", "e", "a"]
    assert archive.admits(1.2, 10)
    assert not archive.admits(1.2, 9)
    assert not archive.admits(0.2, 50)
    assert not archive.admits(float("nan"), 50)


def test_equal_sharpe_prefers_the_simpler_genome() -> None:
    archive = Archive(size=5, per_niche=5, alike=0.7, min_trades=10)
    archive.add([_elite("a", 1.0, 0.0, 3), _elite("z", 1.0, 1.0, 1)])
    assert [one.behaviour_hash for one in archive.elites] == ["z", "a"]


def test_a_state_of_another_version_is_refused() -> None:
    one = Evolution(GRAMMAR, population=5, seed=1)
    with pytest.raises(NewerFormat, match="version 99"):
        Evolution.restore(GRAMMAR, {**one.state(), "version": 99})


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(InvalidInput, match="population"):
        Evolution(GRAMMAR, population=0, seed=1)
    one = Evolution(GRAMMAR, population=5, seed=1, first_generation=5)
    panel = make_panel([random_bars(900, 2)], "1d", "us", 252.0)
    evaluation = Evaluator(panel, GRAMMAR, COSTS).evaluate(one.ask()[:4])
    with pytest.raises(ValueError, match="5 genomes"):
        one.tell(one.ask(), evaluation)

"""The search: pure, resumable anywhere, and better than luck on a planted edge."""

import json
from typing import Any

import numpy as np
import pytest
from tests.kits.indicators_bars import DAY_NS, random_bars

from omp.domain.errors import InvalidInput, NewerFormat
from omp.engine import Costs, Evaluator, Evolution, Grammar, Operand, detail
from omp.engine.codebook import Codebook
from omp.engine.genome import condition, genome, rule
from omp.engine.population import Population
from omp.engine.seeds import key
from omp.engine.steps import neighbours
from omp.engine.templates import TEMPLATES, templates
from omp.engine.variation import Variation
from omp.market.bars import Bars, Panel, make_panel

COSTS = Costs(1.0, 1.0)
GROUPS = ("momentum", "volatility", "sma", "close")
GRAMMAR = Grammar(GROUPS, max_conditions=2)
ODD = genome(
    "long",
    rule("all", [condition(Operand.of("rsi", length=13), "<", 33.0)]),
    rule("all", [condition(Operand.of("roc", length=10), ">", 0.0)]),
)


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
        asked = one.ask()
        one.tell(asked, evaluator.evaluate(asked), evaluator.sketch)
    return one


def same_state(one: Evolution, other: Evolution) -> bool:
    (head, arrays), (head_2, arrays_2) = one.state(), other.state()
    assert arrays.keys() == arrays_2.keys()
    alike = [
        a.dtype == b.dtype and a.tobytes() == b.tobytes()
        for a, b in zip(arrays.values(), arrays_2.values(), strict=True)
    ]
    return head == head_2 and all(alike)


def through_files(one: Evolution) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    head, arrays = one.state()
    return json.loads(json.dumps(head, allow_nan=False)), {k: a.copy() for k, a in arrays.items()}


def test_a_restored_search_asks_for_exactly_the_same_at_every_generation() -> None:
    """Over migrations, with a declared strategy that is a stranger to the grammar."""
    panel = make_panel([random_bars(900, 2)], "1d", "us", 252.0)
    evaluator = Evaluator(panel, GRAMMAR, COSTS, warmup=210)
    one = Evolution(
        GRAMMAR, population=60, seed=9, first_generation=200, archive_size=80, seeds=[ODD]
    )
    for generation in range(22):
        other = Evolution.restore(
            Grammar(GROUPS, max_conditions=2), *through_files(one), evaluator.sketch
        )
        asked = one.ask()
        assert one.generation == other.generation == generation
        assert (other.ask().identity == asked.identity).all()
        assert (one.ask().identity == asked.identity).all()
        assert (other.ask().conditions == asked.conditions).all()
        assert other.measures() == one.measures()
        evaluation = evaluator.evaluate(asked)
        one.tell(asked, evaluation, evaluator.sketch)
        other.tell(other.ask(), evaluator.evaluate(other.ask()), evaluator.sketch)
        assert same_state(one, other)
        assert (one.elites.sketch == other.elites.sketch).all()


def test_generation_0_is_random_and_at_least_2000_by_default() -> None:
    one = Evolution(GRAMMAR, population=50, seed=1, seeds=[ODD])
    drawn = Variation(Codebook(GRAMMAR)).random(key(1, 0), 2000)
    assert (one.ask().identity == drawn.identity).all()
    assert (Evolution(GRAMMAR, population=50, seed=2).ask().identity != drawn.identity).any()


def test_generation_1_begins_with_classical_rules_and_the_seeds_neighbourhood() -> None:
    one = Evolution(GRAMMAR, population=120, seed=1, first_generation=100, seeds=[ODD])
    panel = make_panel([random_bars(900, 2)], "1d", "us", 252.0)
    evaluator = Evaluator(panel, GRAMMAR, COSTS, warmup=210)
    one.tell(one.ask(), evaluator.evaluate(one.ask()), evaluator.sketch)
    asked = one.ask().genomes()
    wanted = [*templates(Codebook(GRAMMAR)), ODD, *neighbours(ODD)]
    assert asked[: len(wanted)] == wanted
    assert len(asked) == len(set(asked)) == 120
    small = Evolution(GRAMMAR, population=5, seed=1, first_generation=5, seeds=[ODD])
    small.tell(small.ask(), evaluator.evaluate(small.ask()), evaluator.sketch)
    assert small.ask().genomes() == wanted
    small.tell(small.ask(), evaluator.evaluate(small.ask()), evaluator.sketch)
    assert len(small.ask()) == 5


def test_every_template_is_a_rule_of_the_whole_grammar() -> None:
    """On the grids, so that it breeds; shorts enter where longs leave."""
    made = templates(Codebook(Grammar()))
    assert len(set(made)) == len(made) == len(TEMPLATES)
    short = templates(Codebook(Grammar(direction="short")))
    assert [(g.entry, g.exit) for g in short] == [(g.exit, g.entry) for g in made]
    assert templates(Codebook(Grammar(("force",)))) == []
    assert 0 < len(templates(Codebook(Grammar(max_conditions=1)))) < len(made)


def test_later_generations_ask_for_new_genomes_of_the_population_size() -> None:
    one = search(planted(900, 1), 3, 80, 2, 300)
    asked = one.ask().genomes()
    assert len(asked) == len(set(asked)) == 80
    assert not set(asked) & set(one.elites.genomes.genomes())


def test_a_grammar_of_few_rules_is_exhausted_without_end() -> None:
    """Known rules are asked for again rather than none; then the search has converged."""
    grammar = Grammar(("adosc",), max_conditions=1, stops=())
    panel = make_panel([random_bars(900, 2)], "1d", "us", 252.0)
    evaluator = Evaluator(panel, grammar, COSTS, warmup=210)
    one = Evolution(grammar, population=60, seed=9, first_generation=2000)
    while one.finished_early is None and one.generation < 300:
        asked = one.ask()
        assert 0 < len(asked) <= 60 or one.generation == 0
        one.tell(asked, evaluator.evaluate(asked), evaluator.sketch)
    assert one.finished_early == "converged"
    assert one.measures()["idle"] == 30.0


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
        for one in bred.elites.genomes.take(range(100)).genomes():
            x = detail(one, panel, COSTS, warmup=210).excess
            if all(np.corrcoef(x, other)[0, 1] < 0.7 for other in different):
                different.append(x)
        assert len(different) >= 10
    assert np.mean(bred_best) > np.mean(random_best)
    assert sum(b >= r for b, r in zip(bred_best, random_best, strict=True)) >= 3


def test_the_measures_say_how_far_it_is() -> None:
    one = Evolution(GRAMMAR, population=50, seed=1, first_generation=300)
    assert one.measures() == {
        "entered": 0.0, "idle": 0.0, "niches": 0.0, "niche_entropy": 0.0, "likeness": 0.0
    }  # fmt: skip
    assert np.isnan(one.best_sharpe_x)
    late = search(planted(900, 1), 3, 80, 3, 300)
    found = late.measures()
    elites = late.elites
    assert found["niches"] == len(set(elites.niche.tolist())) > 5
    assert 0.0 < found["niche_entropy"] < 1.0
    assert found["likeness"] == pytest.approx(
        np.corrcoef(elites.sketch[:50])[np.triu_indices(50, 1)].mean()
    )
    assert late.best_sharpe_x == elites.sharpe_x.max()


def test_a_state_of_another_version_is_refused() -> None:
    one = Evolution(GRAMMAR, population=5, seed=1)
    head, arrays = one.state()
    with pytest.raises(NewerFormat, match="version 99"):
        Evolution.restore(GRAMMAR, {**head, "version": 99}, arrays, lambda _: np.zeros((0, 0)))


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(InvalidInput, match="population"):
        Evolution(GRAMMAR, population=0, seed=1)
    with pytest.raises(InvalidInput, match="islands"):
        Evolution(GRAMMAR, population=5, seed=1, archive_size=3)
    one = Evolution(GRAMMAR, population=5, seed=1, first_generation=5)
    panel = make_panel([random_bars(900, 2)], "1d", "us", 252.0)
    evaluator = Evaluator(panel, GRAMMAR, COSTS)
    evaluation = evaluator.evaluate(one.ask().take(range(4)))
    with pytest.raises(ValueError, match="5 genomes"):
        one.tell(one.ask(), evaluation, evaluator.sketch)
    assert isinstance(one.ask(), Population)

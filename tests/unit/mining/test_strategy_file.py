"""strategy.toml goes out and comes back without loss."""

import numpy as np
import pytest

from omp.domain.errors import InvalidInput
from omp.engine.grammar import Grammar
from omp.mining.strategy_file import Member, Strategy, from_toml, single, to_toml

COSTS = {"commission_bps": 2.5, "slippage_bps": 0.1}


def test_random_strategies_come_back_the_same() -> None:
    grammar = Grammar(max_conditions=4)
    rng = np.random.default_rng(5)
    made = [grammar.random_genome(rng) for _ in range(200)]
    for one in made:
        strategy = single(one, ("BBB", 'A"B\\'), "1d", COSTS)
        again = from_toml(to_toml(strategy))
        assert again.members[0].genome == one
        assert again.candidate_id == strategy.candidate_id
        assert again.costs == COSTS
        assert to_toml(again) == to_toml(strategy)
    whole = Strategy(
        tuple(Member(one, 1 / 3) for one in made[:3]), ("AAA",), "1d", COSTS, is_ensemble=True
    )
    again = from_toml(to_toml(whole))
    assert again == whole
    turned = Strategy(tuple(reversed(whole.members)), ("AAA",), "1d", COSTS, is_ensemble=True)
    assert turned.candidate_id == whole.candidate_id


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "[strategy]\nschema_version = 1\n",
        '[strategy]\nschema_version = 1\nsymbols = ["A"]\ntimeframe = "1d"\n[odd]\n',
        '[strategy]\nschema_version = 9\ndirection = "long"\nsymbols = ["A"]\ntimeframe = "1d"\n',
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        from_toml(text)

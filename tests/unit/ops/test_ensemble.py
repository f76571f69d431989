"""The choice of a run's subject: greedy, apart from one another, never on an unknown."""

from dataclasses import replace

import pytest
from tests.kits.gate_cases import candidate, run_evidence

from omp.config.settings import Holdout
from omp.domain.verdict import Outcome, Verdict
from omp.ops.ensemble import choose, may_be_offered, selection_of
from omp.wire.evidence import RunEvidence


def run_of(sharpes: list[float | None], matrix: list[list[float | None]]) -> RunEvidence:
    found = [candidate(f"cand_{at}", sharpe_x=one) for at, one in enumerate(sharpes)]
    return run_evidence(candidates=found, correlation=matrix, champion="cand_0")


APART = [[1.0 if a == b else 0.1 for b in range(12)] for a in range(12)]
ALL = {f"cand_{at}" for at in range(12)}


def test_the_best_come_first_up_to_the_limit() -> None:
    run = run_of([0.01 * (12 - at) for at in range(12)], APART)
    assert choose(run, ALL, Holdout()).members == tuple(f"cand_{at}" for at in range(10))
    assert choose(run, ALL, Holdout(max_members=2)).members == ("cand_0", "cand_1")


def test_order_follows_sharpe_not_place() -> None:
    run = run_of([0.1, 0.3, 0.2], APART)
    assert choose(run, ALL, Holdout()).members == ("cand_1", "cand_2", "cand_0")


def test_only_those_that_pass_are_taken() -> None:
    run = run_of([0.3, 0.2, 0.1], APART)
    assert choose(run, {"cand_1", "cand_2"}, Holdout()).members == ("cand_1", "cand_2")
    assert choose(run, set(), Holdout()).members == ()


@pytest.mark.parametrize(("value", "taken"), [(0.69, 2), (0.7, 1), (0.95, 1), (None, 1)])
def test_members_are_apart(value: float | None, taken: int) -> None:
    run = run_of([0.3, 0.2], [[1.0, value], [value, 1.0]])
    offer = choose(run, ALL, Holdout())
    assert len(offer.members) == taken
    assert offer.is_ensemble == (taken > 1)


def test_a_matrix_too_small_takes_nobody_beside_the_first() -> None:
    run = run_of([0.3, 0.2], [[1.0]])
    assert choose(run, ALL, Holdout()).members == ("cand_0",)


def test_an_unknown_sharpe_comes_last() -> None:
    run = run_of([None, 0.2], APART)
    assert choose(run, ALL, Holdout()).members == ("cand_1", "cand_0")


def test_the_champion_alone_where_it_is_asked_for() -> None:
    run = run_of([0.3, 0.2], APART)
    alone = replace(Holdout(), subject="champion")
    assert choose(run, ALL, alone).members == ("cand_0",)
    assert choose(run, {"cand_1"}, alone).members == ()


def test_what_is_expected_goes_before_what_is_shown() -> None:
    run = replace(run_of([0.3, 0.2, 0.1, 0.4], APART), expected=[0.05, 0.09, 0.07, None])
    assert choose(run, ALL, Holdout()).members == ("cand_1", "cand_2", "cand_0", "cand_3")
    agreeing = replace(run, agreement=[0.9, 0.1, 0.2, 0.3])
    assert choose(agreeing, ALL, Holdout()).members == choose(run, ALL, Holdout()).members


def test_a_run_of_before_it_was_measured_is_ranked_by_agreement() -> None:
    run = replace(run_of([0.3, 0.2, 0.1, 0.4], APART), agreement=[0.5, 0.9, 0.7, None])
    assert choose(run, ALL, Holdout()).members == ("cand_1", "cand_2", "cand_0", "cand_3")


def test_the_dsr_of_an_ensembles_member_is_the_champions() -> None:
    strong, weak = candidate("cand_0", dsr=0.9), candidate("cand_1", dsr=0.1)
    run = run_evidence(candidates=[strong, weak], champion="cand_0")
    together, alone = Holdout(), replace(Holdout(), subject="champion")
    assert selection_of(run, weak, together) == strong
    assert selection_of(run, weak, alone) == weak
    passed = (Verdict("dsr", 1, Outcome.PASS, 0.9, 0.5, "higher", 0.4, "probability", ""),)
    assert may_be_offered(passed, strong, together)
    assert not may_be_offered(passed, weak, together)
    assert not may_be_offered(passed, None, together)

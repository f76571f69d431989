"""Where trials fell: the steps add up to the ledger, whatever became of a run."""

from dataclasses import replace

import pytest
from sqlalchemy import update
from tests.finished import TRIALS, FakeChildren, finish_run, make_candidates

from omp.domain.errors import NotFound
from omp.ops import funnel, promotion
from omp.ops.desk import Desk
from omp.store import runs as run_rows
from omp.store.tables import ledger
from omp.wire.evidence import StressOutcome


def go_on(desk: Desk, run_id: str, children: FakeChildren) -> None:
    while promotion.advance(desk, run_id, children).more:
        pass


def lineage_of(desk: Desk, run_id: str) -> str:
    with desk.read() as tx:
        return str(run_rows.get(tx, run_id).lineage)


@pytest.fixture
def children(desk: Desk) -> FakeChildren:
    return FakeChildren(desk.workspace)


def stress(passed: dict[str, bool]) -> list[StressOutcome]:
    return [StressOutcome(name, 1, 0.6, answer, "") for name, answer in passed.items()]


def steps(found: funnel.Funnel) -> dict[str, int]:
    return {one.name: one.fell for one in found.steps}


def test_before_it_is_judged_everything_exported_is_not_judged_yet(desk: Desk) -> None:
    run_id = finish_run(desk, found=make_candidates(3))
    found = funnel.of_run(desk, run_id)
    assert steps(found) == {"search": TRIALS - 3, "not judged yet": 3, "screen passed": 0}
    assert (found.trials, found.accounted, found.reconciles) == (TRIALS, TRIALS, True)
    assert found.subjects.pending == 1


def test_refused_candidates_fall_at_their_first_gate_with_value_and_distance(
    desk: Desk, children: FakeChildren
) -> None:
    run_id = finish_run(desk, found=make_candidates(4, dsr=0.07))
    go_on(desk, run_id, children)
    found = funnel.of_run(desk, run_id)
    assert steps(found) == {"search": TRIALS - 4, "dsr": 4, "screen passed": 0}
    (stopped,) = [one for one in found.steps if one.name == "dsr"]
    assert stopped.closest is not None
    assert stopped.closest.value == pytest.approx(0.07)
    assert stopped.closest.distance == pytest.approx(stopped.closest.value - stopped.closest.bar)
    assert found.subjects.stopped == {"dsr": 1}


def test_the_closest_is_measured_in_the_gates_own_unit(desk: Desk, children: FakeChildren) -> None:
    """One mandatory scenario short is nearer by number than five scenarios short, and no closer."""
    scenarios = {
        "costs_x2": True,
        "delay_one_bar": True,
        **{f"other_{i}": i == 0 for i in range(8)},
    }
    weak, fatal = make_candidates(2)
    five_short = replace(weak, stress=stress(scenarios))
    all_but_one = dict.fromkeys(scenarios, True) | {"costs_x2": False}
    run_id = finish_run(desk, found=[five_short, replace(fatal, stress=stress(all_but_one))])
    go_on(desk, run_id, children)
    (stopped,) = [one for one in funnel.of_run(desk, run_id).steps if one.name == "stress"]
    assert stopped.fell == 2
    assert stopped.closest is not None
    assert stopped.closest.candidate_id == weak.candidate_id
    assert (stopped.closest.unit, stopped.closest.distance) == ("scenarios passed", -5.0)


def test_of_a_promoted_run_the_rest_passed_the_screen(desk: Desk, children: FakeChildren) -> None:
    run_id = finish_run(desk)
    go_on(desk, run_id, children)
    found = funnel.of_run(desk, run_id)
    assert found.reconciles
    assert sum(steps(found).values()) == TRIALS
    assert steps(found)["screen passed"] > 0
    assert (found.subjects.looks, found.subjects.promoted) == (1, 1)


def test_a_lineage_adds_its_runs_up(desk: Desk, children: FakeChildren) -> None:
    first = finish_run(desk, found=make_candidates(2, dsr=0.07))
    go_on(desk, first, children)
    second = finish_run(desk, "two", found=make_candidates(3, tag="b"), population=200)
    lineage = lineage_of(desk, first)
    assert lineage_of(desk, second) == lineage
    found = funnel.of_lineage(desk, lineage)
    assert (found.runs, found.trials, found.reconciles) == (2, 2 * TRIALS, True)
    assert steps(found)["not judged yet"] == 3
    assert steps(found)["dsr"] == 2


def test_what_was_never_evaluated_counts_and_is_shown(desk: Desk) -> None:
    run_id = finish_run(desk, found=make_candidates(1))
    with desk.write() as tx:
        tx.execute(
            update(ledger)
            .where(ledger.c.run_id == run_id, ledger.c.generation == 0)
            .values(behaviours=None)
        )
    found = funnel.of_run(desk, run_id)
    assert steps(found)["no result"] > 0
    assert not found.reconciles  # the manifest counts a generation that has no result


def test_a_run_nobody_knows_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        funnel.of_run(desk, "run_none")
    with pytest.raises(NotFound):
        funnel.of_lineage(desk, "lin_none")

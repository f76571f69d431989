"""Never bypass execution realism (trader-expert)."""

from dataclasses import replace

import pytest
from tests.finished import FakeChildren, finish_run

from omp.domain.errors import InvalidInput, NotFound, Refused
from omp.ops import promotion, reviews
from omp.ops.desk import Desk
from omp.store import hall
from omp.store import runs as run_rows


def waiting(desk: Desk) -> tuple[str, str, FakeChildren]:
    """A run whose subject turns its capital over too often, as far as it goes by itself."""
    children = FakeChildren(desk.workspace, look_changes={"turnover_annual": 80.0})
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
        assert hall.listed(tx) == ()
    assert (run.outcome, run.first_failed_gate) == ("waiting", "execution")
    return run_id, str(run.subject_id), children


def test_no_policy_signs_for_the_trader(desk: Desk) -> None:
    assert desk.settings.review.policy == "auto"
    waiting(desk)


def test_no_machine_signs_for_the_trader(desk: Desk) -> None:
    run_id, subject, _ = waiting(desk)
    for role in reviews.MACHINES:
        machine = desk.acting_as(role, role)
        with pytest.raises(Refused):
            reviews.sign(
                machine, run_id, subject, role="trader-expert", decision="signed", reason="x"
            )


def test_the_risk_analysts_signature_is_not_the_traders(desk: Desk) -> None:
    run_id, subject, children = waiting(desk)
    reviews.sign(desk, run_id, subject, role="risk-analyst", decision="signed", reason="fine")
    while promotion.advance(desk, run_id, children).more:
        pass
    with desk.read() as tx:
        assert run_rows.get(tx, run_id).outcome == "waiting"


def test_a_signature_is_for_one_candidate_and_says_why(desk: Desk) -> None:
    run_id, subject, _ = waiting(desk)
    with pytest.raises(InvalidInput):
        reviews.sign(desk, run_id, subject, role="trader-expert", decision="signed", reason=" ")
    with pytest.raises(NotFound):
        reviews.sign(desk, run_id, "cand_x", role="trader-expert", decision="signed", reason="y")


def test_with_the_traders_signature_it_goes_on(desk: Desk) -> None:
    run_id, subject, children = waiting(desk)
    reviews.sign(
        desk, run_id, subject, role="trader-expert", decision="signed", reason="liquid enough"
    )
    while promotion.advance(desk, run_id, children).more:
        pass
    with desk.read() as tx:
        assert hall.get(tx, subject).state == "active"


def test_promoting_by_hand_asks_the_same_gates(desk: Desk) -> None:
    run_id, subject, children = waiting(desk)
    check = promotion.promote(desk, run_id, subject, children=children, reason="please")
    assert (check.outcome, check.first_failed_gate) == ("waiting", "execution")


def test_stress_on_execution_is_mandatory(desk: Desk) -> None:
    assert set(desk.settings.gates["stress"].options["mandatory"]) == {  # type: ignore[arg-type]
        "costs_x2",
        "delay_one_bar",
    }
    assert replace(desk.settings.gates["stress"]).options["min_passed"]

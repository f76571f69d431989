"""Never ignore a determinism divergence."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.finished import FakeChildren, finish_run
from tests.unit.daemon.shop import Shop

from omp.domain.errors import Frozen
from omp.ops import determinism, hall, incidents, looks, promotion
from omp.ops.desk import Desk
from omp.ops.promotion import Step
from omp.store import runs as run_rows

WRITTEN = {
    "cause": "a worn memory module",
    "prevention": "memory is tested each night",
    "resolution": "the module was replaced",
}


def diverge(desk: Desk, run_id: str) -> str:
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
    facts = {"genome": "ab", "field": "sharpe_x", "first": "1" * 64, "second": "2" * 64}
    return determinism.report(desk, run, "Genome ab gave two results.", facts).id


def go_on(desk: Desk, run_id: str, children: FakeChildren) -> Step:
    while (step := promotion.advance(desk, run_id, children)).more:
        pass
    return step


def test_a_divergence_in_any_run_freezes_every_promotion_until_it_is_explained(desk: Desk) -> None:
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    for _ in range(2):
        promotion.advance(desk, run_id, children)  # screened and measured: a look comes next
    subject = str(promotion.promote_check(desk, run_id).subject_id)
    other = finish_run(desk, "two", found=[])
    incident_id = diverge(desk, other)
    step = go_on(desk, run_id, children)
    assert (step.stage, step.outcome, step.more) == ("look", "pending", False)
    assert incident_id in step.note
    assert incident_id in str(promotion.promote_check(desk, run_id).frozen)
    with pytest.raises(Frozen, match=incident_id):
        promotion.promote(desk, run_id, subject, children=children)
    assert hall.listed(desk) == ()
    incidents.resolve(desk, incident_id, **WRITTEN)
    assert go_on(desk, run_id, children).outcome == "promoted"


@pytest.mark.parametrize("missing", list(WRITTEN))
def test_it_is_not_waved_through(desk: Desk, missing: str) -> None:
    incident_id = diverge(desk, finish_run(desk))
    with pytest.raises(Exception, match=missing):
        incidents.resolve(desk, incident_id, **{**WRITTEN, missing: " "})
    incidents.acknowledge(desk, incident_id)
    with desk.read() as tx:
        assert looks.frozen_because(desk, tx) is not None


def test_a_subject_that_gives_two_results_is_not_judged_and_not_tried_again(desk: Desk) -> None:
    children = FakeChildren(desk.workspace, diverge=True)
    run_id = finish_run(desk)
    promotion.advance(desk, run_id, children)
    with pytest.raises(Frozen, match="gave two results"):
        promotion.advance(desk, run_id, children)
    (incident,) = incidents.listed(desk, open_only=True)
    assert (incident.severity, incident.fingerprint) == ("SEV-0", f"determinism:{run_id}")
    assert "field sharpe_x" in incident.details["symptoms"]
    assert incident.details["runs"] == [run_id]
    with desk.read() as tx:
        assert run_rows.get(tx, run_id).stage == "ensemble"
    asked = len(children.calls)
    for _ in range(3):
        step = promotion.advance(desk, run_id, children)
        assert incident.id in step.note
        assert not step.more
    assert run_id not in promotion.pending(desk)
    assert len(children.calls) == asked, "it was computed again behind everybody's back"
    incidents.resolve(desk, incident.id, **WRITTEN)
    children.diverge = False
    assert go_on(desk, run_id, children).outcome == "promoted"


def test_every_subject_is_computed_again_before_it_is_judged(desk: Desk) -> None:
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    assert go_on(desk, run_id, children).outcome == "promoted"
    made = [one[1] for one in children.calls]
    assert made == ["evidence", "recheck", "look"]
    first, again = (dict(zip(one[2::2], one[3::2], strict=True)) for one in children.calls[:2])
    assert again.pop("--candidate")
    assert again == first, "it is the same subject beside the same earlier ones"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Callable[[str], Shop]]:
    opened: list[Shop] = []

    def new(mode: str) -> Shop:
        opened.append(Shop(tmp_path / "workspace", mode))
        return opened[-1]

    yield new
    for one in opened:
        one.close()


@pytest.mark.parametrize("mode", ["diverge", "diverge=finish", "diverge=silent"])
def test_a_run_that_diverges_has_failed_and_is_not_resumed(
    shop: Callable[[str], Shop], mode: str
) -> None:
    """Whatever its engine does afterwards: leave with its code, finish as if nothing was, die."""
    at = shop(mode)
    at.add()
    at.mine()
    at.turn_until(lambda: at.run().state in ("failed", "completed", "cancelled"))
    run = at.run()
    assert (run.state, run.attempt) == ("failed", 1)
    assert "two results" in str(run.cause)
    (incident,) = incidents.listed(at.desk, open_only=True, severity="SEV-0")
    assert incident.fingerprint == f"determinism:{run.id}"
    assert "promotions.frozen" in at.kinds()

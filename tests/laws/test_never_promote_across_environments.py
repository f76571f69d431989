"""Never mix environments without marking: what was mined in one is never promoted in another."""

import pytest
from sqlalchemy import text
from tests.finished import FakeChildren, finish_run

from omp.ops import hall, promotion
from omp.ops.desk import Desk
from omp.store import hall as rows
from omp.store import runs as run_rows


def judged(desk: Desk, run_id: str) -> tuple[str | None, str | None]:
    children = FakeChildren(desk.workspace)
    while promotion.advance(desk, run_id, children).more:
        pass
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
        return run.outcome, run.first_failed_gate


@pytest.mark.parametrize("table", ["campaigns", "runs", "snapshots"])
def test_a_run_of_two_environments_is_refused(desk: Desk, table: str) -> None:
    run_id = finish_run(desk)
    with desk.db.write() as tx:
        tx.execute(text(f"UPDATE {table} SET environment = 'demo'"))  # noqa: S608
    assert judged(desk, run_id) == ("refused", "completeness")
    assert "environment" in promotion.promote_check(desk, run_id).sentence


def test_evidence_of_another_environment_is_refused(desk: Desk) -> None:
    run_id = finish_run(desk, environment="synthetic")
    assert judged(desk, run_id) == ("refused", "completeness")


def test_an_entry_stands_in_its_own_environment_alone(desk: Desk) -> None:
    run_id = finish_run(desk, data={"environment": "demo"})
    assert judged(desk, run_id) == ("promoted", None)
    assert len(hall.listed(desk, environment="demo")) == 1
    assert hall.listed(desk, environment="real") == ()
    with desk.read() as tx:
        assert rows.count_by_environment(tx) == {"demo": 1}
    assert hall.expectation(desk, "real").looks == 0
    assert hall.expectation(desk, "demo").looks == 1

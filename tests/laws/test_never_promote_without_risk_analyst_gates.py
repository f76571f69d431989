"""Never promote without risk-analyst gates."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.finished import FakeChildren, finish_run

from omp.domain.errors import PromotionRefused
from omp.domain.verdict import Outcome, Verdict
from omp.gates.panel import judge
from omp.ops import entries, looks, promotion
from omp.ops.desk import Desk
from omp.ops.docket import open_docket, read_subject, subject_case
from omp.store import hall, verdicts
from omp.store import looks as look_rows
from omp.store.tables import hall_entries

SOURCES = Path(__file__).parents[2] / "src" / "omp"


def passed(desk: Desk) -> tuple[str, str]:
    """A promoted run and its entry."""
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    with desk.read() as tx:
        return run_id, hall.listed(tx)[0].candidate_id


def test_every_entry_has_a_pass_of_every_gate(desk: Desk) -> None:
    run_id, entry = passed(desk)
    with desk.read() as tx:
        given = {one.verdict.gate: one.verdict for one in verdicts.latest(tx, run_id, entry)}
    assert set(given) == set(desk.settings.gates)
    assert {one.outcome for one in given.values()} == {Outcome.PASS}
    assert "risk analyst" in given["review"].sentence


@pytest.mark.parametrize("missing", ["review", "look", "dsr", "completeness"])
def test_no_verdict_may_be_left_out(desk: Desk, missing: str) -> None:
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    for _ in range(3):
        promotion.advance(desk, run_id, children)
    docket = open_docket(desk, run_id)
    document = read_subject(docket, str(docket.run.subject_id))
    with desk.read() as tx:
        look = look_rows.of_run(tx, run_id)
    assert look is not None
    case = subject_case(docket, document.subject)
    case = replace(case, grant=looks.permission_of(look), look=looks.read_result(docket, look))
    given = judge(case, 1) + judge(case, 2)
    fine = tuple(replace(one, outcome=Outcome.PASS) for one in given)
    for wrong in (
        tuple(one for one in fine if one.gate != missing),
        tuple(_with(one, Outcome.WAIT) if one.gate == missing else one for one in fine),
        tuple(_with(one, Outcome.UNKNOWN) if one.gate == missing else one for one in fine),
    ):
        with pytest.raises(PromotionRefused):
            entries.enter(desk, docket, document, case, look, wrong)
    with desk.read() as tx:
        assert tx.execute(select(hall_entries)).all() == []
    assert not any(desk.workspace.hall.glob("[!.]*"))


def _with(verdict: Verdict, outcome: Outcome) -> Verdict:
    return replace(verdict, outcome=outcome)


def test_there_is_one_door_into_the_hall() -> None:
    calling = [
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if "hall.add(" in path.read_text() or "insert(hall_entries)" in path.read_text()
    ]
    assert sorted(calling) == ["ops/entries.py", "store/hall.py"]

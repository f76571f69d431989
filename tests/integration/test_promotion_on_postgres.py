"""The whole walk into the Hall with PostgreSQL as the store of record."""

import shutil
from pathlib import Path

import pytest
from tests.desks import HandClock, template
from tests.finished import FakeChildren, finish_run, make_candidates

from omp.app import open_desk
from omp.ops import hall, ledger, promotion, reviews
from omp.store import journal
from omp.store import runs as run_rows

__all__ = ["template"]


@pytest.mark.postgres
def test_a_run_enters_the_hall(template: Path, tmp_path: Path, postgres_url: str) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(template, root, ignore=shutil.ignore_patterns("reserve", "omp.db*", "anchor"))
    config = root / "dashboard" / "omp_config.toml"
    config.write_text(f'[store]\nurl = "{postgres_url}"\n')
    desk = open_desk(root, operator="tester", clock=HandClock())
    assert desk.db.dialect == "postgresql"
    children = FakeChildren(desk.workspace)
    first = finish_run(desk)
    while promotion.advance(desk, first, children).more:
        pass
    children.look_changes = {"turnover_annual": 80.0}
    children.subject_changes = {"sharpe_x_annual": 2.5}
    second = finish_run(desk, "two", population=101, found=make_candidates(3, tag="b"))
    while promotion.advance(desk, second, children).more:
        pass
    with desk.read() as tx:
        run = run_rows.get(tx, second)
    assert run.outcome == "waiting"
    subject = str(run.subject_id)
    reviews.sign(desk, second, subject, role="trader-expert", decision="signed", reason="liquid")
    while promotion.advance(desk, second, children).more:
        pass
    assert len(hall.listed(desk, environment="real")) == 2
    assert hall.check(desk).issues == ()
    assert ledger.budget(desk, str(run.lineage)).promoted == 2
    hall.demote(desk, subject, reason="decays")
    with desk.read() as tx:
        assert journal.verify(tx) is None
    desk.db.close()

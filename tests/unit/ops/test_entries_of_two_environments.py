"""A demoted entry of one environment is not taken over by a run of another."""

from dataclasses import replace

import pytest
from tests.finished import FakeChildren, finish_run

from omp.domain.errors import PromotionRefused
from omp.ops import hall, promotion
from omp.ops.desk import Desk
from omp.ops.entries import _refuse_standing
from omp.store import hall as rows
from omp.store import runs as run_rows


def test_a_run_of_another_environment_is_refused(desk: Desk) -> None:
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    name = hall.listed(desk)[0].candidate_id
    hall.demote(desk, name, reason="decays")
    with desk.read() as tx:
        standing, run = rows.get(tx, name), run_rows.get(tx, run_id)
    _refuse_standing(standing, run)
    other = "synthetic" if run.environment != "synthetic" else "real"
    with pytest.raises(PromotionRefused, match="never mixed"):
        _refuse_standing(standing, replace(run, environment=other))

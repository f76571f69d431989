"""The measured luck line: asked of a child, kept, shown with its lineage."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.desks import write_campaign
from tests.finished import TRIALS, finish_run

from omp.domain.errors import Conflict, InvalidInput, OmpError
from omp.ops import ledger_pages, luck, queue
from omp.ops.children import ChildResult
from omp.ops.desk import Desk
from omp.store import journal
from omp.store import runs as run_rows

FOUND: dict[str, Any] = {
    "event": "result", "copies": 3, "block_bars": 63, "luck_measured_annual": 1.2,
    "luck_assumed_annual": 1.4, "best_of_run_annual": 1.9, "share_as_good": 0.25, "trials": 6000,
    "random_rules": 2000, "effective_random_rules": 475, "without_trades": 100,
}  # fmt: skip


@dataclass
class LuckChild:
    answer: ChildResult

    def run(self, args: list[str], *, log: Path) -> ChildResult:
        self.asked = args
        return self.answer


def test_what_the_child_measured_is_kept_and_shown(desk: Desk) -> None:
    run_id = finish_run(desk)
    child = LuckChild(ChildResult(0, FOUND, ()))
    found = luck.measure(desk, run_id, children=child, copies=3)
    assert child.asked[:6] == ["factory", "luck", "--run", run_id, "--copies", "3"]
    with desk.read() as tx:
        lineage = str(run_rows.get(tx, run_id).lineage)
        assert journal.verify(tx) is None
    shown = ledger_pages.lineage(desk, lineage)
    assert shown.measured == found
    assert shown.effective_trials == round(TRIALS * 475 / 1900)


def test_a_lineage_that_was_never_measured_says_nothing(desk: Desk) -> None:
    run_id = finish_run(desk)
    with desk.read() as tx:
        lineage = str(run_rows.get(tx, run_id).lineage)
    shown = ledger_pages.lineage(desk, lineage)
    assert (shown.measured, shown.effective_trials) == (None, None)


def test_a_child_that_fails_keeps_nothing(desk: Desk) -> None:
    run_id = finish_run(desk)
    child = LuckChild(ChildResult(1, {"event": "error", "message": "it broke"}, ()))
    with pytest.raises(OmpError, match="it broke"):
        luck.measure(desk, run_id, children=child)
    with pytest.raises(InvalidInput, match="0 copies"):
        luck.measure(desk, run_id, children=child, copies=0)


def test_a_run_that_is_not_completed_has_no_luck_yet(desk: Desk) -> None:
    finish_run(desk)
    added = queue.add(
        desk, name="two", config_path=write_campaign(desk.workspace.root, "two", population=200)
    )
    with pytest.raises(Conflict, match="queued"):
        luck.measure(desk, str(added.run_id), children=LuckChild(ChildResult(0, FOUND, ())))

"""The measured luck line: asked of a child, kept, shown with its lineage."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.desks import write_campaign
from tests.finished import TRIALS, finish_run

from omp.config.settings import Luck
from omp.domain.errors import Conflict, InvalidInput, OmpError
from omp.ops import ledger_pages, luck, luck_turn, maintenance, miner, queue
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


def last_for(desk: Desk, run_id: str, minutes: float, **values: Any) -> None:
    """Have the run taken so long, and judged."""
    values = {"outcome": "refused", **values}
    began = datetime(2026, 1, 5, tzinfo=UTC)
    values |= {"started_at": began.isoformat()}
    values |= {"finished_at": (began + timedelta(minutes=minutes)).isoformat()}
    with desk.db.write() as tx:
        run_rows.change(tx, run_id, **values)


@pytest.fixture
def mining(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    miner.want(desk, "start")
    monkeypatch.setattr(miner, "is_live", lambda _: True)
    return desk


def with_luck(desk: Desk, **values: Any) -> Desk:
    return replace(desk, settings=replace(desk.settings, luck=Luck(**values)))


@pytest.mark.parametrize(
    ("minutes", "copies"), [(0.0, 20), (0.5, 20), (1.0, 10), (2.0, 5), (2.1, None), (60.0, None)]
)
def test_each_lineage_is_measured_once_within_its_time(
    mining: Desk, minutes: float, copies: int | None
) -> None:
    run_id = finish_run(mining)
    last_for(mining, run_id, minutes)
    child = LuckChild(ChildResult(0, FOUND, ()))
    assert luck_turn.turn(mining, child) is (copies is not None)
    if copies is not None:
        assert child.asked == [
            *("factory", "luck", "--run", run_id, "--copies", str(copies)),
            *("--workspace", str(mining.workspace.root)),
        ]
        with mining.read() as tx:
            lineage = str(run_rows.get(tx, run_id).lineage)
        assert ledger_pages.lineage(mining, lineage).effective_trials is not None
    assert luck_turn.turn(mining, child) is False


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": None},
        {"outcome": "pending"},
        {"to_place": "archived"},
        {"started_at": None},
    ],
)
def test_what_cannot_be_measured_is_left(mining: Desk, values: dict[str, Any]) -> None:
    run_id = finish_run(mining)
    last_for(mining, run_id, 0.1)
    with mining.db.write() as tx:
        run_rows.change(tx, run_id, **values)
    assert luck_turn.due(mining) is None


def test_noise_and_planted_markets_are_left(mining: Desk) -> None:
    last_for(mining, finish_run(mining, source="synthetic:null"), 0.1)
    assert luck_turn.due(mining) is None


def test_it_begins_nothing_while_the_miner_rests(desk: Desk) -> None:
    last_for(desk, finish_run(desk), 0.1)
    child = LuckChild(ChildResult(0, FOUND, ()))
    assert luck_turn.due(desk) is not None
    assert luck_turn.turn(desk, child) is False


def test_it_begins_nothing_where_it_is_switched_off_or_under_maintenance(mining: Desk) -> None:
    last_for(mining, finish_run(mining), 0.1)
    child = LuckChild(ChildResult(0, FOUND, ()))
    assert luck_turn.turn(with_luck(mining, copies=0), child) is False
    maintenance.begin(mining, reason="new disk")
    assert luck_turn.turn(mining, child) is False


def test_a_run_that_failed_is_not_tried_again_but_a_shortage_is_over_some_day(mining: Desk) -> None:
    run_id = finish_run(mining)
    last_for(mining, run_id, 0.1)
    short = LuckChild(ChildResult(4, {"event": "error", "message": "no room"}, ()))
    assert luck_turn.turn(mining, short) is False
    broken = LuckChild(ChildResult(1, {"event": "error", "message": "it broke"}, ()))
    with pytest.raises(OmpError, match="it broke"):
        luck_turn.turn(mining, broken)
    assert luck_turn.due(mining) is None
    later = finish_run(mining, "two", population=200)
    last_for(mining, later, 0.1, outcome="refused")
    found = luck_turn.due(mining)
    assert found is not None
    assert found[1] == later

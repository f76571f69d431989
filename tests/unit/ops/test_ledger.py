"""Trials by lineage, the luck line, the budget of a window, the canaries' test."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError
from tests.finished import FakeChildren, finish_run, make_candidates

from omp.domain.holdout import level, standing_alpha
from omp.domain.luck import expected_max_sharpe
from omp.ops import incidents, ledger_pages, promotion
from omp.ops import ledger as ops_ledger
from omp.ops.desk import Desk
from omp.ops.opening import open_desk
from omp.stats import expected_max_sharpe as by_stats
from omp.store import journal, ledger, looks, snapshots
from omp.store import runs as run_rows
from omp.wire.charges import Owed


@pytest.mark.parametrize("n_trials", [1, 2, 100, 21_443, 10_000_000])
def test_the_luck_line_is_that_of_the_evidence(n_trials: int) -> None:
    ours = expected_max_sharpe(n_trials, 1764)
    assert ours == pytest.approx(by_stats(n_trials, 1.0 / 1763), rel=1e-9)


def test_the_luck_line_is_unknown_without_bars() -> None:
    assert expected_max_sharpe(100, 1) is None
    assert expected_max_sharpe(0, 100) is None


def test_charges_are_ingested_once(desk: Desk) -> None:
    run_id = finish_run(desk)
    with desk.db.write() as tx:
        lineage = str(run_rows.get(tx, run_id).lineage)
        before = ledger.of_run(tx, run_id)
        open_one = (Owed(7, 500, None, 2),)
        args = {"run_id": run_id, "lineage": lineage, "now": desk.clock.iso()}
        assert ledger.ingest_charges(tx, owed=open_one, **args) == 1
        assert ledger.ingest_charges(tx, owed=open_one, **args) == 0
        charged = ledger.of_run(tx, run_id)
        assert charged.trials == before.trials + 500
        assert charged.open_generations == 1
        settled = (Owed(7, 500, 321, 3),)
        assert ledger.ingest_charges(tx, owed=settled, **args) == 1
        assert ledger.ingest_charges(tx, owed=open_one, **args) == 0
        after = ledger.of_run(tx, run_id)
        assert (after.trials, after.open_generations) == (before.trials + 321, 0)


def test_joined_lineages_share_their_trials(desk: Desk) -> None:
    run_id = finish_run(desk)
    with desk.db.write() as tx:
        lineage = snapshots.root(tx, str(run_rows.get(tx, run_id).lineage))
        other = snapshots.Lineage(
            "lin_other", "real", "us", ["ZZZ"], "2001-01-01", "2002-01-01", "2001-06-01",
            lineage.id, desk.clock.iso(),
        )  # fmt: skip
        snapshots.add_lineage(tx, other)
    trials = ops_ledger.trials(desk, "lin_other")
    assert trials.trials == ops_ledger.trials(desk, lineage.id).trials > 0
    assert trials.luck_sharpe_annual is None
    assert ops_ledger.budget(desk, "lin_other").window.startswith(lineage.id)


def test_joined_lineages_share_their_looks(desk: Desk) -> None:
    """Data imported again under another lineage that joins the first begin no new budget."""
    children = FakeChildren(desk.workspace, look_changes={"p_value": 0.9})
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    with desk.db.write() as tx:
        lineage = snapshots.root(tx, str(run_rows.get(tx, run_id).lineage))
        again = snapshots.Lineage(
            "lin_again", "real", "us", ["ZZZ"], "2001-01-01", "2002-01-01", "2001-06-01",
            lineage.id, desk.clock.iso(),
        )  # fmt: skip
        snapshots.add_lineage(tx, again)
    first, other = ops_ledger.budget(desk, lineage.id), ops_ledger.budget(desk, "lin_again")
    assert first.looks == other.looks == 1
    assert other.next_level == first.next_level == pytest.approx(level(2, alpha=0.05))


def test_a_windows_budget_goes_down_look_by_look(desk: Desk) -> None:
    children = FakeChildren(desk.workspace, look_changes={"p_value": 0.9})
    lineage = ""
    for number in range(3):
        weak = make_candidates(2, tag=str(number))
        run_id = finish_run(desk, f"c{number}", population=300 + number, found=weak)
        while promotion.advance(desk, run_id, children).more:
            pass
        with desk.read() as tx:
            lineage = str(run_rows.get(tx, run_id).lineage)
    found = ops_ledger.budget(desk, lineage)
    assert (found.looks, found.promoted, found.next_ordinal) == (3, 0, 4)
    assert found.spent == pytest.approx(sum(level(k, alpha=0.05) for k in (1, 2, 3)))
    assert found.next_level == pytest.approx(level(4, alpha=0.05))
    assert found.spent < found.alpha


def test_looks_that_a_restored_record_lost_stay_spent(desk: Desk) -> None:
    children = FakeChildren(desk.workspace, look_changes={"p_value": 0.9})
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    with desk.read() as tx:
        lineage, head = str(run_rows.get(tx, run_id).lineage), journal.head(tx)
    window = ops_ledger.budget(desk, lineage).window
    assert journal.anchored_looks(desk.workspace) == {window: 1}
    later = journal.Head(head.seq + 9, "f" * 64)
    journal.write_anchor(desk.workspace, later, looks={window: 3, "lin_gone@2001": 2})
    again = open_desk(desk.workspace.root, operator="tester")
    (incident,) = incidents.frozen(again)
    incidents.resolve(again, incident.id, cause="c", prevention="p", resolution="r")
    found = ops_ledger.budget(again, lineage)
    assert (found.looks, found.lost, found.next_ordinal) == (1, 2, 4)
    assert found.spent == pytest.approx(sum(level(k, alpha=0.05) for k in (1, 2, 3)))
    assert found.next_level == pytest.approx(level(4, alpha=0.05))
    with again.read() as tx:
        (told,) = journal.records(tx, kinds=["looks.lost"])
    assert told.payload["highest"] == {window: 3, "lin_gone@2001": 2}
    with again.write() as tx:
        again.note(tx, "queue.change", "x", {})
    assert journal.anchored_looks(desk.workspace)[window] == 3
    again.db.close()


@pytest.mark.parametrize(("asked", "holds"), [(0.2, 0.05), (0.05, 0.05), (0.01, 0.01)])
def test_a_window_keeps_the_level_it_began_with(desk: Desk, asked: float, holds: float) -> None:
    children = FakeChildren(desk.workspace, look_changes={"p_value": 0.9})
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    with desk.read() as tx:
        lineage = str(run_rows.get(tx, run_id).lineage)
    held = replace(desk.settings.holdout, alpha=asked)
    later = replace(desk, settings=replace(desk.settings, holdout=held))
    found = ops_ledger.budget(later, lineage)
    assert found.alpha == pytest.approx(holds, rel=1e-12)
    assert found.next_level == pytest.approx(level(2, alpha=holds), rel=1e-12)
    assert standing_alpha(asked, []) == asked


def test_the_luck_line_of_a_lineage_is_for_the_bars_that_were_mined(desk: Desk) -> None:
    run_id = finish_run(desk)
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
        (snapshot,) = snapshots.of_lineages(tx, [str(run.lineage)])
    found = ledger_pages.lineage(desk, str(run.lineage))
    assert found.bars == run.bars == 1764
    assert found.bars != snapshot.manifest.get("bars")


def test_a_look_is_never_written_twice(desk: Desk) -> None:
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    with desk.db.write() as tx:
        look = looks.of_run(tx, run_id)
        assert look is not None
        (subject,) = looks.subjects_of(tx, [look.lineage])
        for wrong in (
            replace(look, look_id="look_b", behaviour_hash="other"),
            replace(look, look_id="look_c", ordinal=99),
        ):
            with pytest.raises(IntegrityError), tx.begin_nested():
                looks.grant(tx, wrong, replace(subject, subject_id="cand_b"))
        assert len(looks.of_lineages(tx, [look.lineage])) == 1

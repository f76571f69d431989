"""Entries as people use them: moves with reasons, the integrity check, order after a crash."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.finished import FakeChildren, finish_run, make_candidates

from omp.config.gate_bars import GATES
from omp.domain.errors import Damaged, IllegalMove, InvalidInput, NotFound
from omp.ops import hall, hall_check, incidents, promotion
from omp.ops.desk import Desk
from omp.store import hall as rows
from omp.store import journal, outbox_rows


@pytest.fixture
def entry(desk: Desk) -> str:
    """The id of an entry of the desk's Hall."""
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    return hall.listed(desk)[0].candidate_id


def test_lists_are_of_one_environment(desk: Desk, entry: str) -> None:
    assert [one.candidate_id for one in hall.listed(desk, environment="real")] == [entry]
    assert hall.listed(desk, environment="synthetic") == ()
    assert hall.local(desk)[0].state == "active"


def test_a_page_shows_what_was_judged(desk: Desk, entry: str) -> None:
    page = hall.show(desk, entry)
    assert len(page.verdicts) == len(desk.settings.gates)
    assert page.look is not None
    assert page.actions == ("flag", "demote", "quarantine", "remove")
    assert page.episodes[0].look_id == page.look.look_id
    with pytest.raises(NotFound):
        hall.show(desk, "cand_nobody")


def test_each_move_is_recorded_and_sent(desk: Desk, entry: str) -> None:
    hall.flag(desk, entry, reason="decays")
    hall.clear(desk, entry, reason="recovered")
    hall.quarantine(desk, entry, reason="bad data")
    hall.release(desk, entry, reason="data were right")
    after = hall.remove(desk, entry, reason="a bug")
    assert (after.state, after.state_reason) == ("removed", "a bug")
    assert desk.workspace.entry(entry).is_dir()
    with desk.read() as tx:
        kinds = [one.kind for one in journal.records(tx, subject=entry)]
        assert outbox_rows.lag(tx).pending == 6
        assert rows.episodes(tx, entry)[0].reason == "a bug"
    assert kinds == [
        "hall.promoted",
        "hall.flagged",
        "hall.cleared",
        "hall.quarantined",
        "hall.released",
        "hall.removed",
    ]
    with pytest.raises(IllegalMove):
        hall.flag(desk, entry, reason="too late")


def test_a_move_needs_a_reason_and_a_name(desk: Desk, entry: str) -> None:
    with pytest.raises(InvalidInput):
        hall.act(desk, entry, "flag", reason=" ")
    with pytest.raises(InvalidInput):
        hall.act(desk, entry, "promote", reason="because")


def test_a_sound_hall_has_no_issue(desk: Desk, entry: str) -> None:
    found = hall.check(desk)
    assert found.issues == ()
    assert found.folders_match
    assert [one.sound for one in found.samples] == [True]
    assert (found.rows, found.pending, found.sync_complete) == (1, 1, False)


def test_a_changed_file_is_found(desk: Desk, entry: str) -> None:
    path = desk.workspace.entry(entry) / "trades.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    found = hall.check(desk)
    assert any("trades.csv" in one for one in found.issues)
    assert not found.samples[0].artifacts_present


def test_a_flipped_bit_in_the_row_is_found(desk: Desk, entry: str) -> None:
    with desk.db.write() as tx:
        tx.execute(text("UPDATE hall_entries SET metrics = replace(metrics, '1.2', '2.2')"))
    found = hall.check(desk)
    assert any("does not have its hash" in one for one in found.issues)
    assert not found.samples[0].metrics_match
    with pytest.raises(Damaged):
        hall.flag(desk, entry, reason="x")


@pytest.mark.parametrize(
    "gate", [name for name, table in GATES.items() if table.bars.keep is not None]
)
def test_a_raised_bar_is_told_at_once(desk: Desk, entry: str, gate: str) -> None:
    bars = desk.settings.gates
    raised = 0.0 if GATES[gate].better == "lower" else 1e9
    assert hall.check(desk).issues == ()
    stricter = {**bars, gate: replace(bars[gate], keep=raised)}
    strict = replace(desk, settings=replace(desk.settings, gates=stricter))
    found = hall.check(strict)
    assert f"{entry} no longer meets the bars of {gate}" in found.issues
    assert not found.samples[0].thresholds_met
    assert found.no_flat_variance == (gate != "variance_sanity")


def test_a_folder_without_a_row_is_moved_aside(desk: Desk, entry: str) -> None:
    orphan = desk.workspace.hall / "cand_orphan"
    orphan.mkdir()
    (orphan / "strategy.toml").write_text("x")
    assert any("cand_orphan has a folder and no row" in one for one in hall.check(desk).issues)
    (sentence,) = hall_check.reconcile(desk)
    assert "cand_orphan" in sentence
    aside = list((desk.workspace.hall.parent / "quarantine").glob("cand_orphan-*/strategy.toml"))
    assert len(aside) == 1
    note = aside[0].parent.with_name(aside[0].parent.name + ".json")
    assert "without a row" in json.loads(note.read_bytes())["why"]
    assert incidents.listed(desk, open_only=True)[0].severity == "SEV-2"
    assert hall_check.reconcile(desk) == ()
    assert hall.check(desk).issues == ()


def test_the_hall_says_what_its_looks_have_spent(desk: Desk, entry: str) -> None:
    children = FakeChildren(desk.workspace, look_changes={"p_value": 0.5})
    children.likeness = (0.1, 0.1)
    other = finish_run(desk, "two", population=101, found=make_candidates(3, tag="b"))
    while promotion.advance(desk, other, children).more:
        pass
    found = hall.expectation(desk, "real")
    assert (found.entries, found.looks) == (1, 2)
    assert found.levels_spent == pytest.approx(0.0304 + 0.0076, abs=1e-4)
    assert hall.expectation(desk, "demo").looks == 0

"""The count rule: only under pressure, only runs the database owns, never what must stay."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.finished import FakeChildren, finish_run, make_candidates

from omp.domain.errors import InvalidInput
from omp.ops import incidents, promotion, retention
from omp.ops import run_moves as moves
from omp.ops.desk import Desk
from omp.store import journal
from omp.store import runs as run_rows


def refused_runs(desk: Desk, count: int) -> list[str]:
    """So many runs that were refused, the oldest first."""
    children = FakeChildren(desk.workspace)
    found = []
    for number in range(count):
        weak = make_candidates(1, tag=str(number), dsr=0.1)
        run_id = finish_run(desk, f"c{number}", population=200 + number, found=weak)
        promotion.advance(desk, run_id, children)
        found.append(run_id)
    return found


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with 1.5 GB free."""
    monkeypatch.setattr(retention, "free_gb", lambda path: 1.5)


def left(desk: Desk) -> set[str]:
    return {one.name for one in desk.workspace.runs.iterdir() if not one.name.startswith(".")}


def test_without_pressure_nothing_goes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "free_gb", lambda path: 50.0)
    runs = refused_runs(desk, 3)
    found = retention.clean(desk, keep=1)
    assert (found.items, found.deleted, found.pressure) == ((), 0, False)
    assert left(desk) == set(runs)


def test_the_most_recent_stay(desk: Desk, full: None) -> None:
    runs = refused_runs(desk, 4)
    dry = retention.clean(desk, keep=2, dry_run=True)
    assert [one.run_id for one in dry.items] == runs[:2]
    assert dry.items[0].bytes > 0
    assert left(desk) == set(runs)
    done = retention.clean(desk, keep=2)
    assert done.deleted == 2
    assert left(desk) == set(runs[2:])
    assert sorted(one.name for one in desk.workspace.trash.iterdir()) == sorted(runs[:2])
    with desk.read() as tx:
        (record,) = journal.records(tx, kinds=("retention.trashed",))
        assert journal.records(tx, kinds=("retention.deleted",)) == ()
    assert record.payload["runs"] == runs[:2]
    assert (done.emptied, done.freed_bytes) == (0, 0), "nothing is freed while the trash holds it"
    assert retention.clean(desk, keep=2).deleted == 0


def test_what_must_stay_stays(desk: Desk, full: None) -> None:
    children = FakeChildren(desk.workspace)
    promoted = finish_run(desk)
    while promotion.advance(desk, promoted, children).more:
        pass
    pending = finish_run(desk, "p", population=150, found=make_candidates(1, tag="p"))
    old, suspect, last = refused_runs(desk, 3)
    incidents.open_incident(desk, "x", "SEV-2", "odd", details={"runs": [suspect]})
    stranger = desk.workspace.runs / "run_of_nobody"
    stranger.mkdir()
    found = retention.clean(desk, keep=1)
    assert [one.run_id for one in found.items] == [old]
    assert {one.run_id: one.reason for one in found.kept} == {
        promoted: "it was promoted",
        pending: "its promotion is pending",
        suspect: "an open incident names it",
        last: "it is among the most recent",
    }
    assert left(desk) == {promoted, pending, suspect, last, "run_of_nobody"}
    assert len(list(desk.workspace.subjects.glob("*/*/returns.parquet"))) == 1


def test_a_link_in_a_run_folder_is_refused(desk: Desk, full: None) -> None:
    old, _ = refused_runs(desk, 2)
    precious = desk.workspace.hall / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    (desk.workspace.run(old) / "link").symlink_to(precious)
    found = retention.clean(desk, keep=1)
    assert found.deleted == 0
    assert "is a link" in found.refused[0]
    assert (precious / "file").read_text() == "x"
    assert old in left(desk)


def test_a_run_folder_that_is_a_link_is_refused(desk: Desk, full: None, tmp_path: Path) -> None:
    old, _ = refused_runs(desk, 2)
    folder = desk.workspace.run(old)
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    assert retention.clean(desk, keep=1).deleted == 0
    assert (elsewhere / "manifest.json").is_file()


def test_a_deletion_that_was_cut_off_is_finished(desk: Desk, full: None) -> None:
    old, _ = refused_runs(desk, 2)
    trash = desk.workspace.trash
    retention.clean(desk, keep=1)
    (trash / "not ours").mkdir()
    (trash / old / "evidence.json").unlink()
    moves.move(desk, [old], "delete", kind="retention.deleted", facts={})  # and then the power went
    retention.clean(desk, keep=1)
    assert [one.name for one in trash.iterdir()] == ["not ours"]


def test_running_runs_stay(desk: Desk, full: None) -> None:
    old, _ = refused_runs(desk, 2)
    with desk.db.write() as tx:
        run_rows.change(tx, old, to_state="running")
    assert retention.clean(desk, keep=1).items == ()


def test_keep_is_at_least_one(desk: Desk) -> None:
    with pytest.raises(InvalidInput):
        retention.plan(desk, keep=0)


def test_the_oldest_go_when_the_output_weighs_too_much(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "free_gb", lambda path: 50.0)
    runs = refused_runs(desk, 4)
    assert retention.keep_within_quota(desk) is None
    with desk.read() as tx:
        weights = [run_rows.get(tx, one).output_bytes or 0 for one in runs]
        assert run_rows.output_bytes(tx) == sum(weights) > 0
    narrow = replace(
        desk.settings,
        retention=replace(
            desk.settings.retention, keep_runs=1, max_output_gb=sum(weights[1:]) / 1e9
        ),
    )
    found = retention.keep_within_quota(replace(desk, settings=narrow))
    assert found is not None
    assert [one.run_id for one in found.items] == runs[: found.deleted]
    assert 1 <= found.deleted <= 2
    assert left(desk) == set(runs[found.deleted :])
    with desk.read() as tx:
        first = run_rows.get(tx, runs[0])
        lie = run_rows.weights(tx)
    assert (first.place, first.output_bytes) == ("trashed", weights[0])
    assert lie["trashed"] == (found.deleted, sum(weights[: found.deleted]))
    assert lie["here"][1] == sum(weights[found.deleted :])

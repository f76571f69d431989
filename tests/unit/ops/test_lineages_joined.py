"""Lineages that are joined after a window was opened: no bar that was looked at is unspent."""

import json
from dataclasses import replace

import pytest
from tests.desks import write_data
from tests.finished import FakeChildren, finish_run

from omp.domain.errors import LookRefused
from omp.ops import data, ledger, looks, promotion
from omp.ops.desk import Desk
from omp.store import looks as look_rows
from omp.store import runs as run_rows
from omp.store import snapshots as rows
from omp.wire.same_bars import sentences

EARLY, MIDDLE, LATE = (f"{year}-01-01T00:00:00Z" for year in (2012, 2017, 2019))


def looked_at(desk: Desk) -> look_rows.Look:
    """A look that was taken at the lineage of `prices` (AAA, sealed from 2017 on)."""
    children = FakeChildren(desk.workspace, look_changes={"p_value": 0.9})
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    with desk.read() as tx:
        look = look_rows.of_run(tx, run_id)
    assert look is not None
    return look


def opened(desk: Desk, name: str, symbol: str, boundary: str) -> str:
    """A lineage of its own whose window was opened now; gives its id."""
    found = data.register_snapshot(
        desk, write_data(desk.workspace.root, name, symbols=[symbol], boundary=EARLY)
    )
    return open_now(desk, found.lineage, boundary)


def open_now(desk: Desk, lineage: str, boundary: str) -> str:
    with desk.write() as tx:
        root = rows.root(tx, lineage)
        rows.change_lineage(tx, root.id, boundary=boundary, opened_at=desk.clock.iso())
        return root.id


def bridge(desk: Desk, *symbols: str) -> rows.Lineage:
    found = data.register_snapshot(
        desk, write_data(desk.workspace.root, "bridge", symbols=symbols, boundary=EARLY)
    )
    with desk.read() as tx:
        return rows.root(tx, found.lineage)


def test_a_late_snapshot_does_not_move_an_opened_window_back(desk: Desk) -> None:
    look = looked_at(desk)
    lineage = open_now(desk, look.lineage, LATE)
    joined = bridge(desk, "AAA")
    assert (joined.id, joined.boundary) == (lineage, LATE)
    found = ledger.budget(desk, lineage)
    assert (found.looks, found.next_ordinal) == (0, 1)
    assert found.window == f"{lineage}@{LATE}"


def test_looks_of_a_first_window_all_count_at_the_opened_one_they_are_joined_with(
    desk: Desk,
) -> None:
    look = looked_at(desk)
    opened(desk, "b", "BBB", LATE)
    assert bridge(desk, "AAA", "BBB").boundary == LATE
    found = ledger.budget(desk, look.lineage)
    assert (found.looks, found.next_ordinal) == (1, 2)
    again = data.register_snapshot(
        desk,
        write_data(desk.workspace.root, "c", symbols=["AAA"], boundary=MIDDLE, first="2009-01-01"),
    )
    with desk.read() as tx:
        assert rows.root(tx, again.lineage).boundary == LATE
    assert ledger.budget(desk, look.lineage).looks == 1


@pytest.mark.parametrize(("mine", "other"), [(MIDDLE, LATE), (LATE, MIDDLE)])
def test_of_two_opened_windows_the_later_holds_and_looks_since_either_opening_count(
    desk: Desk, mine: str, other: str
) -> None:
    opened(desk, "b", "BBB", other)
    look = looked_at(desk)
    assert bridge(desk, "AAA", "BBB").boundary == other
    open_now(desk, look.lineage, mine)
    opened(desk, "c", "CCC", other)
    found = data.register_snapshot(
        desk,
        write_data(desk.workspace.root, "d", symbols=["AAA", "CCC"], boundary=EARLY),
    )
    with desk.read() as tx:
        assert rows.root(tx, found.lineage).boundary == LATE


def test_the_same_bars_under_another_name_begin_no_new_budget(desk: Desk) -> None:
    look = looked_at(desk)
    path = write_data(desk.workspace.root, "renamed", symbols=["aaa_daily"], venue="br")
    manifest = json.loads(path.read_bytes())
    same = {"symbol": "aaa_daily", "known_as": "AAA", "venue": "us", "lineage": look.lineage}
    manifest["same_bars"] = [{**same, "environment": "real"}]
    path.write_text(json.dumps(manifest))
    found = data.register_snapshot(desk, path)
    with desk.read() as tx:
        root = rows.root(tx, found.lineage)
    assert root.id == look.lineage
    assert root.instruments == ["AAA", "aaa_daily"]
    assert ledger.budget(desk, found.lineage).next_ordinal == 2


def test_the_same_bars_in_another_environment_are_told_and_not_joined(desk: Desk) -> None:
    first = data.register_snapshot(desk, write_data(desk.workspace.root, "a"))
    path = write_data(desk.workspace.root, "b", symbols=["B"], environment="test")
    manifest = json.loads(path.read_bytes())
    same = {"symbol": "B", "known_as": "AAA", "venue": "us", "lineage": first.lineage}
    manifest["same_bars"] = [{**same, "environment": "real"}]
    path.write_text(json.dumps(manifest))
    assert data.register_snapshot(desk, path).lineage != first.lineage
    (told,) = sentences(manifest)
    assert "NOT counted here" in told


def test_a_look_under_this_windows_name_counts_whatever_its_clock_said(desk: Desk) -> None:
    look = looked_at(desk)
    with desk.write() as tx:
        root = rows.root(tx, look.lineage)
        rows.change_lineage(tx, root.id, opened_at="2099-01-01T00:00:00Z")
    assert ledger.budget(desk, look.lineage).next_ordinal == 2


def test_a_look_whose_number_is_taken_is_refused_in_words(desk: Desk) -> None:
    look = looked_at(desk)
    with desk.read() as tx:
        (subject,) = look_rows.subjects_of(tx, [look.lineage])
        assert run_rows.get(tx, look.run_id).id
    other = replace(look, look_id="look_b", behaviour_hash="other")
    with pytest.raises(LookRefused, match="has a look of that number"), desk.write() as tx:
        looks._write(tx, other, replace(subject, subject_id="cand_b"))

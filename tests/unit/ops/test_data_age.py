"""Data grow old, wait, and are brought up to date with one verb."""

from pathlib import Path

import pytest
from sqlalchemy import text
from tests.desks import hand_clock, write_data

from omp.domain.errors import DataHeld, DataNotReady, InvalidInput, NotFound
from omp.ops import data, data_age, data_derive, data_update, incidents, queue
from omp.ops.children import ChildResult
from omp.ops.data_update import Fetch
from omp.ops.desk import Desk
from omp.store import data_sets, journal

DAY_S = 86_400.0


class Importer:
    """A child that publishes `prices`, each time a month longer than before."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls: list[list[str]] = []
        self.months = 1
        self.answer: ChildResult | None = None

    def run(self, args: list[str], *, log: Path) -> ChildResult:
        self.calls.append(args)
        if self.answer is not None:
            return self.answer
        path = write_data(self.root, "prices", last=f"2020-{self.months:02d}-03T00:00:00Z")
        return ChildResult(0, {"event": "result", "manifest": str(path)}, ())


@pytest.fixture
def importer(desk: Desk, tmp_path: Path) -> Importer:
    """Children, and a data set `prices` imported with options from a file of the user's."""
    children = Importer(desk.workspace.root)
    source = tmp_path / "prices.csv"
    source.write_text("a file")
    data.import_files(desk, children, source, name="prices", options=("--venue", "us"))
    return children


def test_data_older_than_their_limit_wait_with_a_reason(desk: Desk, importer: Importer) -> None:
    added = queue.add(desk, name="one", config_path="configs/campaigns/one.toml")
    assert queue.next_run(desk) is not None
    hand_clock(desk).wait(46 * DAY_S)
    assert queue.next_run(desk) is None
    answer = queue.why(desk, added.id)
    assert any("NOT READY" in one and "omp data update prices" in one for one in answer.reasons)
    with desk.write() as tx, pytest.raises(DataHeld, match="omp data update prices"):
        data.resolve(desk, tx, "prices")
    assert incidents.listed(desk, open_only=True) == ()


def test_an_update_imports_again_with_the_same_options(desk: Desk, importer: Importer) -> None:
    queue.add(desk, name="one", config_path="configs/campaigns/one.toml")
    hand_clock(desk).wait(46 * DAY_S)
    importer.months = 2
    found = data_update.update(desk, "prices", children=importer)
    assert found.is_new
    assert importer.calls[-1] == importer.calls[0]
    assert queue.next_run(desk) is not None
    with desk.read() as tx:
        (told,) = journal.records(tx, kinds=["data.updated"])
    assert told.payload["after"] == found.after != found.before


class Maker(Importer):
    """The same, and what is derived from `prices` is published beside it."""

    def run(self, args: list[str], *, log: Path) -> ChildResult:
        if args[1] != "derive":
            return super().run(args, log=log)
        self.calls.append(args)
        name = next(one for one in args if one.startswith("--name=")).removeprefix("--name=")
        if "--dry-run" in args:
            return ChildResult(0, {"event": "result", "repairs": [], "readiness": {}}, ())
        if self.answer is not None:
            return self.answer
        path = write_data(self.root, name, last=f"2020-{self.months:02d}-04T00:00:00Z")
        return ChildResult(0, {"event": "result", "manifest": str(path)}, ())


def test_what_was_made_from_a_set_is_made_again_with_it(desk: Desk, tmp_path: Path) -> None:
    children = Maker(desk.workspace.root)
    source = tmp_path / "prices.csv"
    source.write_text("a file")
    data.import_files(desk, children, source, name="prices")
    table = tmp_path / "members.csv"
    table.write_text("ticker,start_date,end_date\nA,2000-01-01,\n")
    members = {"universe": "few", "membership": str(table), "accept": ["gap"]}
    data_derive.derive(desk, "prices", children=children, name="few", **members)
    data_derive.derive(desk, "few", children=children, name="few-1h", to="1h")
    data_derive.repair(desk, "prices", children=children, rules="repeat")
    words = children.calls[1:4]
    table.unlink()  # the workspace keeps its own copy
    children.months = 2
    found = data_update.update(desk, "prices", children=children)
    assert [one["name"] for one in found.rebuilt] == ["few", "prices-repaired", "few-1h"]
    assert all(one["problem"] is None for one in found.rebuilt)
    assert [*children.calls[5:]] == [words[0], words[2], words[1]]
    kept = next(one for one in words[0] if one.startswith("--membership="))
    assert Path(kept.removeprefix("--membership=")).is_file()
    assert data_update.update(desk, "prices", children=children).rebuilt == ()

    children.months = 3
    said = {"event": "error", "message": "gap: AAA", "code": "data_not_ready"}
    children.answer = None
    plain = children.run
    refused = ChildResult(3, said, ())
    children.run = lambda args, *, log: refused if "derive" in args else plain(args, log=log)  # type: ignore[method-assign]
    found = data_update.update(desk, "prices", children=children)
    assert [(one["name"], one["digest"]) for one in found.rebuilt] == [
        ("few", None),
        ("prices-repaired", None),
    ]
    assert "gap: AAA" in str(found.rebuilt[0]["problem"])
    with pytest.raises(InvalidInput, match="made from 'prices'"):
        data_update.update(desk, "few", children=children)


def test_a_repair_is_tried_before_it_is_done(desk: Desk) -> None:
    children = Maker(desk.workspace.root)
    told = data_derive.repair(desk, "prices", children=children, rules=["repeat"], dry_run=True)
    assert (told["snapshot"], told["name"]) == (None, "prices-repaired")
    assert "--repair=repeat" in children.calls[0]
    with desk.read() as tx:
        assert data_sets.find(tx, "prices-repaired") is None
    with pytest.raises(InvalidInput, match="without a rule"):
        data_derive.repair(desk, "prices", children=children, rules=[])


def test_an_update_that_brings_nothing_new_makes_the_data_young_again(
    desk: Desk, importer: Importer
) -> None:
    hand_clock(desk).wait(46 * DAY_S)
    found = data_update.update(desk, "prices", children=importer)
    assert not found.is_new
    with desk.write() as tx:
        data.resolve(desk, tx, "prices")


def test_a_refused_update_leaves_the_old_snapshot_and_its_age(
    desk: Desk, importer: Importer
) -> None:
    hand_clock(desk).wait(46 * DAY_S)
    said = {"event": "error", "message": "3 duplicates in AAA", "code": "data_not_ready"}
    importer.answer = ChildResult(3, said, ())
    with pytest.raises(DataNotReady, match="3 duplicates"):
        data_update.update(desk, "prices", children=importer)
    with desk.write() as tx, pytest.raises(DataHeld):
        data.resolve(desk, tx, "prices")


def test_another_path_is_remembered_from_then_on(
    desk: Desk, importer: Importer, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.csv"
    newer.write_text("more")
    data_update.update(desk, "prices", children=importer, path=newer)
    assert str(newer) in importer.calls[-1]
    data_update.update(desk, "prices", children=importer)
    assert str(newer) in importer.calls[-1]
    newer.unlink()
    with pytest.raises(NotFound, match="is gone"):
        data_update.update(desk, "prices", children=importer)


def test_data_of_unknown_origin_need_a_path(desk: Desk, importer: Importer) -> None:
    data.register_snapshot(desk, write_data(desk.workspace.root, "other", symbols=["Z"]))
    with pytest.raises(InvalidInput, match="omp data update other PATH"):
        data_update.update(desk, "other", children=importer)
    with pytest.raises(NotFound):
        data_update.update(desk, "nothing", children=importer)


def test_data_registered_before_sources_were_kept_can_be_updated(
    desk: Desk, importer: Importer, tmp_path: Path
) -> None:
    with desk.db.write() as tx:
        tx.execute(text("DELETE FROM data_sets"))
    newer = tmp_path / "newer.csv"
    newer.write_text("more")
    assert not data_update.update(desk, "prices", children=importer, path=newer).is_new
    kept = data_update.source_of(desk, "prices")
    assert kept.source is not None
    assert kept.source["path"] == str(newer)


def test_what_was_fetched_is_fetched_again_up_to_the_day(desk: Desk, importer: Importer) -> None:
    wanted = Fetch("tiingo", ("AAA",), "2010-01-04", last="2020-01-03", options=("--accept", "gap"))
    data_update.fetch(desk, importer, "prices", wanted)
    first = importer.calls[-1]
    assert first[:3] == ["data", "fetch", "tiingo"]
    assert first[first.index("--to") + 1] == "2020-01-03"
    data_update.update(desk, "prices", children=importer)
    again = importer.calls[-1]
    assert "--to" not in again
    assert again[again.index("--from") + 1] == "2010-01-04"
    assert again[again.index("--accept") + 1] == "gap"


def test_a_table_of_actions_that_is_gone_is_named(
    desk: Desk, importer: Importer, tmp_path: Path
) -> None:
    table = tmp_path / "splits.csv"
    table.write_text("symbol,date,kind,value")
    given = {"provider": "b3", "name": "prices", "symbols": ["A"], "first": "2018-01-02"}
    data_update.fetch_as(desk, children=importer, **given, actions=table)  # type: ignore[arg-type]
    data_update.update(desk, "prices", children=importer)
    assert f"--actions={table}" in importer.calls[-1]
    table.unlink()
    with pytest.raises(NotFound, match="table of splits"):
        data_update.update(desk, "prices", children=importer)


def test_frozen_history_and_demo_data_never_age(desk: Desk, importer: Importer) -> None:
    demo = write_data(desk.workspace.root, "shown", symbols=["D"], environment="demo")
    data.register_snapshot(desk, demo)
    data_age.set_limit(desk, "prices", max_days=0)
    hand_clock(desk).wait(4000 * DAY_S)
    with desk.write() as tx:
        data.resolve(desk, tx, "prices")
        data.resolve(desk, tx, "shown")


def test_a_data_set_may_have_a_limit_of_its_own(desk: Desk, importer: Importer) -> None:
    data_age.set_limit(desk, "prices", max_days=7)
    hand_clock(desk).wait(8 * DAY_S)
    with desk.write() as tx, pytest.raises(DataHeld, match="7 days"):
        data.resolve(desk, tx, "prices")
    data_age.set_limit(desk, "prices", max_days=None)
    with desk.write() as tx:
        data.resolve(desk, tx, "prices")
        kept = data_sets.find(tx, "prices")
    assert kept is not None
    assert kept.max_age_days is None
    with pytest.raises(InvalidInput):
        data_age.set_limit(desk, "prices", max_days=-1)
    with pytest.raises(NotFound):
        data_age.set_limit(desk, "nothing", max_days=1)

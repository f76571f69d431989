"""Snapshots registered, lineages joined, sources resolved."""

import json
from pathlib import Path

import pytest
from tests.desks import write_data

from omp.domain.errors import Damaged, DataNotReady, NotFound
from omp.ops import data
from omp.ops.children import ChildResult
from omp.ops.desk import Desk
from omp.store import journal, snapshots


def lineages(desk: Desk) -> dict[str, dict[str, object]]:
    listed = json.loads(desk.workspace.lineages_file.read_text())["lineages"]
    return {one["lineage"]: one for one in listed}


def test_registering_twice_changes_nothing(desk: Desk) -> None:
    path = write_data(desk.workspace.root, "a", symbols=["X"])
    first = data.register_snapshot(desk, path)
    assert data.register_snapshot(desk, path) == first
    with desk.read() as tx:
        assert len(journal.records(tx, kinds=["data.imported"])) == 1
    assert list(lineages(desk)) == [first.lineage]


def test_sharing_an_instrument_and_dates_joins_and_the_earliest_boundary_holds(desk: Desk) -> None:
    root = desk.workspace.root
    first = data.register_snapshot(
        desk, write_data(root, "a", symbols=["X"], boundary="2016-01-01T00:00:00Z")
    )
    apart = data.register_snapshot(
        desk, write_data(root, "b", symbols=["Y"], boundary="2018-01-01T00:00:00Z")
    )
    assert first.lineage != apart.lineage
    both = data.register_snapshot(
        desk, write_data(root, "c", symbols=["X", "Y"], boundary="2016-01-01T00:00:00Z")
    )
    with desk.read() as tx:
        root_lineage = snapshots.root(tx, both.lineage)
        assert snapshots.root(tx, first.lineage) == snapshots.root(tx, apart.lineage)
        assert snapshots.members(tx, apart.lineage) == tuple(sorted({first.lineage, apart.lineage}))
    assert root_lineage.boundary == "2016-01-01T00:00:00Z"
    assert root_lineage.instruments == ["X", "Y"]
    assert {one["boundary"] for one in lineages(desk).values()} == {"2016-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "other",
    [
        {"symbols": ["Y"]},
        {"environment": "demo"},
        {"venue": "br"},
        {"first": "2020-01-04T00:00:00Z", "last": "2022-01-01T00:00:00Z"},
    ],
)
def test_other_instruments_dates_venues_or_environments_stay_apart(
    desk: Desk, other: dict[str, object]
) -> None:
    root = desk.workspace.root
    first = data.register_snapshot(desk, write_data(root, "a", symbols=["X"]))
    fields: dict[str, object] = {"symbols": ["X"], **other}
    second = data.register_snapshot(desk, write_data(root, "b", **fields))  # type: ignore[arg-type]
    assert first.lineage != second.lineage


def test_a_chain_of_overlaps_is_one_lineage(desk: Desk) -> None:
    root = desk.workspace.root
    data.register_snapshot(
        desk, write_data(root, "a", symbols=["X"], first="2000-01-01", last="2004-01-01")
    )
    data.register_snapshot(
        desk, write_data(root, "b", symbols=["X"], first="2006-01-01", last="2010-01-01")
    )
    bridge = data.register_snapshot(
        desk, write_data(root, "c", symbols=["X"], first="2004-01-01", last="2006-01-01")
    )
    with desk.read() as tx:
        found = snapshots.root(tx, bridge.lineage)
        assert len({snapshots.root(tx, one.id).id for one in snapshots.all_lineages(tx)}) == 1
    assert (found.first, found.last) == ("2000-01-01", "2010-01-01")


def test_a_snapshot_cut_later_than_its_lineage_now_allows_is_not_mined(desk: Desk) -> None:
    root = desk.workspace.root
    write_data(root, "late", symbols=["X"], boundary="2018-01-01T00:00:00Z")
    with desk.write() as tx:
        assert data.resolve(desk, tx, "late").digest
    write_data(
        root,
        "early",
        symbols=["X", "Z"],
        last="2019-01-01T00:00:00Z",
        boundary="2015-01-01T00:00:00Z",
    )
    with desk.write() as tx:
        data.resolve(desk, tx, "early")
        with pytest.raises(DataNotReady, match="sealed from 2015"):
            data.resolve(desk, tx, "late")


def test_a_source_is_a_name_or_the_beginning_of_a_digest(desk: Desk) -> None:
    found = data.register_snapshot(desk, write_data(desk.workspace.root, "a", symbols=["X"]))
    with desk.write() as tx:
        assert data.resolve(desk, tx, "a").digest == found.digest
        assert data.resolve(desk, tx, found.digest[:8]).digest == found.digest
        with pytest.raises(NotFound):
            data.resolve(desk, tx, found.digest[:7])


def test_a_manifest_that_is_not_of_its_folder_is_refused(desk: Desk) -> None:
    path = write_data(desk.workspace.root, "a")
    moved = path.parent.with_name("0" * 64)
    path.parent.rename(moved)
    with pytest.raises(Damaged, match="not that of its folder"):
        data.register_snapshot(desk, moved / "manifest.json")
    (moved / "manifest.json").write_text('{"digest": "x"}')
    with pytest.raises(Damaged, match="has no name"):
        data.register_snapshot(desk, moved / "manifest.json")


class Publisher:
    """Children that publish a market as the mining wing would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls: list[list[str]] = []

    def run(self, args: list[str], *, log: Path) -> ChildResult:
        self.calls.append(args)
        if "broken" in args:
            message = {"event": "error", "message": "3 duplicates in AAA", "code": "data_not_ready"}
            return ChildResult(3, message, ())
        seed = args[args.index("--seed") + 1]
        path = write_data(
            self.root, f"null-{seed}", symbols=[f"NULL-{seed}"], environment="synthetic"
        )
        return ChildResult(0, {"event": "result", "manifest": str(path)}, ())


def test_a_synthetic_market_is_made_for_its_seed(desk: Desk) -> None:
    children = Publisher(desk.workspace.root)
    first = data.prepare(desk, children, "synthetic:null", seed=1)
    second = data.prepare(desk, children, "synthetic:null", seed=2)
    assert first.lineage != second.lineage
    assert children.calls[0][:6] == ["data", "synthetic", "--kind", "null", "--seed", "1"]


def test_a_failed_import_says_what_the_child_said(desk: Desk) -> None:
    children = Publisher(desk.workspace.root)
    with pytest.raises(DataNotReady, match="3 duplicates in AAA"):
        data.import_files(desk, children, Path("/x.csv"), name="broken")

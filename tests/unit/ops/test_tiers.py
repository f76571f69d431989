"""Old runs are compressed, read as before, and no tier touches what must stay whole."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.finished import finish_run, make_candidates
from tests.unit.ops.old_runs import (
    archived,
    content,
    old,
    open_fingerprints,
    roomy,
    row,
    short_of_room,
    small_files,
    wait,
    with_rules,
)
from tests.unit.ops.test_retention import refused_runs

from omp.domain.errors import (
    Conflict,
    Damaged,
    DiskFull,
    InvalidInput,
)
from omp.ops import (
    archive,
    care,
    docket,
    incidents,
    local_elite,
    retention,
    run_moves,
    run_pages,
    tiers,
)
from omp.ops.desk import Desk
from omp.store import journal, packing
from omp.store import runs as run_rows
from omp.web import run_page
from omp.wire.filed import SUFFIX, read_filed
from omp.wire.rundir import RunDirectory, changed_files, read_manifest

__all__ = ["old", "small_files"]


def test_old_runs_are_compressed_and_read_as_before(desk: Desk, old: str) -> None:
    folder = desk.workspace.run(old)
    before, weight = content(folder), sum(one.stat().st_size for one in folder.rglob("*.json"))
    shown = run_page.everything(desk, old, whole=True)
    retention.keep_within_quota(desk)
    done = tiers.turn(with_rules(desk, compress_after_days=7.0))
    assert done
    packed = {one.name for one in folder.rglob(f"*{SUFFIX}")}
    assert {"evidence.json.zst", "metrics.json.zst"} <= packed
    assert not {one.removesuffix(SUFFIX) for one in packed} & {
        one.name for one in folder.rglob("*") if one.parent == folder
    }
    assert (folder / "manifest.json").is_file(), "by it a finished run is known"
    assert content(folder) == before
    assert sum(one.stat().st_size for one in folder.rglob("*.json*")) < weight
    directory = RunDirectory(folder)
    assert changed_files(folder, read_manifest(directory.manifest).files) == ()
    opened = docket.open_docket(desk, old)
    assert opened.faults == ()
    one = opened.evidence.candidates[0]
    assert docket.subject_case(opened, one).files.faults == ()
    after = run_page.everything(desk, old, whole=True)
    assert (after["evidence"], after["check"]) == (shown["evidence"], shown["check"])
    assert "[strategy]" in run_page.candidate(desk, old, one.candidate_id)["strategy"]
    assert local_elite.listed(desk, run_id=old).items[0].folder is not None
    found = row(desk, old)
    assert (found.place, found.packed_at is not None) == ("here", True)
    assert tiers.turn(with_rules(desk, compress_after_days=7.0)) is False, "once is enough"


def test_the_same_content_compresses_to_the_same_bytes(desk: Desk, old: str) -> None:
    twin = desk.workspace.run(old).parent / "run_twin"
    shutil.copytree(desk.workspace.run(old), twin)
    for name in (old, "run_twin"):
        packing.pack(desk.workspace.runs, name, {})
    first, second = desk.workspace.run(old), twin
    packed = sorted(one.relative_to(first) for one in first.rglob(f"*{SUFFIX}"))
    assert packed
    assert all((first / one).read_bytes() == (second / one).read_bytes() for one in packed)


def test_lines_and_log_are_read_from_the_compressed_form(desk: Desk, old: str) -> None:
    folder = desk.workspace.run(old)
    lines = [f'{{"event": "progress", "ts": "t", "generation": {n}}}\n' for n in range(50)]
    (folder / "events.ndjson").write_text("".join(lines))
    (folder / "stderr.log").write_text("word\n" * 200)
    tiers.work(with_rules(desk, compress_after_days=7.0))
    assert not (folder / "events.ndjson").exists()
    first = run_pages.events(desk, old, limit=20)
    second = run_pages.events(desk, old, after=int(str(first.next)))
    assert [one["generation"] for one in (*first.items, *second.items)] == list(range(50))
    assert second.next is None
    assert run_pages.logs(desk, old, lines=3).lines == ("word",) * 3


def test_only_what_is_worth_it_is_compressed(desk: Desk, old: str) -> None:
    folder = desk.workspace.run(old)
    (folder / "noise.bin").write_bytes(os.urandom(50_000))
    (folder / "own.zst").write_bytes(b"an engine's own" * 100)
    (folder / "tiny").write_bytes(b"a" * 10)
    packing.pack(desk.workspace.runs, old, {})
    left = {one.name for one in folder.iterdir()}
    assert {"noise.bin", "own.zst", "tiny", "campaign.toml"} <= left
    assert not any(one.startswith(".") for one in left)


def test_a_file_that_was_changed_stays_and_is_told(desk: Desk, old: str) -> None:
    path = desk.workspace.run(old) / "evidence.json"
    path.write_bytes(path.read_bytes() + b" ")
    tiers.work(with_rules(desk, compress_after_days=7.0))
    assert path.is_file()
    assert not path.with_name("evidence.json.zst").exists()
    assert f"retention.damaged:{old}" in open_fingerprints(desk)


def test_a_compressed_file_that_was_changed_is_noticed(desk: Desk, old: str) -> None:
    tiers.work(with_rules(desk, compress_after_days=7.0))
    folder = desk.workspace.run(old)
    path = folder / "evidence.json.zst"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    files = read_manifest(RunDirectory(folder).manifest).files
    assert changed_files(folder, files) == (
        "evidence.json does not have the digest in the manifest",
    )
    with pytest.raises(Damaged):
        docket.open_docket(desk, old)
    path.write_bytes(bytes(data[: len(data) // 2]))
    with pytest.raises(Damaged):
        read_filed(folder / "evidence.json")


def test_a_link_in_a_run_is_never_compressed(desk: Desk, old: str, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"x" * 10_000)
    (desk.workspace.run(old) / "link").symlink_to(precious)
    assert tiers.work(with_rules(desk, compress_after_days=7.0)) == ()
    assert precious.read_bytes() == b"x" * 10_000
    assert not (tmp_path / "precious.zst").exists()
    assert str(row(desk, old).held).endswith("nothing is deleted there")
    assert f"retention.held:{old}" in open_fingerprints(desk)


def test_no_room_beside_a_file_leaves_it_as_it_is(
    desk: Desk, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(packing, "pack_stream", full)
    before = content(desk.workspace.run(old))
    with pytest.raises(DiskFull):
        tiers.work(with_rules(desk, compress_after_days=7.0))
    assert content(desk.workspace.run(old)) == before
    assert not list(desk.workspace.run(old).rglob(".*"))


def test_what_must_stay_whole_stays_whole(desk: Desk, small_files: None, tmp_path: Path) -> None:
    pending = finish_run(desk, "p", population=150, found=make_candidates(1, tag="p"))
    promoted, held, suspect, returned, last = refused_runs(desk, 5)
    wait(desk, 40)
    with desk.db.write() as tx:
        run_rows.change(tx, promoted, outcome="promoted")
        run_rows.change(tx, returned, placed_at=desk.clock.iso())
    tiers.hold(desk, held, reason="a paper cites it")
    incidents.open_incident(desk, "x", "SEV-2", "odd", details={"runs": [suspect]})
    rules = with_rules(desk, compress_after_days=0.001, archive_after_days=0.001,
                       archive_dir=str(tmp_path / "cold"))  # fmt: skip
    assert tiers.work(rules) == ()
    for run_id in (pending, promoted, held, suspect, returned, last):
        assert not list(desk.workspace.run(run_id).rglob(f"*{SUFFIX}"))
        assert row(desk, run_id).place == "here"
    tiers.release(desk, held)
    assert {one.run_id for one in tiers.work(rules)} == {held}
    with desk.read() as tx:
        kinds = [one.kind for one in journal.records(tx, limit=1000)]
    assert kinds.count("retention.held") == kinds.count("retention.released") == 1
    with pytest.raises(InvalidInput):
        tiers.hold(desk, held, reason=" ")


def test_nothing_is_moved_while_somebody_works_on_the_machine(desk: Desk, old: str) -> None:
    from omp.ops import maintenance

    maintenance.turn(desk, True, reason="a new disk")
    assert tiers.turn(with_rules(desk, compress_after_days=7.0)) is False
    assert not list(desk.workspace.run(old).rglob(f"*{SUFFIX}"))


def test_a_dry_run_says_what_each_tier_would_do(
    desk: Desk, small_files: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = refused_runs(desk, 3)
    wait(desk, 10)
    short_of_room(monkeypatch, 1.8)
    rules = roomy(with_rules(desk))
    compress = replace(
        rules.settings.retention, compress_after_days=7.0, archive_after_days=9.0,
        archive_dir=str(tmp_path / "cold"),
    )  # fmt: skip
    rules = replace(rules, settings=replace(rules.settings, retention=compress))
    before = {one: content(desk.workspace.run(one)) for one in runs}
    plan = retention.clean(rules, dry_run=True)
    assert {one: content(desk.workspace.run(one)) for one in runs} == before
    by_name = {one.name: one for one in plan.tiers}
    assert list(by_name) == ["compress", "archive", "trash", "delete"]
    for name in ("compress", "archive", "trash"):
        assert [one.run_id for one in by_name[name].steps] == runs[:2]
    assert by_name["archive"].frees_bytes > by_name["compress"].frees_bytes >= 0
    assert by_name["trash"].frees_bytes == 0, "the trash is on the same disk"
    assert not (tmp_path / "cold").exists()


def test_a_dry_run_foretells_what_compressing_frees(desk: Desk, old: str) -> None:
    path = desk.workspace.run(old) / "more.csv"
    path.write_bytes(b"2001-01-02,1.0\n" * 20_000)
    rules = with_rules(desk, compress_after_days=7.0)
    compress, _ = tiers.plan(rules)
    done = tiers.work(rules)
    assert compress.frees_bytes == sum(one.frees_bytes for one in done) > 250_000


def test_places_and_quota_tell_the_truth(
    desk: Desk, old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retention.keep_within_quota(desk)
    whole = retention.places(desk)["here"].bytes
    rules = archived(desk, tmp_path / "cold")
    places = care.state(rules)["places"]
    assert places["archived"]["runs"] == 1
    assert places["here"]["bytes"] < whole
    with desk.read() as tx:
        assert run_rows.output_bytes(tx) == places["here"]["bytes"]
    archive.restore(rules, old)
    assert "archived" not in care.state(rules)["places"]


def test_a_held_run_is_told_among_those_that_stay(
    desk: Desk, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_of_room(monkeypatch, 1.8)
    tiers.hold(desk, old, reason="a paper")
    plan = retention.plan(roomy(desk))
    assert plan.items == ()
    assert "it is held: a paper" in [one.reason for one in plan.kept]


def test_the_row_decides_where_a_run_is_put(desk: Desk, old: str) -> None:
    (desk.workspace.trash / old).mkdir(parents=True)
    run_moves.move(desk, [old], "trash", kind="retention.trashed", facts={})
    with pytest.raises(Conflict, match="there already"):
        run_moves.settle(desk, old)
    assert desk.workspace.run(old).is_dir()
    assert run_moves.settle_all(desk) != ()
    (desk.workspace.trash / old).rmdir()
    assert run_moves.settle_all(desk) == ()
    assert (desk.workspace.trash / old / "manifest.json").is_file()

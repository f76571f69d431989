"""Runs go into the archive and come back, byte by byte; whatever is odd is refused."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.finished import finish_run
from tests.unit.ops.old_runs import (
    archived,
    content,
    old,
    open_fingerprints,
    row,
    small_files,
    wait,
    with_rules,
)
from tests.unit.ops.test_retention import refused_runs

from omp.domain.errors import (
    Damaged,
    DiskFull,
    IllegalMove,
    NotFound,
    UnsafePath,
)
from omp.ops import (
    archive,
    archive_check,
    care,
    docket,
    run_moves,
    run_pages,
    tiers,
)
from omp.ops.desk import Desk
from omp.store import journal, meta, shelving
from omp.store import runs as run_rows
from omp.web import run_page

__all__ = ["old", "small_files"]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A second filesystem where that can be had, else another folder."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and not subprocess.run(command, capture_output=True).returncode
    if mounted:
        assert folder.stat().st_dev != tmp_path.stat().st_dev
        (folder / "probe").write_bytes(b"")
        with pytest.raises(OSError, match="cross-device"):
            (folder / "probe").rename(tmp_path / "probe")
    yield folder
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_run_goes_into_the_archive_and_comes_back(desk: Desk, old: str, elsewhere: Path) -> None:
    folder = desk.workspace.run(old)
    before = content(folder)
    rules = archived(desk, elsewhere / "cold")
    found = row(desk, old)
    assert (found.place, found.archive) == ("archived", str(elsewhere / "cold"))
    assert not folder.exists()
    assert shelving.copy_fault(elsewhere / "cold" / old) is None
    assert content(elsewhere / "cold" / old) == before

    (listed,) = run_pages.list_runs(rules, place="archived").items
    assert (listed["id"], listed["actions"]) == (old, ["restore"])
    assert "is archived in" in listed["where"]
    with pytest.raises(NotFound, match="omp runs restore"):
        docket.open_docket(rules, old)
    shown = run_page.everything(rules, old, whole=True)
    assert "is archived in" in shown["run"]["where"]
    assert (shown["fault"], shown["evidence"]) == ("", None)
    assert elsewhere / "cold" in desk.workspace.withheld, "no miner may read it"

    assert archive.restore(rules, old, dry_run=True).dry_run
    assert not folder.exists()
    assert list(desk.workspace.incoming.glob("run_*")) == []
    back = archive.restore(rules, old, reason="to look at it")
    assert back.files == len(before)
    assert content(folder) == before
    assert docket.open_docket(rules, old).faults == ()
    assert not (elsewhere / "cold" / old).exists()
    found = row(desk, old)
    assert (found.place, found.archive) == ("here", None)
    assert tiers.work(rules) == (), "what was brought back is left alone for a while"
    with pytest.raises(IllegalMove):
        archive.restore(rules, old)
    wait(desk, 31)
    assert [one.run_id for one in tiers.work(rules)] == [old]
    with desk.read() as tx:
        kinds = [one.kind for one in journal.records(tx, limit=1000)]
        assert journal.verify(tx) is None
    assert kinds.count("retention.archived") == 2
    assert kinds.count("retention.restored") == 1
    assert "retention.deleted" not in kinds


def test_without_a_named_archive_nothing_is_moved(desk: Desk, old: str) -> None:
    tiers.work(with_rules(desk, archive_after_days=1.0))
    assert row(desk, old).place == "here"


@pytest.mark.parametrize("named", ["output", ".", "..", "artifacts/x", "state/archive", "/"])
def test_an_archive_lies_in_archive_or_outside(desk: Desk, old: str, named: str) -> None:
    with pytest.raises(UnsafePath):
        tiers.work(with_rules(desk, archive_dir=named))
    assert row(desk, old).place == "here"


def test_a_disk_that_is_not_mounted_is_no_archive(desk: Desk, old: str, tmp_path: Path) -> None:
    rules = archived(desk, tmp_path / "cold")
    (tmp_path / "cold").rename(tmp_path / "unmounted")
    (tmp_path / "cold").mkdir()
    with pytest.raises(NotFound, match="mount"):
        archive.restore(rules, old)
    other = refused_runs(desk, 1)[0]
    finish_run(desk, "last", population=999)
    wait(desk, 40)
    tiers.work(rules)
    assert row(desk, other).place == "here"
    assert list((tmp_path / "cold").iterdir()) == []


def test_a_full_archive_changes_nothing(
    desk: Desk, old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(shelving, "_copy", full)
    with pytest.raises(DiskFull):
        archived(desk, tmp_path / "cold")
    assert row(desk, old).place == "here"
    assert list((tmp_path / "cold" / "incoming").glob("run_*")) == []
    assert not (tmp_path / "cold" / old).exists()


def test_a_copy_that_is_not_the_same_is_never_trusted(
    desk: Desk, old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shelving._copy

    def flips(source: Path, target: Path) -> None:
        real(source, target)
        if target.name.startswith("evidence.json"):
            target.write_bytes(target.read_bytes()[:-1] + b"!")

    monkeypatch.setattr(shelving, "_copy", flips)
    archived(desk, tmp_path / "cold")
    found = row(desk, old)
    assert found.place == "here"
    assert "was changed" in str(found.held)
    assert desk.workspace.run(old).is_dir()
    assert not (tmp_path / "cold" / old).exists()


def test_a_stranger_in_the_archive_is_left_alone(desk: Desk, old: str, tmp_path: Path) -> None:
    stranger = tmp_path / "cold" / old
    stranger.mkdir(parents=True)
    (stranger / "file").write_text("somebody's")
    archived(desk, tmp_path / "cold")
    assert row(desk, old).place == "here"
    assert (stranger / "file").read_text() == "somebody's"
    assert "no copy" in str(row(desk, old).held)


@pytest.mark.parametrize("where", ["source", "target", "incoming"])
def test_links_on_the_way_to_the_archive_are_refused(
    desk: Desk, old: str, tmp_path: Path, where: str
) -> None:
    precious, cold = tmp_path / "precious", tmp_path / "cold"
    precious.mkdir()
    (precious / "file").write_text("x")
    cold.mkdir()
    if where == "source":
        (desk.workspace.run(old) / "sub").symlink_to(precious)
    elif where == "target":
        (cold / old).symlink_to(precious)
    else:
        (cold / "incoming").symlink_to(precious)
        (precious / old).mkdir()
        (precious / old / "file").write_text("y")
    archived(desk, cold)
    assert row(desk, old).place == "here"
    assert desk.workspace.run(old).is_dir()
    assert (precious / "file").read_text() == "x"
    if where == "incoming":
        assert (precious / old / "file").read_text() == "y"


def test_a_damaged_copy_is_not_brought_back(desk: Desk, old: str, tmp_path: Path) -> None:
    rules = archived(desk, tmp_path / "cold")
    path = next((tmp_path / "cold" / old).glob("evidence.json*"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(Damaged, match="was changed"):
        archive.restore(rules, old)
    assert not desk.workspace.run(old).exists()
    assert path.is_file(), "what there is stays where it is"
    assert row(desk, old).place == "archived"


def test_the_restore_check_goes_through_the_archive_by_and_by(
    desk: Desk, small_files: None, tmp_path: Path
) -> None:
    runs = refused_runs(desk, 6)
    wait(desk, 40)
    rules = archived(desk, tmp_path / "cold")
    with desk.read() as tx:
        names = sorted(one.id for one in run_rows.placed(tx, "archived"))
    assert names == sorted(runs[:5])
    assert archive_check.turn(rules) is True
    assert archive_check.turn(rules) is False, "not before its time"
    wait(desk, 1.1)
    assert archive_check.turn(rules) is True
    seen = archive_check.last(rules)
    assert seen is not None
    assert seen.runs == (*names[3:], names[0])
    assert (seen.faults, care.state(rules)["archiveCheck"]["faults"]) == ((), 0)
    (tmp_path / "cold" / names[1] / "campaign.toml").unlink()
    wait(desk, 1.1)
    archive_check.turn(rules)
    assert f"archive.damaged:{names[1]}" in open_fingerprints(rules)
    assert care.state(rules)["archiveCheck"]["faults"] == 1
    assert list(desk.workspace.incoming.glob("run_*")) == []


def test_a_run_that_the_disk_lost_comes_back_from_the_archive(
    desk: Desk, old: str, tmp_path: Path
) -> None:
    rules = archived(desk, tmp_path / "cold")
    with desk.db.write() as tx:  # a record restored from an older backup
        run_rows.change(tx, old, to_place="here", archive=None)
        meta.put(tx, "retention.owed", None)
    archive.restore(rules, old)
    assert docket.open_docket(rules, old).faults == ()
    assert (tmp_path / "cold" / old).is_dir(), "another record may still need it"


def test_only_one_copies_at_a_time(desk: Desk, old: str, tmp_path: Path) -> None:
    rules = archived(desk, tmp_path / "cold")
    with run_moves.one_at_a_time(desk):
        assert tiers.work(rules) == ()
        assert archive_check.check(rules) is None
    assert archive_check.check(rules) is not None


def test_the_directory_stays_while_the_archived_copy_is_not_whole(
    desk: Desk, old: str, tmp_path: Path
) -> None:
    cold = tmp_path / "cold"
    cold.mkdir()
    shelving.copy_whole(desk.workspace.run(old), cold / old, cold / "incoming", facts={})
    (cold / old / "campaign.toml").unlink()
    run_moves.move(
        desk, [old], "archive", kind="retention.archived", facts={}, archive=str(cold)
    )  # and then the power went, and the disk of the archive was hurt
    assert "is not whole" in run_moves.settle_all(desk)[0]
    assert (desk.workspace.run(old) / "campaign.toml").is_file()
    assert "retention.unsettled" in open_fingerprints(desk)

"""What retention deletes lies in the trash for a day, and can be taken out of it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.unit.ops.old_runs import (
    content,
    old,
    open_fingerprints,
    roomy,
    row,
    short_of_room,
    small_files,
    wait,
)

from omp.domain.errors import (
    IllegalMove,
    NotFound,
)
from omp.ops import (
    docket,
    retention,
    run_pages,
    tiers,
    trash,
)
from omp.ops.desk import Desk
from omp.store import journal
from omp.web import run_page

__all__ = ["old", "small_files"]


def test_the_trash_holds_a_run_for_a_day(
    desk: Desk, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_of_room(monkeypatch, 1.8)
    rules = roomy(desk)
    before = content(desk.workspace.run(old))
    assert retention.relieve(rules).deleted == 1
    assert row(desk, old).place == "trashed"
    assert content(desk.workspace.trash / old) == before
    assert run_pages.show(rules, old).actions == ("undelete",)
    with pytest.raises(NotFound, match="undelete"):
        docket.open_docket(rules, old)
    wait(desk, 0.9)
    tiers.turn(rules)
    assert (desk.workspace.trash / old).is_dir()
    assert trash.undelete(rules, old, reason="needed").place == "here"
    assert content(desk.workspace.run(old)) == before
    assert retention.relieve(rules).items == (), "it is not thrown away again at once"
    with pytest.raises(IllegalMove):
        trash.undelete(rules, old)
    wait(desk, 1.1)
    assert retention.relieve(rules).deleted == 1
    wait(desk, 1.1)
    tiers.turn(rules)
    assert list(desk.workspace.trash.iterdir()) == []
    found = row(desk, old)
    assert (found.place, found.output_bytes) == ("deleted", 0)
    with pytest.raises(IllegalMove):
        trash.undelete(rules, old)
    with desk.read() as tx:
        kinds = ("retention.trashed", "retention.undeleted", "retention.deleted")
        records = [one.kind for one in journal.records(tx, kinds=kinds, limit=100)]
    assert records == [kinds[0], kinds[1], kinds[0], kinds[2]]
    assert "deleted by retention" in run_page.everything(rules, old, whole=True)["run"]["where"]


def test_the_trash_goes_at_once_before_mining_would_stop(
    desk: Desk, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_of_room(monkeypatch, 1.4)
    done = retention.relieve(roomy(desk))
    assert (done.urgent, done.deleted, done.emptied) == (True, 1, 1)
    assert done.freed_bytes > 0
    assert row(desk, old).place == "deleted"


def test_a_disk_mounted_over_the_runs_has_its_own_trash(
    desk: Desk, old: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = desk.workspace.runs
    kept = tmp_path / "kept"
    shutil.copytree(runs, kept)
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(runs)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("SKIPPED LOUDLY: mounting a disk needs root")
    try:
        shutil.copytree(kept, runs, dirs_exist_ok=True)
        short_of_room(monkeypatch, 1.8)
        assert retention.relieve(roomy(desk)).deleted == 1
        assert desk.workspace.trash == runs / ".omp-trash"
        trash.undelete(desk, old)
        assert (runs / old / "manifest.json").is_file()
    finally:
        subprocess.run(["umount", "-l", str(runs)], check=True)


def test_a_person_may_empty_the_trash(
    desk: Desk, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_of_room(monkeypatch, 1.8)
    retention.relieve(roomy(desk))
    assert retention.clean(roomy(desk), empty_trash=True).emptied == 1


def test_inodes_are_room_too(desk: Desk, old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    short_of_room(monkeypatch, 50.0)
    monkeypatch.setattr(retention, "inodes_pct", lambda path: 4.0)
    assert retention.relieve(roomy(desk)).deleted == 1


def test_a_link_in_the_trash_is_refused(
    desk: Desk, old: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    short_of_room(monkeypatch, 1.8)
    rules = roomy(desk)
    retention.relieve(rules)
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    (desk.workspace.trash / old / "link").symlink_to(precious)
    wait(desk, 2)
    tiers.turn(rules)
    assert (precious / "file").read_text() == "x"
    assert row(desk, old).place == "trashed"
    assert "retention.refused" in open_fingerprints(rules)


def test_what_was_taken_from_the_trash_by_hand_is_gone(
    desk: Desk, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_of_room(monkeypatch, 1.8)
    rules = roomy(desk)
    retention.relieve(rules)
    shutil.rmtree(desk.workspace.trash / old)
    with pytest.raises(NotFound):
        trash.undelete(rules, old)
    wait(desk, 2)
    tiers.turn(rules)
    assert row(desk, old).place == "deleted"

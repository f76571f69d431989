"""A backup holds everything, proves itself, shares what is unchanged; a restore refuses damage."""

import json
import stat
from pathlib import Path

import pytest
from tests.desks import hand_clock
from tests.finished import FakeChildren, finish_run

from omp.app import open_desk
from omp.domain.errors import Conflict, Damaged, InvalidInput, NewerFormat, UnsafePath
from omp.ops import backup, hall, hall_check, incidents, ledger, promotion, upkeep
from omp.ops.backup_keys import VARIABLE
from omp.ops.backup_restore import restore
from omp.ops.desk import Desk
from omp.ops.eligibility import frozen_because
from omp.store import journal, looks, objects, runs
from omp.wire.canonical import canonical, digest_of


@pytest.fixture
def entry(desk: Desk) -> str:
    """The id of an entry of the desk's Hall."""
    children = FakeChildren(desk.workspace)
    run_id = finish_run(desk)
    while promotion.advance(desk, run_id, children).more:
        pass
    return hall.listed(desk)[0].candidate_id


def test_everything_comes_back(desk: Desk, entry: str, tmp_path: Path) -> None:
    made = backup.make(desk)
    assert made.faults == ()
    target = tmp_path / "elsewhere"
    done = restore(Path(made.file), target)
    assert done.head == made.head
    again = open_desk(target, operator="tester", clock=hand_clock(desk))
    try:
        found = hall_check.check(again)
        assert (found.rows, found.folders, found.issues) == (1, 1, ())
        with again.read() as tx, desk.read() as there:
            assert journal.verify(tx) is None
            assert looks.counts(tx) == looks.counts(there)
        assert again.loaded.digest == desk.loaded.digest
        assert (target / "configs/campaigns/one.toml").is_file()
        for name in ("grants.key", "grants.pub"):
            assert (again.workspace.keys / name).read_bytes() == (
                desk.workspace.keys / name
            ).read_bytes()
        assert stat.S_IMODE((again.workspace.keys / "grants.key").stat().st_mode) == 0o600
        assert stat.S_IMODE(again.workspace.state.stat().st_mode) == 0o700
    finally:
        again.db.close()


def test_tables_that_were_imported_come_back(desk: Desk, entry: str, tmp_path: Path) -> None:
    table = desk.workspace.root / "data" / "tables" / "caps" / "members.csv"
    table.parent.mkdir(parents=True)
    table.write_text("symbol,from\nAAA,2001-01-02\n")
    restore(Path(backup.make(desk).file), tmp_path / "elsewhere")
    there = tmp_path / "elsewhere" / "data" / "tables" / "caps" / "members.csv"
    assert there.read_bytes() == table.read_bytes()


def test_looks_freeze_until_a_person_says_what_happened(
    desk: Desk, entry: str, tmp_path: Path
) -> None:
    made = backup.make(desk)
    done = restore(Path(made.file), tmp_path / "elsewhere")
    assert done.frozen is not None
    assert str(made.head) in done.frozen
    again = open_desk(tmp_path / "elsewhere", operator="tester", clock=hand_clock(desk))
    try:
        with again.read() as tx:
            assert frozen_because(again, tx) is not None
        (open_one,) = incidents.frozen(again)
        assert open_one.severity == "SEV-0"
        incidents.resolve(
            again, open_one.id, cause="disk lost", resolution="restored", prevention="two disks"
        )
        with again.read() as tx:
            assert frozen_because(again, tx) is None
    finally:
        again.db.close()


def test_a_look_after_the_backup_stays_spent_where_it_is_restored(
    desk: Desk, tmp_path: Path
) -> None:
    run_id = finish_run(desk)
    with desk.read() as tx:
        lineage = str(runs.get(tx, run_id).lineage)
    made = backup.make(desk)
    while promotion.advance(desk, run_id, FakeChildren(desk.workspace)).more:
        pass
    assert ledger.budget(desk, lineage).looks == 1
    restore(Path(made.file), tmp_path / "elsewhere")
    again = open_desk(tmp_path / "elsewhere", operator="tester", clock=hand_clock(desk))
    try:
        (open_one,) = incidents.frozen(again)
        incidents.resolve(again, open_one.id, cause="c", resolution="r", prevention="p")
        found = ledger.budget(again, lineage)
    finally:
        again.db.close()
    assert (found.looks, found.lost, found.next_ordinal) == (0, 1, 2)


def test_without_the_old_workspace_looks_freeze_too(desk: Desk, tmp_path: Path) -> None:
    made = backup.make(desk, to=str(tmp_path / "disk"))
    (desk.workspace.state / "anchor").unlink()
    done = restore(Path(made.file), tmp_path / "elsewhere", dry_run=True)
    assert "is not there to say" in str(done.frozen)


def test_only_what_is_new_is_copied(desk: Desk, entry: str) -> None:
    first = backup.make(desk)
    second = backup.make(desk)
    assert second.bytes >= first.bytes
    assert second.new_bytes < first.new_bytes / 2 + second.bytes - first.bytes + 1_000_000
    manifest = json.loads(Path(second.file).read_bytes())
    assert second.new_bytes == manifest["database"]["bytes"], "the database alone has changed"


def test_old_backups_go_with_what_only_they_held(desk: Desk) -> None:
    path = desk.workspace.campaigns / "one.toml"
    path.write_text(path.read_text() + "\n# first\n")
    first = backup.make(desk, keep=2)
    only = json.loads(Path(first.file).read_bytes())["files"]["configs/campaigns/one.toml"]
    kept = objects.object_path(desk.workspace.backups, only["digest"])
    assert kept.is_file()
    path.write_text(path.read_text() + "\n# second\n")
    backup.make(desk, keep=2)
    third = backup.make(desk, keep=2)
    assert third.dropped == (first.name,)
    assert not kept.exists()
    assert not Path(first.file).exists()
    assert backup.found_faults(Path(third.file)) == ()


def test_a_changed_content_is_found_and_nothing_is_written(
    desk: Desk, entry: str, tmp_path: Path
) -> None:
    made = backup.make(desk)
    document = json.loads(Path(made.file).read_bytes())
    name, one = next(item for item in document["files"].items() if entry in item[0])
    held = objects.object_path(desk.workspace.backups, one["digest"])
    data = bytearray(held.read_bytes())
    data[len(data) // 2] ^= 1
    held.write_bytes(bytes(data))
    for dry_run in (True, False):
        with pytest.raises(Damaged, match="hash in its name"):
            restore(Path(made.file), tmp_path / "elsewhere", dry_run=dry_run)
    assert not (tmp_path / "elsewhere").exists()
    assert backup.make(desk).faults == (), f"{name} is copied anew"
    assert backup.found_faults(Path(made.file)) == ()


def test_a_changed_manifest_is_refused(desk: Desk, tmp_path: Path) -> None:
    made = Path(backup.make(desk).file)
    document = json.loads(made.read_bytes())
    document["head"]["seq"] += 1
    made.write_bytes(canonical(document))
    with pytest.raises(Damaged, match="was changed"):
        restore(made, tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"revision": "9999"}, NewerFormat),
        ({"files": {"../outside": {"digest": "0" * 64, "bytes": 1}}}, Damaged),
    ],
)
def test_a_hostile_or_newer_manifest_is_refused(
    desk: Desk, tmp_path: Path, change: dict[str, object], kind: type[Exception]
) -> None:
    made = Path(backup.make(desk).file)
    document = {**json.loads(made.read_bytes()), **change}
    del document["digest"]
    made.write_bytes(canonical({**document, "digest": digest_of(document)}))
    with pytest.raises(kind):
        restore(made, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_holds_something_is_refused(desk: Desk, tmp_path: Path) -> None:
    made = backup.make(desk)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").write_text("mine")
    with pytest.raises(Conflict, match="not empty"):
        restore(Path(made.file), tmp_path / "used")
    assert (tmp_path / "used" / "mine.txt").read_text() == "mine"


def test_keys_are_sealed_with_a_passphrase(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "correct horse")
    made = backup.make(desk)
    assert made.keys_sealed
    held = Path(made.keys_file)
    assert stat.S_IMODE(held.stat().st_mode) == 0o600
    assert b"PRIVATE" not in held.read_bytes()
    assert "grants" not in held.read_text()
    for given in ("wrong", None):
        if given is None:
            monkeypatch.delenv(VARIABLE)
        else:
            monkeypatch.setenv(VARIABLE, given)
        with pytest.raises(InvalidInput, match="passphrase"):
            restore(Path(made.file), tmp_path / "elsewhere")
    monkeypatch.setenv(VARIABLE, "correct horse")
    restore(Path(made.file), tmp_path / "elsewhere")


def test_links_are_not_followed_into_a_backup(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("a stranger's")
    (desk.workspace.campaigns / "link.toml").symlink_to(tmp_path / "secret.txt")
    (desk.workspace.root / "configs" / "outside").symlink_to(tmp_path)
    files = json.loads(Path(backup.make(desk).file).read_bytes())["files"]
    assert not [name for name in files if "link.toml" in name or "outside" in name]


@pytest.mark.parametrize("place", ["state/cache", "."])
def test_a_folder_inside_the_workspace_is_refused(desk: Desk, place: str) -> None:
    with pytest.raises(UnsafePath, match="cannot be put into"):
        backup.make(desk, to=str(desk.workspace.root / place))


def test_a_damaged_entry_is_told_and_the_sound_backup_stays(desk: Desk, entry: str) -> None:
    sound = backup.make(desk, keep=1)
    (desk.workspace.entry(entry) / "trades.csv").write_text("changed")
    made = backup.make(desk, keep=1)
    assert len(made.faults) == 1
    assert "trades.csv" in made.faults[0]
    assert Path(sound.file).is_file()
    assert "backup.faults" in {one.fingerprint for one in incidents.listed(desk, open_only=True)}


def test_the_daily_backup_comes_when_it_is_due(desk: Desk) -> None:
    assert upkeep.back_up(desk)
    assert not upkeep.back_up(desk)
    hand_clock(desk).wait(24 * 3600)
    assert upkeep.back_up(desk)
    assert len(list(desk.workspace.backups.glob("backup-*.json"))) == 2

"""Durable files, charges, manifests."""

import errno
import os
from pathlib import Path

import pytest

from omp.domain.durable import append_durable, write_durable
from omp.domain.errors import Damaged, DiskFull, NewerFormat, NotFound
from omp.wire.charges import charge, read_charges, settle
from omp.wire.rundir import (
    Manifest,
    RunDirectory,
    changed_files,
    content_digest,
    files_below,
    read_json,
    read_manifest,
    write_folder_manifest,
    write_manifest,
)


def test_a_torn_line_is_cut_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "charges.ndjson"
    append_durable(path, b"one")
    with path.open("ab") as file:
        file.write(b"tor" * 5000)
    append_durable(path, b"two")
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_full_disk_leaves_the_former_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    write_durable(path, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull) as caught:
        write_durable(path, b"new")
    assert caught.value.exit_code == 4
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_disk_errors_are_not_called_full(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_durable(tmp_path / "absent" / "x", b"")


def test_charges_count_a_generation_once_and_an_open_one_by_its_genomes(tmp_path: Path) -> None:
    path = tmp_path / "charges.ndjson"
    assert read_charges(path).trials == 0
    charge(path, attempt=1, generation=0, genomes=2000)
    settle(path, attempt=1, generation=0, behaviours=1400, distinct=1400)
    charge(path, attempt=1, generation=1, genomes=500)
    tally = read_charges(path)
    assert (tally.genomes, tally.trials, tally.open_generations) == (2500, 1900, 1)
    charge(path, attempt=2, generation=1, genomes=500)
    settle(path, attempt=2, generation=1, behaviours=310, distinct=1710)
    tally = read_charges(path)
    assert (tally.genomes, tally.trials, tally.open_generations) == (2500, 1710, 0)


@pytest.mark.parametrize(
    "line",
    [
        b"no json",
        b'{"kind":"result","generation":0,"behaviours":1,"attempt":1}',
        b'{"kind":"charge"}',
    ],
)
def test_a_charge_line_that_cannot_be_read_is_not_passed_over(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "charges.ndjson"
    path.write_bytes(line + b"\n")
    with pytest.raises(Damaged):
        read_charges(path)


def _manifest(files: dict[str, str]) -> Manifest:
    return Manifest(
        1, "run_1", "test", "c", "h", "d", "lin", 1, "0", "g", "l", {}, {}, [3], "generations",
        1, "a", "b", content_digest(files), files,
    )  # fmt: skip


def test_a_manifest_binds_every_file_and_finds_each_change(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    for name in ("evidence.json", "charges.ndjson", "events.ndjson"):
        (tmp_path / name).write_bytes(name.encode())
    for folder in ("checkpoint", "looks", "hall_of_fame/cand_a"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "x").write_bytes(b"x")
    files = files_below(tmp_path)
    assert set(files) == {"evidence.json", "charges.ndjson", "hall_of_fame/cand_a/x"}
    assert not run.finished
    write_manifest(run.manifest, _manifest(files))
    assert run.finished
    assert read_manifest(run.manifest).files == files
    assert changed_files(tmp_path, files) == ()
    run.evidence.write_bytes(b"other")
    (tmp_path / "hall_of_fame/cand_a/x").unlink()
    assert len(changed_files(tmp_path, files)) == 2


def test_the_content_digest_leaves_the_charges_out() -> None:
    one = content_digest({"a": "1", "charges.ndjson": "2"})
    assert one == content_digest({"a": "1", "charges.ndjson": "3"})
    assert one != content_digest({"a": "2", "charges.ndjson": "2"})


def test_a_manifest_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with pytest.raises(NotFound):
        read_manifest(path)
    path.write_text('{"schema_version": 1, "run_id": "x"}')
    with pytest.raises(Damaged):
        read_manifest(path)
    path.write_text('{"schema_version": 2}')
    with pytest.raises(NewerFormat):
        read_manifest(path)


def test_read_json_checks_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text('{"schema_version": 1}')
    with pytest.raises(Damaged):
        read_json(path, remedy="", expected_digest="00")


def test_an_added_folder_has_its_own_manifest(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    files = write_folder_manifest(tmp_path, ["a"])
    assert read_json(tmp_path / "manifest.json", remedy="")["files"] == files

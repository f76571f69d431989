"""Archives: what is not to be trusted is refused by its own name, and nothing stays behind."""

import gzip
import io
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from omp.domain.errors import DataNotReady, NotFound
from omp.market.archives import INCOMING, Limits, plain_files

GOOD = b"date,open,high,low,close,volume\n2020-01-02,1,2,0.5,1.5,100\n"
SMALL = Limits(total_bytes=3 << 20, small_bytes=1 << 20, files=5)


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_csv", ".csv"), data)
    return path


def names(path: Path, **given: object) -> list[str]:
    with plain_files(path, **given) as files:  # type: ignore[arg-type]
        return [one.name for one in files]


def test_files_folders_and_archives_give_their_files_by_name(tmp_path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "sub" / "b.csv").write_bytes(GOOD)
    (tmp_path / "in" / ".hidden").write_bytes(b"x")
    zipped(tmp_path / "in" / "a.zip", x_csv=GOOD, deep__y_csv=GOOD)
    (tmp_path / "in" / "c.csv.gz").write_bytes(gzip.compress(GOOD))
    staging = tmp_path / "workspace" / "data" / "incoming"
    with plain_files(tmp_path / "in", staging=staging) as files:
        assert [one.name for one in files] == ["y.csv", "x.csv", "c.csv", "b.csv"]
        assert {one.read_bytes() for one in files} == {GOOD}
        assert stat.S_IMODE(next(staging.iterdir()).stat().st_mode) == 0o700
    assert not (tmp_path / "workspace").exists()
    assert names(tmp_path / "in" / "sub" / "b.csv") == ["b.csv"]


def _bomb(path: Path) -> None:
    zipped(path, zeros_csv=bytes(2 << 20))


def _many_small(path: Path) -> None:
    noise = [os.urandom(900_000) for _ in range(4)]
    zipped(path, **{f"part{number}_csv": data for number, data in enumerate(noise)})


def _many_files(path: Path) -> None:
    zipped(path, **{f"part{number}_csv": b"x" for number in range(6)})


def _deep(path: Path) -> None:
    data = GOOD
    for _ in range(3):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("inner.zip", data)
        data = buffer.getvalue()
    path.write_bytes(data)


def _named(name: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("good.csv", GOOD)
            archive.writestr(zipfile.ZipInfo(name), GOOD)

    return write


def _link(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        one = zipfile.ZipInfo("link.csv")
        one.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(one, "/etc/passwd")


def _device(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        one = zipfile.ZipInfo("pipe.csv")
        one.external_attr = (stat.S_IFIFO | 0o644) << 16
        archive.writestr(one, "")


def _twice(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", GOOD)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.csv", GOOD + GOOD)


def _secret(path: Path) -> None:
    zipped(path, a_csv=GOOD)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)


def _cut(path: Path) -> None:
    zipped(path, a_csv=os.urandom(10_000))
    path.write_bytes(path.read_bytes()[:5_000])


def _flipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", GOOD)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"2020-01-02,1,2", b"2020-01-02,9,2"))


def _lying(path: Path) -> None:
    """A bomb whose directory says it is small."""
    zipped(path, zeros_csv=bytes(2 << 20))
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 2 << 20), struct.pack("<I", 1000)))


def _no_zip(path: Path) -> None:
    path.write_bytes(b"date,open\n")


def _gzip_bomb(path: Path) -> None:
    path.write_bytes(gzip.compress(bytes(2 << 20)))


def _zstd_bomb(path: Path) -> None:
    import zstandard

    path.write_bytes(zstandard.compress(bytes(2 << 20)))


def _gzip_cut(path: Path) -> None:
    path.write_bytes(gzip.compress(os.urandom(10_000))[:5_000])


def _nothing(path: Path) -> None:
    zipped(path)


@pytest.mark.parametrize(
    ("write", "rule"),
    [
        (_bomb, "zip_bomb: it unpacks to .* times its size"),
        (_many_small, r"zip_bomb: it unpacks to more than 0\.0 GB"),
        (_many_files, "zip_bomb: it holds 6 files"),
        (_deep, "zip_bomb: archives lie 3 deep"),
        (_lying, "archive_damaged|zip_bomb"),
        (_gzip_bomb, "zip_bomb"),
        (_zstd_bomb, "zip_bomb"),
        (_named("../../out.csv"), "zip_path: '../../out.csv' leads out"),
        (_named("/etc/out.csv"), "zip_path"),
        (_named("..\\out.csv"), "zip_path"),
        (_named("C:/out.csv"), "zip_path"),
        (_named("a/../../out.csv"), "zip_path"),
        (_link, "symlink: 'link.csv' is a link"),
        (_device, "special_file"),
        (_twice, "archive_twice: a.csv is in it twice"),
        (_secret, "encrypted: 'a.csv' needs a password"),
        (_cut, "archive_damaged"),
        (_flipped, "archive_damaged: Bad CRC"),
        (_no_zip, "archive_damaged: it does not begin as a .zip does"),
        (_gzip_cut, "archive_damaged"),
        (_nothing, "empty"),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_each_untrusted_archive_is_refused_by_name_and_leaves_nothing(
    tmp_path, write: Callable[[Path], None], rule: str
) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    path = folder / "in.zip"
    write(path)
    staging = tmp_path / "workspace" / "incoming"
    with (
        pytest.raises(DataNotReady, match=rule) as refused,
        plain_files(path, staging=staging, limits=SMALL),
    ):
        raise AssertionError("it was unpacked")
    assert refused.value.faults
    assert "nothing was changed" in refused.value.sentence
    assert sorted(one.name for one in tmp_path.iterdir()) == ["given"]
    assert [one.name for one in folder.iterdir()] == ["in.zip"]


def test_a_link_in_a_folder_is_refused(tmp_path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").symlink_to("/etc/passwd")
    with pytest.raises(DataNotReady, match=r"symlink: a\.csv is a link"):
        names(tmp_path / "in")
    (tmp_path / "in" / "a.csv").unlink()
    (tmp_path / "in" / "sub").symlink_to("/etc")
    with pytest.raises(DataNotReady, match="symlink: sub is a link"):
        names(tmp_path / "in")


def test_a_pipe_in_a_folder_is_refused_and_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataNotReady, match="special_file"):
        names(tmp_path)


def test_what_is_not_there_is_said(tmp_path) -> None:
    with pytest.raises(NotFound):
        names(tmp_path / "nowhere")


def test_what_a_killed_import_unpacked_is_swept_by_the_next(tmp_path) -> None:
    left = tmp_path / "staging" / f"{INCOMING}999999999-0a1b2c3d"
    left.mkdir(parents=True)
    (left / "half.csv").write_bytes(b"half")
    alive = tmp_path / "staging" / f"{INCOMING}{os.getpid()}-0a1b2c3d"
    alive.mkdir()
    names(zipped(tmp_path / "a.zip", a_csv=GOOD), staging=tmp_path / "staging")
    assert [one.name for one in (tmp_path / "staging").iterdir()] == [alive.name]

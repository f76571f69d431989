"""The kit every importer passes: its own files only, exact rows, one named error for the rest."""

import random
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from tests.kits.importer_cases import CASES

from omp.domain.errors import DataNotReady, InvalidInput, OmpError
from omp.market.bars import FIELDS
from omp.market.importers import importers, read
from omp.market.splits import parse_iso

ALL = importers()
COLUMNS = ("symbol", "timestamp", *FIELDS)


def test_every_importer_has_a_case() -> None:
    assert set(CASES) == set(ALL)


@pytest.mark.parametrize("name", list(ALL))
def test_it_says_what_it_reads(name: str) -> None:
    assert ALL[name].name == name
    assert ALL[name].meaning
    assert not ALL[name].recognises(Path("picture.png"))


@pytest.mark.parametrize("name", list(CASES))
def test_it_reads_its_own_files_exactly_and_alike_each_time(name: str, tmp_path: Path) -> None:
    write, options, rows = CASES[name]
    path = write(tmp_path)
    raw = read(path, options)
    assert raw.importer == name
    assert raw.files
    assert tuple(raw.frame.columns) == COLUMNS
    types = [pl.String, pl.Int64, *[pl.Float64] * 5]
    assert raw.frame.dtypes == types
    expected = [(symbol, parse_iso(day), *rest) for symbol, day, *rest in rows]
    assert raw.frame.rows() == expected
    assert read(path, options).frame.equals(raw.frame)
    assert read(path, options, name).frame.equals(raw.frame)


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"no bars in here\n"])
def test_a_file_it_cannot_understand_is_refused_by_name(
    name: str, content: bytes, tmp_path: Path
) -> None:
    write, options, _ = CASES[name]
    path = write(tmp_path)
    path.write_bytes(content)
    with pytest.raises(DataNotReady, match=path.name):
        ALL[name].parse((path,), options)


@pytest.mark.parametrize("name", list(CASES))
def test_an_option_it_has_no_use_for_is_refused(name: str, tmp_path: Path) -> None:
    write, options, _ = CASES[name]
    path = write(tmp_path)
    if not ALL[name].is_general:
        with pytest.raises(InvalidInput, match="no use for --feature mood, --column close"):
            read(path, replace(options, features={"mood": "Mood"}, columns={"close": "Last"}))
    if name != "cotahist":
        with pytest.raises(InvalidInput, match="no use for --fractional"):
            read(path, replace(options, fractional=True))


NOISE = b',;|\t\n"\r0123456789.-/:eE\x00\xff\xc3'


def _damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with a few of them changed, cut out, put in or repeated."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(4):
            case 0:
                found[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del found[at : at + rng.randint(1, 40)]
            case 2:
                found[at:at] = bytes(rng.choice(NOISE) for _ in range(rng.randint(1, 8)))
            case _:
                found[at:at] = found[rng.randrange(len(found) + 1) :][: rng.randint(1, 80)]
    return bytes(found)


@pytest.mark.parametrize("name", list(CASES))
def test_a_damaged_file_ends_in_rows_or_in_a_named_refusal(name: str, tmp_path: Path) -> None:
    write, options, _ = CASES[name]
    rng = random.Random(name)
    path = write(tmp_path)
    data = path.read_bytes()
    remedies: list[str] = []
    for _ in range(150):
        path.write_bytes(_damaged(data, rng))
        for told in (options, replace(options, timeframe="", timezone="")):
            try:
                raw = read(path, told, name)
            except OmpError as error:
                remedies.append(error.remedy)
                continue
            assert set(COLUMNS) <= set(raw.frame.columns)
            assert raw.frame["symbol"].null_count() == 0
    assert remedies
    assert all(remedies)

"""The kit every importer passes: its own files only, exact rows, one named error for the rest."""

from pathlib import Path

import polars as pl
import pytest
from tests.kits.importer_cases import CASES

from omp.domain.errors import DataNotReady
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

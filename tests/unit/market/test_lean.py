"""LEAN folders: prices, sessions, factors, and tickers that changed hands."""

import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from omp.domain.errors import DataNotReady
from omp.market.importers import Options, read
from omp.market.splits import parse_iso

GUESS = Options(timeframe="", timezone="")


def packed(path: Path, *lines: str) -> Path:
    """A LEAN ZIP: one CSV without header, named as the ZIP."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        name = path.stem + ".csv"
        if path.parent.parent.name == "minute":
            day, _, kind = path.stem.partition("_")
            name = f"{day}_{path.parent.name}_minute_{kind}.csv"
        archive.writestr(name, "\n".join(lines))
    return path


def mapped(root: Path, company: str, *lines: str) -> None:
    path = root / "map_files" / f"{company}.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def test_real_daily_bars_and_their_factors(market_data: Path) -> None:
    raw = read(market_data / "us_lean" / "daily", GUESS)
    assert (raw.importer, raw.timeframe, raw.venue, raw.adjusted) == ("lean", "1d", "us", False)
    aapl = raw.frame.filter(pl.col("symbol") == "AAPL").row(0, named=True)
    assert aapl == {
        "symbol": "AAPL",
        "timestamp": parse_iso("1998-01-02"),
        "open": 13.63,
        "high": 16.25,
        "low": 13.5,
        "close": 16.25,
        "volume": 6_315_000.0,
    }
    assert raw.factors is not None
    first = raw.factors.filter(pl.col("symbol") == "AAPL").row(0)
    assert first == ("AAPL", date(1998, 1, 2), 0.8613657, 0.00892857, 1.0)
    assert set(raw.factors["symbol"]) <= set(raw.frame["symbol"])


def test_real_tickers_that_changed_hands_become_companies(market_data: Path) -> None:
    raw = read(market_data / "us_lean" / "daily", GUESS)
    first = dict(raw.frame.group_by("symbol").agg(pl.col("timestamp").min()).rows())
    last = dict(raw.frame.group_by("symbol").agg(pl.col("timestamp").max()).rows())
    assert first["FB"] == parse_iso("2012-05-18")
    assert last["FB.1"] <= parse_iso("2003-03-28")  # another company of that ticker
    assert first["GOOGL"] == parse_iso("2004-08-19")  # traded as GOOG until 2014
    assert first["GOOG"] == parse_iso("2014-03-27")
    assert "GOOGL from GOOG and GOOGL" in raw.notes["tickers"]
    assert raw.frame.select("symbol", "timestamp").is_duplicated().sum() == 0


def test_real_hours_are_local_to_new_york_in_winter_and_summer(market_data: Path) -> None:
    raw = read(market_data / "us_lean" / "hour" / "spy.zip", GUESS)
    assert raw.timeframe == "1h"
    local = raw.frame.select(
        pl.from_epoch("timestamp", "ns")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone("America/New_York")
        .dt.hour()
    )["timestamp"]
    assert set(local) == {9, 10, 11, 12, 13, 14, 15}
    assert raw.frame["timestamp"][0] == parse_iso("1998-01-02T14:00:00")
    assert raw.frame["timestamp"].null_count() == 0


def test_real_minutes_are_those_of_the_session(market_data: Path) -> None:
    raw = read(market_data / "us_lean" / "minute" / "aapl", GUESS)
    assert raw.timeframe == "1m"
    assert raw.frame["timestamp"][0] == parse_iso("2014-06-05T13:30:00")
    assert raw.frame.height == 3 * 390
    assert "left out" in raw.notes["outside_session"]
    assert all("trade" in name for name in raw.files)


def test_several_kinds_of_bars_need_a_word(market_data: Path) -> None:
    folder = market_data / "us_lean"
    with pytest.raises(DataNotReady, match=r"timeframe: it holds daily .*, hour .*, minute"):
        read(folder, GUESS)
    assert read(folder, Options(timeframe="1h", timezone="")).timeframe == "1h"


def test_one_file_finds_its_factors_beside_its_folder(tmp_path) -> None:
    packed(tmp_path / "daily" / "abc.zip", "20200102 00:00,10000,20000,5000,15000,100")
    (tmp_path / "factor_files").mkdir()
    (tmp_path / "factor_files" / "abc.csv").write_text("20200101,0.5,0.25\n20501231,1,1,0\n")
    (tmp_path / "factor_files" / "xyz.csv").write_text("20501231,1,1,0\n")
    raw = read(tmp_path / "daily" / "abc.zip", GUESS)
    assert raw.frame.rows() == [("ABC", parse_iso("2020-01-02"), 1.0, 2.0, 0.5, 1.5, 100.0)]
    assert raw.factors is not None
    assert raw.factors.rows() == [
        ("ABC", date(2020, 1, 1), 0.5, 0.25, None),
        ("ABC", date(2050, 12, 31), 1.0, 1.0, 0.0),
    ]


def test_a_zip_of_the_whole_folder_gives_the_same(tmp_path) -> None:
    packed(tmp_path / "lean" / "daily" / "new.zip", "20200103 00:00,1,2,1,2,7")
    packed(tmp_path / "lean" / "daily" / "old.zip", "20200102 00:00,1,2,1,2,8")
    mapped(tmp_path / "lean", "new", "20200101,old,N", "20200102,old,N", "20501231,new,N")
    with zipfile.ZipFile(tmp_path / "lean.zip", "w") as archive:
        for path in sorted((tmp_path / "lean").rglob("*.*")):
            archive.write(path, path.relative_to(tmp_path))
    folder, whole = read(tmp_path / "lean", GUESS), read(tmp_path / "lean.zip", GUESS)
    assert whole.frame.equals(folder.frame)
    assert folder.frame["symbol"].to_list() == ["NEW", "NEW"]
    assert folder.frame["volume"].to_list() == [8.0, 7.0]
    assert folder.map_rows is not None
    assert folder.map_rows.height == 3


def test_bars_of_a_ticker_that_was_nobodys_are_left_out_and_counted(tmp_path) -> None:
    packed(
        tmp_path / "daily" / "abc.zip",
        "20200102 00:00,1,2,1,2,7",
        "20200103 00:00,1,2,1,2,8",
        "20200106 00:00,1,2,1,2,9",
    )
    mapped(tmp_path, "abc", "20200106,abc,N", "20501231,abc,N")
    raw = read(tmp_path / "daily", GUESS)
    assert raw.frame["volume"].to_list() == [9.0]
    assert raw.notes["no_company"].startswith("2 bars")


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (["20200102 00:00,1,2,1,2,7", "20200103 00:00,1,x,1,2,7"], "line 2 reads '20200103 00:00,"),
        (["20200102 00:00,1,2,1,2,7", "20201303 00:00,1,2,1,2,7"], "line 2 reads"),
        (["20200102 00:00,1,2,1,2,7", "20200103 00:00,1,2,1,2,7,8"], "lean"),
    ],
)
def test_a_line_that_is_no_bar_is_named(tmp_path, lines: list[str], what: str) -> None:
    packed(tmp_path / "daily" / "abc.zip", *lines)
    with pytest.raises(DataNotReady, match=what):
        read(tmp_path / "daily", GUESS)


def test_a_factor_file_that_cannot_be_read_is_named(tmp_path) -> None:
    packed(tmp_path / "daily" / "abc.zip", "20200102 00:00,1,2,1,2,7")
    (tmp_path / "factor_files").mkdir()
    (tmp_path / "factor_files" / "abc.csv").write_text("20200101,0.5,0.25\nsoon,1,1,0\n")
    with pytest.raises(DataNotReady, match=r"abc.csv .*line 2 reads 'soon,1,1,0'"):
        read(tmp_path / "daily", GUESS)

"""The table importer: columns and times guessed where they are certain, refused where not."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from omp.domain.errors import DataNotReady, InvalidInput, NotFound
from omp.market.importers import Options, read
from omp.market.splits import parse_iso

HEAD = "Date,Open,High,Low,Close,Volume\n"
ROWS = "2020-01-02,1,2,0.5,1.5,100\n2020-01-03,1.5,2.5,1,2,200\n"
DAYS = [parse_iso("2020-01-02"), parse_iso("2020-01-03")]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plain_csv_takes_its_symbol_from_its_name(tmp_path) -> None:
    raw = read(written(tmp_path, "aapl.csv", HEAD + ROWS), Options())
    assert raw.importer == "table"
    assert raw.frame["symbol"].to_list() == ["AAPL", "AAPL"]
    assert raw.frame["timestamp"].to_list() == DAYS
    assert raw.frame["close"].to_list() == [1.5, 2.0]
    assert raw.frame["volume"].to_list() == [100.0, 200.0]


@pytest.mark.parametrize("blank", ["\n", "\n\n", ",,,,,\n"])
def test_blank_lines_are_no_bars(tmp_path, blank: str) -> None:
    raw = read(written(tmp_path, "aapl.csv", HEAD + ROWS + blank), Options())
    assert raw.frame["close"].to_list() == [1.5, 2.0]
    with pytest.raises(DataNotReady, match="there is no bar in it"):
        read(written(tmp_path, "none.csv", HEAD + blank), Options())


def test_a_folder_is_read_file_by_file_in_order(tmp_path) -> None:
    written(tmp_path, "b.csv", HEAD + ROWS)
    written(tmp_path, "a.csv", HEAD + ROWS)
    written(tmp_path, "notes.md", "not data")
    raw = read(tmp_path, Options())
    assert raw.frame["symbol"].to_list() == ["A", "A", "B", "B"]
    assert raw.files == ("a.csv", "b.csv")


def test_a_symbol_column_is_used(tmp_path) -> None:
    text = "Ticker,date,o,h,l,c,v\nX,20200102,1,2,0.5,1.5,100\nY,20200102,1,2,0.5,1.5,100\n"
    raw = read(written(tmp_path, "all.csv", text), Options())
    assert raw.frame["symbol"].to_list() == ["X", "Y"]
    assert raw.frame["timestamp"].to_list() == [DAYS[0]] * 2


def test_parquet_and_compressed_csv_give_the_same_rows(tmp_path) -> None:
    import gzip

    plain = read(written(tmp_path, "x.csv", HEAD + ROWS), Options()).frame
    (tmp_path / "gz").mkdir()
    (tmp_path / "gz" / "x.csv.gz").write_bytes(gzip.compress((HEAD + ROWS).encode()))
    assert read(tmp_path / "gz" / "x.csv.gz", Options()).frame.equals(plain)
    frame = pl.read_csv(tmp_path / "x.csv", try_parse_dates=True)
    frame.write_parquet(tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet", Options()).frame.equals(plain)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2020-01-02", "2020-01-13"),
        ("20200102", "20200113"),
        ("02.01.2020", "13.01.2020"),
        ("02/01/2020", "13/01/2020"),
        ("01/02/2020", "01/13/2020"),
        ("2020-01-02 00:00:00", "2020-01-13 00:00:00"),
        ("2020-01-02T05:00:00Z", "2020-01-13T05:00:00Z"),
        ("1577941200", "1578891600"),
        ("1577941200000", "1578891600000"),
        ("1577941200000000000", "1578891600000000000"),
    ],
)
def test_dates_in_many_forms(tmp_path, first: str, second: str) -> None:
    text = HEAD + f"{first},1,2,0.5,1.5,100\n{second},1.5,2.5,1,2,200\n"
    raw = read(written(tmp_path, "x.csv", text), Options(timezone="America/New_York"))
    assert raw.frame["timestamp"].to_list() == [DAYS[0], parse_iso("2020-01-13")]


def test_day_and_month_that_could_be_exchanged_are_refused_until_named(tmp_path) -> None:
    text = HEAD + "02/01/2020,1,2,0.5,1.5,100\n03/01/2020,1.5,2.5,1,2,200\n"
    path = written(tmp_path, "x.csv", text)
    with pytest.raises(DataNotReady, match="fit both"):
        read(path, Options())
    raw = read(path, Options(date_format="%d/%m/%Y"))
    assert raw.frame["timestamp"].to_list() == DAYS


def test_times_of_intraday_bars_are_local_to_the_venue(tmp_path) -> None:
    text = HEAD + "2020-01-02 09:30:00,1,2,0.5,1.5,1\n2020-07-02 09:30:00,1,2,0.5,1.5,1\n"
    options = Options(timeframe="1h", timezone="America/New_York")
    raw = read(written(tmp_path, "x.csv", text), options)
    expected = [parse_iso("2020-01-02T14:30:00"), parse_iso("2020-07-02T13:30:00")]
    assert raw.frame["timestamp"].to_list() == expected


def test_semicolons_and_decimal_commas(tmp_path) -> None:
    text = HEAD.replace(",", ";") + "02.01.2020;1,25;2;0,5;1,5;1.000\n"
    raw = read(written(tmp_path, "x.csv", text), Options())
    assert raw.frame.row(0)[2:] == (1.25, 2.0, 0.5, 1.5, 1000.0)


def test_thousands_in_a_comma_file_are_never_read_as_decimals(tmp_path) -> None:
    path = written(tmp_path, "x.csv", HEAD + '2020-01-02,1,2,0.5,1.5,"1,234"\n')
    with pytest.raises(DataNotReady, match="decimal: Volume on line 2 reads '1,234'"):
        read(path, Options())
    assert read(path, Options(decimal=".")).frame["volume"].to_list() == [1234.0]


def test_cells_that_are_no_numbers_become_empty_and_are_judged_later(tmp_path) -> None:
    text = HEAD + "2020-01-02,1,2,n/a,1.5,100\nsoon,1,2,0.5,1.5,100\n2020-01-03,1,2,0.5,,1\n"
    frame = read(written(tmp_path, "x.csv", text), Options()).frame
    assert frame["low"].null_count() == 1
    assert frame["close"].null_count() == 1
    assert frame["timestamp"].null_count() == 1


def test_newest_first_is_turned_over_and_noted(tmp_path) -> None:
    lines = ROWS.splitlines()
    raw = read(written(tmp_path, "x.csv", HEAD + "\n".join(reversed(lines)) + "\n"), Options())
    assert raw.frame["timestamp"].to_list() == DAYS
    assert "newest first" in raw.notes["order"]


def test_adjusted_closes_adjust_the_whole_bar_unless_refused(tmp_path) -> None:
    text = "date,open,high,low,close,volume,Adj Close\n2020-01-02,10,20,5,16,100,8\n"
    path = written(tmp_path, "x.csv", text)
    raw = read(path, Options())
    assert raw.frame.row(0)[2:] == (5.0, 10.0, 2.5, 8.0, 200.0)
    assert "adjusted close" in raw.notes["adjustment"]
    assert read(path, Options(adjust=False)).frame.row(0)[2:] == (10.0, 20.0, 5.0, 16.0, 100.0)


def test_adjusting_does_not_hide_an_impossible_bar(tmp_path) -> None:
    text = "date,open,high,low,close,volume,adj_close\n2020-01-02,10,9,5,16,100,8\n"
    frame = read(written(tmp_path, "x.csv", text), Options()).frame
    assert frame["high"].item() < frame["close"].item()


def test_columns_can_be_mapped(tmp_path) -> None:
    text = "when,first,top,bottom,final,shares\n2020-01-02,1,2,0.5,1.5,100\n"
    path = written(tmp_path, "x.csv", text)
    with pytest.raises(DataNotReady, match="no column for timestamp"):
        read(path, Options())
    ours = ("timestamp", "open", "high", "low", "close", "volume")
    columns = dict(zip(ours, text.split("\n", maxsplit=1)[0].split(","), strict=True))
    assert read(path, Options(columns=columns)).frame.row(0)[2:] == (1.0, 2.0, 0.5, 1.5, 100.0)
    with pytest.raises(DataNotReady, match="no column 'nothing'"):
        read(path, Options(columns=columns | {"open": "nothing"}))


def test_what_is_no_table_is_refused_in_one_named_error(tmp_path) -> None:
    with pytest.raises(NotFound):
        read(tmp_path / "nowhere.csv", Options())
    with pytest.raises(InvalidInput, match="no importer"):
        read(written(tmp_path, "x.pdf", "x"), Options())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="no importer"):
        read(tmp_path / "empty", Options())
    for name, content in (
        ("x.csv", b""),
        ("y.csv", b"no separator here\nat all\n"),
        ("z.parquet", b"not parquet"),
        ("b.csv", bytes(range(128, 256)) * 10),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataNotReady, match=name):
            read(tmp_path / name, Options())
    with pytest.raises(InvalidInput, match="importer 'magic'"):
        read(tmp_path / "x.csv", Options(), "magic")


def test_integers_and_dates_of_parquet(tmp_path) -> None:
    frame = pl.DataFrame(
        {
            "date": [20200102, 20200103],
            "open": [1, 2],
            "high": [2, 3],
            "low": [1, 1],
            "close": [2, 2],
            "volume": np.array([1, 2], dtype=np.int64),
        }
    )
    frame.write_parquet(tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet", Options()).frame["timestamp"].to_list() == DAYS

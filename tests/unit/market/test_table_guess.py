"""Tables: encodings, separators, decimal signs, wide layouts, own columns, lengths of bars."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.unit.market.test_data_commands import csv_of, run

from omp.domain.errors import DataNotReady
from omp.market.catalog import Catalog
from omp.market.importers import Options, read
from omp.market.splits import parse_iso

GUESS = Options(timeframe="", timezone="America/New_York")
HEAD = "Date,Open,High,Low,Close,Volume\n"
ROWS = "2020-01-02,1,2,0.5,1.5,100\n2020-01-03,1.5,2.5,1,2,200\n"
BRAZIL = (
    "Ativo;Data;Abertura;Máxima;Mínima;Fechamento;Volume;Quantidade\n"
    "PETR4;30/12/2019;30,00;30,20;29,90;30,10;934.567,89;31.100\n"
    "PETR4;02/01/2020;30,10;30,50;30,00;30,45;1.234.567,89;41.100\n"
)


def written(folder: Path, data: str | bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_a_brazilian_table_is_understood_in_each_encoding(tmp_path, encoding: str) -> None:
    raw = read(written(tmp_path, BRAZIL.encode(encoding)), GUESS)
    assert raw.notes["encoding"] == encoding.removesuffix("-sig")
    assert (raw.notes["separator"], raw.notes["decimal"]) == (";", ",")
    assert raw.notes["dates"] == "%d/%m/%Y"
    assert raw.frame.rows() == [
        ("PETR4", parse_iso("2019-12-30"), 30.0, 30.2, 29.9, 30.1, 31_100.0),
        ("PETR4", parse_iso("2020-01-02"), 30.1, 30.5, 30.0, 30.45, 41_100.0),
    ]


@pytest.mark.parametrize(
    ("names", "symbols"),
    [
        (("aal_data.csv", "brk.b_data.csv"), ["AAL", "BRK.B"]),
        (("aal.us.txt", "bf-b.us.txt"), ["AAL", "BF-B"]),
        (("brk.b.csv", "aal.csv"), ["AAL", "BRK.B"]),
        (("a_x.csv", "b_y.csv"), ["A_X", "B_Y"]),
        (("a_x.csv",), ["A_X"]),
    ],
)
def test_symbols_are_the_names_of_files_without_what_all_share(tmp_path, names, symbols) -> None:
    for name in names:
        written(tmp_path, HEAD + ROWS, name)
    assert read(tmp_path, GUESS).frame["symbol"].unique(maintain_order=True).to_list() == symbols


def test_a_latin_1_letter_below_an_ascii_header_is_refused_until_told(tmp_path) -> None:
    data = ("Ticker;" + HEAD.replace(",", ";")).encode() + b"A\xc7;2020-01-02;1;2;0.5;1.5;100\n"
    path = written(tmp_path, data)
    with pytest.raises(DataNotReady, match="encoding: line 2 has the byte 0xc7"):
        read(path, GUESS)
    told = read(path, Options(encoding="latin-1"))
    assert told.frame["symbol"].to_list() == ["AÇ"]
    with pytest.raises(DataNotReady, match="encoding: it is not ascii"):
        read(path, Options(encoding="ascii"))


@pytest.mark.parametrize(
    ("cell", "read_as"),
    [('"1,50"', 1.5), ('"1.000,50"', 1000.5), ('"1,000.50"', 1000.5), ("1e3", 1000.0)],
)
def test_quoted_numbers_of_a_comma_file(tmp_path, cell: str, read_as: float) -> None:
    row = f"2020-01-02,{cell},{cell},{cell},{cell},100\n"
    raw = read(written(tmp_path, HEAD + row), Options())
    assert raw.frame.row(0)[2:6] == (read_as,) * 4


def test_a_comma_that_could_part_thousands_or_decimals_needs_a_word(tmp_path) -> None:
    cell = '"1,234"'
    path = written(tmp_path, HEAD + f"2020-01-02,{cell},{cell},{cell},{cell},100\n")
    with pytest.raises(DataNotReady, match=r"decimal: .* thousands or decimals"):
        read(path, Options())
    assert read(path, Options(decimal=",")).frame["open"].to_list() == [1.234]
    assert read(path, Options(decimal=".")).frame["open"].to_list() == [1234.0]


def test_a_point_among_decimal_commas_is_named_with_its_line(tmp_path) -> None:
    with pytest.raises(DataNotReady, match=r"decimal: Fechamento on line 3 reads '30\.45'"):
        read(written(tmp_path, BRAZIL.replace("30,45", "30.45")), GUESS)


def test_a_file_without_header_is_mapped_by_number(tmp_path) -> None:
    path = written(tmp_path, "ABC|02/13/2020|1|2|0.5|1.5|7\n")
    with pytest.raises(DataNotReady, match="no column for timestamp, open"):
        read(path, GUESS)
    names = ("symbol", "timestamp", "open", "high", "low", "close", "volume")
    columns = {name: str(number) for number, name in enumerate(names, 1)}
    raw = read(path, Options(columns=columns))
    assert raw.frame.rows() == [("ABC", parse_iso("2020-02-13"), 1.0, 2.0, 0.5, 1.5, 7.0)]
    assert raw.notes["header"] == "none"


def test_a_day_and_a_time_in_two_columns_are_one(tmp_path) -> None:
    text = (
        "Date,Time,Open,High,Low,Close,Volume\n"
        "2020-01-02,10:00,1,2,0.5,1.5,100\n2020-01-02,10:30,1,2,0.5,1.5,100\n"
    )
    raw = read(written(tmp_path, text), GUESS)
    assert raw.timeframe == "30m"
    assert raw.frame["timestamp"].to_list() == [
        parse_iso("2020-01-02T15:00:00"),
        parse_iso("2020-01-02T15:30:00"),
    ]


@pytest.mark.parametrize("form", ["{symbol}_{field}", "{field} {symbol}", "{symbol}.{field}"])
def test_a_wide_table_becomes_long(tmp_path, form: str) -> None:
    frame = pl.DataFrame({"Date": ["2020-01-02", "2020-01-03"]})
    for number, symbol in enumerate(("AAA", "BBB"), 1):
        for field in ("open", "high", "low", "close", "volume"):
            name = form.format(symbol=symbol, field=field.title())
            frame = frame.with_columns(pl.Series(name, [float(number), number + 1.0]))
    frame.write_csv(tmp_path / "wide.csv")
    raw = read(tmp_path / "wide.csv", GUESS)
    assert raw.frame["symbol"].to_list() == ["AAA", "AAA", "BBB", "BBB"]
    assert raw.frame["close"].to_list() == [1.0, 2.0, 2.0, 3.0]
    assert raw.notes["layout"].startswith("wide: 2 symbols")


@pytest.mark.parametrize(
    ("times", "timeframe"),
    [
        (["2020-01-02", "2020-01-03", "2020-01-06"], "1d"),
        (["2020-01-02 21:00", "2020-01-03 21:00", "2020-01-06 21:00"], "1d"),
        (["2020-01-02 10:00", "2020-01-02 11:00", "2020-01-03 10:00", "2020-01-03 11:00"], "1h"),
        (["2020-01-02 10:00", "2020-01-02 10:05", "2020-01-02 10:10"], "5m"),
        (["2020-01-02 10:00", "2020-01-02 10:01"], "1m"),
    ],
)
def test_the_length_of_a_bar_is_found_in_the_times(tmp_path, times, timeframe: str) -> None:
    rows = "".join(f"{time},1,2,0.5,1.5,100\n" for time in times)
    assert read(written(tmp_path, HEAD + rows), GUESS).timeframe == timeframe


@pytest.mark.parametrize(
    "times", [["2020-01-03", "2020-01-10", "2020-01-17"], ["2020-01-02 10:00"]]
)
def test_a_length_that_no_bar_has_needs_a_word(tmp_path, times) -> None:
    rows = "".join(f"{time},1,2,0.5,1.5,100\n" for time in times)
    with pytest.raises(DataNotReady, match="timeframe: "):
        read(written(tmp_path, HEAD + rows), GUESS)


@pytest.mark.parametrize(
    ("name", "why"),
    [("Mood", "cannot be called"), ("close", "cannot be called"), ("../x", "cannot be called")],
)
def test_a_feature_has_a_plain_name_of_its_own(tmp_path, name: str, why: str) -> None:
    path = written(tmp_path, HEAD + ROWS)
    with pytest.raises(DataNotReady, match=why):
        read(path, Options(features={name: "Volume"}))
    with pytest.raises(DataNotReady, match="no column 'Mood' for the feature mood"):
        read(path, Options(features={"mood": "Mood"}))


def test_columns_of_the_users_own_reach_the_snapshot_and_its_digest(made, tmp_path) -> None:
    path = csv_of(made(), tmp_path / "AAA.csv")
    where = ("--venue", "synthetic", "--workspace", str(tmp_path / "w"))
    plain = run("import", str(path), "--name", "plain", *where)[1]
    frame = pl.read_csv(path)
    frame = frame.with_columns(pl.Series("Mood", np.arange(frame.height) / 7))
    frame = frame.with_columns(pl.when(pl.col("Mood") > 1).then("Mood").alias("Mood"))
    frame.write_csv(path)
    code, result = run("import", str(path), "--name", "own", "--feature", "mood=Mood", *where)
    assert code == 0
    assert result["features"] == ["mood"]
    assert result["digest"] != plain["digest"]
    panel = Catalog(tmp_path / "w").open_mining("own")
    mood = panel.bars[0].features["mood"]
    assert np.isnan(mood[:8]).all()
    assert np.array_equal(mood[8:], np.arange(8, mood.size) / 7)
    assert panel.bars[0].slice(10, 20).features["mood"][0] == 10 / 7
    again = run("import", str(path), "--name", "again", *where)[1]
    assert again["digest"] == plain["digest"]
    sealed = Catalog(tmp_path / "w").open_sealed("own")
    assert len(sealed.bars[0].features["mood"]) == len(sealed)


def test_raw_prices_ride_along_with_adjusted_ones(tmp_path) -> None:
    text = HEAD.replace("Volume", "Volume,Adj Close") + "2020-01-02,1,2,0.5,1.5,100,0.75\n"
    raw = read(written(tmp_path, text), Options())
    assert raw.adjusted is True
    assert raw.raw_frame is not None
    assert raw.raw_frame.row(0)[2:] == (1.0, 2.0, 0.5, 1.5, 100.0)
    assert raw.frame.row(0)[2:] == (0.5, 1.0, 0.25, 0.75, 200.0)
    left = read(written(tmp_path, text), Options(adjust=False))
    assert (left.adjusted, left.raw_frame) == (None, None)


def test_columns_of_no_use_as_numbers_are_a_named_fault(tmp_path) -> None:
    frame = pl.DataFrame({"date": ["2020-01-02"], "open": [[1.0]], "high": [2.0], "low": [0.5]})
    frame = frame.with_columns(close=1.5, volume=100, line=1)
    frame.write_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataNotReady, match=r"x\.parquet cannot be imported: schema"):
        read(tmp_path / "x.parquet", GUESS)
    good = frame.with_columns(open=1.0)
    good.write_parquet(tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet", GUESS).frame.height == 1
    good.write_csv(tmp_path / "line.csv")
    assert read(tmp_path / "line.csv", GUESS).frame.height == 1


def test_a_licence_beside_the_tables_is_left_aside(tmp_path) -> None:
    written(tmp_path, HEAD + ROWS, "aal.txt")
    written(tmp_path, "Free for all, and for every use.\nNo warranty.\n", "LICENCE.txt")
    assert read(tmp_path, GUESS).files == ("aal.txt",)


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.tsv"])
def test_an_empty_file_is_called_empty(tmp_path, name: str) -> None:
    with pytest.raises(DataNotReady, match="empty: there is nothing in it"):
        read(written(tmp_path, b"", name), GUESS)

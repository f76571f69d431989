"""B3's COTAHIST: exact values, and each way of being damaged refused by its own name."""

import zipfile
from pathlib import Path

import polars as pl
import pytest
from tests.kits.cotahist_year import write_year
from tests.kits.importer_cases import cotahist_quote, cotahist_text

from omp.domain.errors import DataNotReady
from omp.market.importers import Options, read
from omp.market.splits import parse_iso

DAY = "2016-01-04"
BY_HAND = [
    # The digits of the record's places 57-69, 70-82, 83-95, 109-121 (hundredths) and 153-170.
    ("ABCB4", "open", 8.20),  # 0000000000820, PN EJS N2
    ("ABEV3", "high", 17.73),  # 0000000001773, ON EJ
    ("ABEV3", "volume", 13_206_900.0),  # 000000000013206900
    ("ALUP11", "low", 12.15),  # 0000000001215, UNT N2
    ("BBAS3", "close", 14.24),  # 0000000001424, ON NM
    ("BBDC4", "open", 19.02),  # 0000000001902, PN ES N1
    ("BRFS3", "high", 55.35),  # 0000000005535, ON EDJ NM
    ("BRKM5", "close", 27.10),  # 0000000002710, PNA N1
    ("BMKS3", "volume", 1.0),  # 000000000000000001
    ("CBEE3", "close", 0.00087),  # 0000000000087 for a lot of 1000 (places 211-217)
]


@pytest.fixture
def excerpt(market_data: Path) -> Path:
    return market_data / "br_b3" / "COTAHIST_D04012016.TXT"


def written(folder: Path, data: bytes, name: str = "COTAHIST_A2020.TXT") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def quotes() -> list[str]:
    return [
        cotahist_quote("AAAA3", f"2020-01-{day:02d}", [10.0, 11.0, 9.0, 10.5], 100)
        for day in (2, 3, 6)
    ]


def test_the_excerpt_of_the_real_file_is_refused_for_its_count(excerpt) -> None:
    with pytest.raises(DataNotReady, match=r"record_count.*promises 1745 records, 506 were found"):
        read(excerpt, Options())


@pytest.mark.parametrize(("symbol", "column", "value"), BY_HAND)
def test_ten_values_of_the_real_file_read_by_hand(
    excerpt, tmp_path, symbol: str, column: str, value: float
) -> None:
    whole = excerpt.read_bytes().replace(b"2016010400000001745", b"2016010400000000506")
    raw = read(written(tmp_path, whole), Options())
    row = raw.frame.row(by_predicate=pl.col("symbol") == symbol, named=True)
    assert row[column] == value
    assert row["timestamp"] == parse_iso(DAY)


def test_only_shares_of_the_cash_market_are_taken_from_the_real_file(excerpt, tmp_path) -> None:
    whole = excerpt.read_bytes().replace(b"2016010400000001745", b"2016010400000000506")
    raw = read(written(tmp_path, whole), Options())
    assert raw.frame.height == 56
    assert "AAPL34" not in raw.frame["symbol"]  # a depositary receipt (DRN)
    assert raw.adjusted is False
    assert raw.venue == "br"
    assert raw.ex_marks is not None
    marks = dict(raw.ex_marks.select("symbol", "mark").rows())
    assert marks["BRFS3"] == "EDJ"
    assert marks["ABCB4"] == "EJS"
    assert "BBAS3" not in marks
    odd = read(tmp_path / "COTAHIST_A2020.TXT", Options(fractional=True)).frame
    assert {name[-1] for name in odd["symbol"]} == {"F"}
    assert odd.filter(pl.col("symbol") == "ABEV3F")["volume"].to_list() == [9_386.0]


def test_a_zip_of_a_year_gives_the_same_as_its_text(tmp_path) -> None:
    n_shares = write_year(tmp_path / "COTAHIST_A2019.TXT", 20_000, zipped=True)
    text = read(tmp_path / "COTAHIST_A2019.TXT", Options())
    assert text.frame.height == n_shares
    assert read(tmp_path / "COTAHIST_A2019.ZIP", Options()).frame.equals(text.frame)
    prices = text.frame.select("open", "high", "low", "close").to_numpy()
    assert (prices[:, 1] >= prices.max(axis=1)).all()


def test_files_are_read_in_the_order_of_their_days(tmp_path) -> None:
    for name, day in (("D03012020", "2020-01-03"), ("D02022020", "2020-02-02")):
        data = cotahist_text([cotahist_quote("AAAA3", day, [1, 1, 1, 1], 1)])
        written(tmp_path, data, f"COTAHIST_{name}.TXT")
    frame = read(tmp_path, Options()).frame
    assert frame["timestamp"].to_list() == [parse_iso("2020-01-03"), parse_iso("2020-02-02")]


def test_prices_are_divided_by_the_quotation_factor(tmp_path) -> None:
    data = cotahist_text([cotahist_quote("AAAA4", "2000-01-03", [1, 2, 1, 1.5], 9, factor=1000)])
    row = read(written(tmp_path, data), Options()).frame.row(0, named=True)
    assert (row["open"], row["high"], row["close"], row["volume"]) == (1.0, 2.0, 1.5, 9.0)


def test_line_feeds_alone_and_letters_beyond_ascii_are_read(tmp_path) -> None:
    text = cotahist_text(quotes()).replace(b"COMPANY   ", b"A\xc7\xc3O      ")
    expected = read(written(tmp_path, text), Options()).frame
    assert expected.height == 3
    assert read(written(tmp_path, text.replace(b"\r\n", b"\n")), Options()).frame.equals(expected)


def test_a_right_that_a_share_trades_without_is_marked_once(tmp_path) -> None:
    specs = ["ON      NM", "ON  ED  NM", "ON  ED  NM", "ON      NM", "ON  EJ  NM"]
    days = ["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07", "2020-01-08"]
    rows = [
        cotahist_quote("AAAA3", day, [1, 1, 1, 1], 1, spec=spec)
        for day, spec in zip(days, specs, strict=True)
    ]
    marks = read(written(tmp_path, cotahist_text(rows)), Options()).ex_marks
    assert marks is not None
    assert [(str(day), mark) for _, day, mark in marks.rows()] == [
        ("2020-01-03", "ED"),
        ("2020-01-08", "EJ"),
    ]


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _no_trailer(data: bytes) -> bytes:
    return b"\r\n".join(data.split(b"\r\n")[:-2]) + b"\r\n"


def _short_line(data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    lines[2] = lines[2][:-1]
    return b"\r\n".join(lines)


def _letter(data: bytes) -> bytes:
    return data.replace(b"0000000001000", b"00000000O1000", 1)


def _count(data: bytes) -> bytes:
    return data.replace(b"2020010300000000005", b"2020010300000000006")


def _no_count(data: bytes) -> bytes:
    return data.replace(b"2020010300000000005", b"20200103           ")


def _no_factor(data: bytes) -> bytes:
    return data.replace(b"999912310000001", b"999912310000000", 1)


def _no_day(data: bytes) -> bytes:
    return data.replace(b"0120200103", b"0120209903", 1)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        (_cut, "trailer: .*cut short|record_length: line"),
        (_no_trailer, "trailer: its last line .number 4. is no trailer"),
        (_short_line, "record_length: line 3 "),
        (_letter, "digits: open on line 2 reads '00000000O1000'"),
        (_count, "record_count: its trailer promises 6 records, 5 were found"),
        (_no_count, "trailer: its trailer promises no count"),
        (_no_factor, "digits: line 2 has the quotation factor 0"),
        (_no_day, "digits: line 3 has no date"),
    ],
)
def test_each_damage_is_refused_by_its_name(tmp_path, damage, rule: str) -> None:
    good = cotahist_text(quotes())
    assert read(written(tmp_path, good), Options()).frame.height == 3
    bad = damage(good)
    assert bad != good
    with pytest.raises(DataNotReady, match=rule):
        read(written(tmp_path, bad), Options())


def test_a_file_cut_within_a_zip_is_refused_by_the_same_name(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "COTAHIST_A2020.ZIP", "w") as archive:
        archive.writestr("COTAHIST_A2020.TXT", _count(cotahist_text(quotes())))
    with pytest.raises(DataNotReady, match="record_count"):
        read(tmp_path / "COTAHIST_A2020.ZIP", Options())


def test_a_file_without_a_share_says_so(tmp_path) -> None:
    data = cotahist_text([cotahist_quote("FUND11", DAY, [1, 1, 1, 1], 1, spec="CI", bdi="12")])
    with pytest.raises(DataNotReady, match="no share of the chosen market"):
        read(written(tmp_path, data), Options())

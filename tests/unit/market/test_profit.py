"""ProfitChart exports: Brazilian numbers and days, no header, the newest bar first."""

from pathlib import Path

import pytest

from omp.domain.errors import DataNotReady
from omp.market.importers import Options, read
from omp.market.splits import parse_iso

GUESS = Options(timeframe="", timezone="")
HOURS = (
    "PETR4;03/01/2020;11:00:00;30,10;30,50;30,00;30,45;1.234.567,89;41.100\r\n"
    "PETR4;03/01/2020;10:00:00;30,00;30,20;29,90;30,10;934.567,89;31.100\r\n"
    "PETR4;02/01/2020;11:00:00;29,80;30,00;29,70;30,00;1.034.567,89;35.000\r\n"
)
DAYS = (
    "WEGE3;03/01/2020;34,10;34,50;34,00;34,45;1.234.567,89;41100\r\n"
    "WEGE3;02/01/2020;34,00;34,20;33,90;34,10;934.567,89;31100\r\n"
)


def written(folder: Path, text: str, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode("latin-1"))
    return path


def test_hours_are_read_in_brazilian_numbers_and_time(tmp_path) -> None:
    raw = read(written(tmp_path, HOURS), GUESS)
    assert (raw.importer, raw.timeframe, raw.venue) == ("profit", "1h", "br")
    assert raw.frame.rows() == [
        ("PETR4", parse_iso("2020-01-02T14:00:00"), 29.8, 30.0, 29.7, 30.0, 35_000.0),
        ("PETR4", parse_iso("2020-01-03T13:00:00"), 30.0, 30.2, 29.9, 30.1, 31_100.0),
        ("PETR4", parse_iso("2020-01-03T14:00:00"), 30.1, 30.5, 30.0, 30.45, 41_100.0),
    ]
    assert raw.notes["order"] == "newest first, turned over"
    assert raw.notes["timezone"] == "America/Sao_Paulo"


def test_days_have_no_time_and_need_none(tmp_path) -> None:
    raw = read(written(tmp_path, DAYS), GUESS)
    assert raw.timeframe == "1d"
    assert raw.frame["timestamp"].to_list() == [parse_iso("2020-01-02"), parse_iso("2020-01-03")]


def test_summer_time_that_brazil_had_until_2019_counts(tmp_path) -> None:
    text = HOURS.replace("/2020", "/2019")
    stamps = read(written(tmp_path, text), GUESS).frame["timestamp"].to_list()
    assert stamps[0] == parse_iso("2019-01-02T13:00:00")


def test_oldest_first_stays_and_a_shuffled_file_is_left_for_readiness(tmp_path) -> None:
    lines = HOURS.splitlines(keepends=True)
    expected = read(written(tmp_path, HOURS), GUESS).frame
    assert read(written(tmp_path, "".join(reversed(lines))), GUESS).frame.equals(expected)
    mixed = read(written(tmp_path, lines[1] + lines[0] + lines[2]), GUESS).frame
    assert not mixed["timestamp"].is_sorted()


def test_a_folder_of_exports_is_one_table(tmp_path) -> None:
    written(tmp_path, HOURS, "petr4.csv")
    written(tmp_path, HOURS.replace("PETR4", "VALE3"), "vale3.csv")
    raw = read(tmp_path, GUESS)
    assert raw.frame["symbol"].to_list() == ["PETR4"] * 3 + ["VALE3"] * 3
    assert raw.files == ("petr4.csv", "vale3.csv")


def test_the_turnover_can_be_kept_as_a_feature(tmp_path) -> None:
    options = Options(timeframe="", timezone="", features={"reais": "turnover"})
    raw = read(written(tmp_path, DAYS), options)
    assert raw.features == ("reais",)
    assert raw.frame["reais"].to_list() == [934_567.89, 1_234_567.89]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (HOURS.replace("30,00;30,20", "30.00;30,20"), r"decimal: open on line 2 reads '30\.00'"),
        (
            "".join(line.rpartition(";")[0] + "\n" for line in HOURS.splitlines()),
            "schema: it has 8",
        ),
    ],
)
def test_what_profitchart_does_not_write_is_refused(tmp_path, text: str, rule: str) -> None:
    with pytest.raises(DataNotReady, match=rule):
        read(written(tmp_path, text), GUESS, "profit")

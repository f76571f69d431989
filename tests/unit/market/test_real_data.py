"""Real dirt is refused by name, and what is clean in the same file goes in."""

from pathlib import Path

import pytest

from omp.domain.errors import DataNotReady
from omp.market.acquire import import_files
from omp.market.catalog import Catalog
from omp.market.importers import Options

KNOWN_DIRT = {
    "missing_value: BHF",
    "missing_value: REGN",
    "ohlc: CHD",
    "ohlc: LNT",
    "gap: ORCL",
    "gap: BMY",
    "split_jump: NI",
    "split_jump: DISCK",
    "too_short: DWDP",
    "spin_off: A",
    "spin_off: KLAC",
    "spin_off: YUM",
    "bad_tick: FLR",
    "bad_tick: XL",
}


@pytest.fixture
def table(market_data: Path) -> Path:
    return market_data / "us_sp500_5yr" / "sp500_5yr_2013_2018.parquet"


def test_the_whole_file_is_refused_with_its_faults(table, tmp_path) -> None:
    with pytest.raises(DataNotReady) as refused:
        import_files(Catalog(tmp_path), table, name="all", venue_name="us", options=Options())
    found = {" ".join(fault.split(" ")[:2]) for fault in refused.value.faults}
    assert found >= KNOWN_DIRT
    assert sum(fault.startswith("ohlc") for fault in refused.value.faults) == 11
    assert list(tmp_path.iterdir()) == []


def test_clean_symbols_of_it_are_imported(table, tmp_path) -> None:
    catalog = Catalog(tmp_path)
    found = import_files(
        catalog,
        table,
        name="five",
        venue_name="us",
        options=Options(),
        symbols=["AAPL", "IBM", "MSFT", "XOM", "JPM"],
    )
    assert found.manifest["bars"] + found.manifest["bars_sealed"] == 1259
    assert found.manifest["bars_sealed"] == 378
    panel = catalog.open_mining("five")
    assert panel.symbols == ("AAPL", "IBM", "JPM", "MSFT", "XOM")
    assert panel.periods_per_year == 252.0


def test_the_universe_without_its_faulty_symbols_is_imported(table, tmp_path) -> None:
    found = import_files(
        Catalog(tmp_path), table, name="most", options=Options(timeframe=""), leave_out_faulty=True
    )
    left_out = found.manifest["left_out"]
    assert len(found.symbols) + len(left_out) == 505
    assert len(found.symbols) > 400
    assert "missing_value" in left_out["REGN"]
    assert "ohlc" in left_out["CHD"]
    assert found.manifest["changes"] is None
    assert found.timeframe == "1d"


def test_lean_daily_bars_are_imported_and_a_longer_history_adds_to_them(
    market_data, tmp_path
) -> None:
    catalog = Catalog(tmp_path)
    folder = market_data / "us_lean" / "daily"
    options = Options(timeframe="", timezone="")
    accept = ["gap", "split_jump", "off_calendar", "zero_volume", "bad_tick", "spin_off"]
    first = import_files(
        catalog, folder, name="lean", options=options, symbols=["IBM"], accept=accept
    )
    assert first.venue == "us"
    assert first.manifest["source"]["importer"] == "lean"
    both = import_files(
        catalog, folder, name="lean", options=options, symbols=["IBM", "SPY"], accept=accept
    )
    changes = both.manifest["changes"]
    assert changes["previous"] == first.digest
    assert (changes["changed_bars"], changes["symbols_added"]) == (0, ["SPY"])
    assert changes["common_bars"] == first.manifest["rows"] + first.manifest["rows_sealed"]
    assert both.lineage == first.lineage


def test_lean_prices_are_adjusted_and_only_bad_ticks_are_left(market_data, tmp_path) -> None:
    folder = market_data / "us_lean" / "daily"
    with pytest.raises(DataNotReady) as refused:
        import_files(
            Catalog(tmp_path),
            folder,
            name="three",
            options=Options(timeframe="", timezone=""),
            symbols=["AAPL", "BAC", "SPY"],
        )
    assert {fault.partition(":")[0] for fault in refused.value.faults} == {"bad_tick"}
    assert "AAPL 2009-09-21" in refused.value.faults[0]  # a low of 0.33 among prices of 5.7
    found = import_files(
        Catalog(tmp_path),
        folder,
        name="three",
        options=Options(timeframe="", timezone=""),
        symbols=["AAPL", "BAC", "SPY"],
        accept=["bad_tick"],
    )
    assert found.symbols == ("AAPL", "BAC", "SPY")
    assert found.manifest["rows"] > 10_000
    assert "factor files" in found.manifest["source"]["provenance"]["notes"]["adjustment"]

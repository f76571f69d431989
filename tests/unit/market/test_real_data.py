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

"""Adjustment: values worked out by hand, from factor files and from a table of actions."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from omp.domain.errors import DataNotReady, InvalidInput
from omp.market.acquire import import_files
from omp.market.adjust import apply, factors_of
from omp.market.catalog import Catalog
from omp.market.examine import Request, read_request
from omp.market.importers import Options, Raw

DATA = os.environ.get("OMP_TEST_DATA", "")
real = pytest.mark.skipif(not DATA, reason="OMP_TEST_DATA does not name the shared real data")
DAYS = [date(2020, 1, day) for day in (6, 7, 8, 9, 10)]


def ns(day: date) -> int:
    return int(np.datetime64(day, "ns").astype(np.int64))


def table(closes: list[float], symbol: str = "AAA") -> pl.DataFrame:
    price = pl.Series("close", closes)
    return pl.DataFrame(
        {
            "symbol": symbol,
            "timestamp": [ns(day) for day in DAYS[: len(closes)]],
            "open": price,
            "high": price,
            "low": price,
            "close": price,
            "volume": 100.0,
        }
    )


def written(folder: Path, *rows: str) -> Path:
    path = folder / "actions.csv"
    path.write_text("\n".join(["symbol,ex_date,kind,value", *rows]), encoding="utf-8")
    return path


def test_a_split_is_undone_and_the_volume_with_it(tmp_path: Path) -> None:
    raw = Raw(table([100.0, 104.0, 52.0, 53.0]), "table", ("a.csv",), adjusted=False)
    done = apply(raw, actions_file=written(tmp_path, "AAA,2020-01-08,split,2"))
    assert done.frame["close"].to_list() == [50.0, 52.0, 52.0, 53.0]
    assert done.frame["volume"].to_list() == [200.0, 200.0, 100.0, 100.0]
    assert done.raw_frame is not None
    assert done.raw_frame["close"].to_list() == [100.0, 104.0, 52.0, 53.0]
    assert done.adjusted is True


def test_a_dividend_gives_the_return_of_a_holder_who_reinvests(tmp_path: Path) -> None:
    raw = Raw(table([100.0, 100.0, 98.0]), "table", ("a.csv",))
    done = apply(raw, actions_file=written(tmp_path, "AAA,2020-01-08,dividend,2.0"))
    assert done.frame["close"].to_list() == pytest.approx([98.0, 98.0, 98.0], abs=1e-12)
    assert done.frame["volume"].to_list() == [100.0] * 3


def test_a_split_and_a_dividend_of_one_day_meet(tmp_path: Path) -> None:
    """100 before, two for one, 1.00 on each new share: 100 = 2 (49 + 1)."""
    raw = Raw(table([100.0, 49.0]), "table", ("a.csv",))
    path = written(tmp_path, "AAA,2020-01-07,split,2", "AAA,2020-01-07,dividend,1")
    assert apply(raw, actions_file=path).frame["close"].to_list() == pytest.approx([49.0, 49.0])


def test_a_spin_off_is_what_it_was_worth(tmp_path: Path) -> None:
    raw = Raw(table([50.0, 40.0]), "table", ("a.csv",))
    path = written(tmp_path, "AAA,2020-01-07,spin-off,10")
    assert apply(raw, actions_file=path).frame["close"].to_list() == [40.0, 40.0]


def test_actions_outside_the_bars_change_nothing() -> None:
    actions = pl.DataFrame(
        {
            "symbol": "AAA",
            "date": [date(2020, 1, 6), date(2020, 2, 1)],
            "kind": "split",
            "value": [2.0, 2.0],
        }
    )
    assert factors_of(table([1.0, 2.0]), actions).height == 0


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("AAA,2020-01-08,gift,2", "line 2"),
        ("AAA,08/01/2020,split,2", "line 2"),
        ("AAA,2020-01-08,split,0", "line 2"),
        ("AAA,2020-01-08,split,", "line 2"),
        ("AAA,2020-01-08,dividend,500", "last close"),
        ("AAA,2020-01-08,split,2\nAAA,2020-01-08,split,2", "two rows"),
    ],
)
def test_a_faulty_table_is_refused_by_name(tmp_path: Path, row: str, said: str) -> None:
    raw = Raw(table([100.0, 104.0, 52.0]), "table", ("a.csv",))
    with pytest.raises(DataNotReady, match=said) as caught:
        apply(raw, actions_file=written(tmp_path, row))
    assert caught.value.faults[0].startswith("actions")


def test_a_table_of_other_symbols_or_for_adjusted_prices_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "ZZZ,2020-01-08,split,2")
    raw = Raw(table([100.0]), "table", ("a.csv",))
    with pytest.raises(InvalidInput, match="AAA"):
        apply(raw, actions_file=path)
    adjusted = Raw(table([100.0]), "table", ("a.csv",), adjusted=True)
    with pytest.raises(InvalidInput, match="adjusted already"):
        apply(adjusted, actions_file=path)


def test_rows_that_cannot_be_read_stay_for_readiness_to_name(tmp_path: Path) -> None:
    frame = table([100.0, 104.0, 52.0]).with_columns(
        timestamp=pl.Series([ns(DAYS[0]), None, ns(DAYS[2])], dtype=pl.Int64)
    )
    raw = Raw(frame, "table", ("a.csv",))
    done = apply(raw, actions_file=written(tmp_path, "AAA,2020-01-08,split,2"))
    assert done.frame["timestamp"].to_list() == frame["timestamp"].to_list()
    assert done.frame["close"].to_list()[::2] == [50.0, 52.0]


@real
def test_apple_equals_what_its_factor_file_says_by_hand() -> None:
    """Rows of the factor file: 2012-08-08 0.8613657 and 1/28; 2014-06-06 0.9011818 and 1/28;
    2014-08-06 0.9011818 and 1/4; 2020-08-28 0.9967882 and 1/4; 2020-11-05 0.9967882 and 1."""
    request = Request(
        Path(DATA) / "us_lean" / "daily" / "aapl.zip", options=Options(timeframe="1d", timezone="")
    )
    raw, _ = read_request(request)
    assert raw.adjusted is True
    assert raw.raw_frame is not None
    by_hand = {  # date: close as traded, price factor, split factor, volume as traded
        date(2012, 8, 8): (619.86, 0.8613657, 0.03571430, 8514316),
        date(2012, 8, 9): (620.73, 0.8650639, 0.03571430, 7670673),
        date(2014, 6, 6): (645.57, 0.9011818, 0.03571430, 12116671),
        date(2014, 6, 9): (93.70, 0.9011818, 0.25, 72875948),
        date(2020, 8, 28): (499.23, 0.9967882, 0.25, 44109029),
        date(2020, 8, 31): (129.04, 0.9967882, 1.0, 210024091),
        date(2021, 3, 31): (122.15, 1.0, 1.0, 109019052),
    }
    rows = {row[0]: row[1:] for row in raw.frame.select("timestamp", "close", "volume").rows()}
    was = {row[0]: row[1:] for row in raw.raw_frame.select("timestamp", "close", "volume").rows()}
    for day, (close, price, split, volume) in by_hand.items():
        assert was[ns(day)] == (close, volume), day
        assert rows[ns(day)][0] == pytest.approx(close * price * split, rel=1e-14), day
        assert rows[ns(day)][1] == pytest.approx(volume / split, rel=1e-14), day


@real
def test_both_prices_reach_the_snapshot_and_only_one_the_digest_of_old_ones(
    tmp_path: Path,
) -> None:
    catalog = Catalog(tmp_path)
    path = Path(DATA) / "us_lean" / "daily" / "aapl.zip"
    options = Options(timeframe="1d", timezone="")
    found = import_files(
        catalog, path, name="aapl", options=options, accept=["bad_tick"], environment="test"
    )
    assert found.manifest["prices"]["as_traded"] == "kept"
    (bars,) = catalog.open_mining(found.digest).bars
    at = int(np.searchsorted(bars.timestamp, ns(date(2012, 8, 8))))
    assert bars.as_traded("close")[at] == 619.86
    assert bars.close[at] == pytest.approx(619.86 * 0.8613657 * 0.03571430, rel=1e-14)
    assert bars.slice(at, at + 1).traded["volume"].tolist() == [8514316.0]
    plain = Options(timeframe="1d", timezone="", adjust=False)
    raw, _ = read_request(Request(path, options=plain))
    assert (raw.adjusted, raw.raw_frame) == (False, None)

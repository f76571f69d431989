"""What a new import changes in common bars: counted, its first cases shown, sealed ones never."""

import json
from pathlib import Path

import numpy as np
import pytest

from omp.market.bars import Bars, Panel, make_panel
from omp.market.overlap import compare
from omp.market.splits import parse_iso


def changed(panel: Panel, symbol: int, at: int, **fields: float) -> Panel:
    bars = list(panel.bars)
    one = bars[symbol]
    columns = {
        name: getattr(one, name).copy() for name in ("open", "high", "low", "close", "volume")
    }
    for name, value in fields.items():
        columns[name][at] = value
    bars[symbol] = Bars(one.symbol, one.timestamp, *columns.values())
    return make_panel(bars, panel.timeframe, panel.venue, panel.periods_per_year)


def test_a_first_import_has_nothing_to_compare(made, published) -> None:
    catalog, _ = published(made())
    assert compare(catalog, "other", made()) is None


def test_the_same_bars_again_change_nothing(made, published) -> None:
    catalog, found = published(made(("AAA", "BBB")))
    answer = compare(catalog, "made", made(("AAA", "BBB")))
    assert answer is not None
    assert answer["previous"] == found.digest
    assert (answer["common_bars"], answer["changed_bars"]) == (2000, 0)
    assert (answer["added_bars"], answer["removed_bars"], answer["symbols"]) == (0, 0, {})


def test_each_changed_bar_is_counted_and_the_first_are_shown(made, published) -> None:
    panel = made(("AAA", "BBB"))
    catalog, _ = published(panel)
    before = panel.bars[1].volume[10]
    answer = compare(catalog, "made", changed(panel, 1, 10, volume=before + 1))
    assert answer is not None
    assert answer["changed_bars"] == 1
    assert list(answer["symbols"]) == ["BBB"]
    one = answer["symbols"]["BBB"]
    assert one["first"] == one["last"] == answer["cases"][0]["time"]
    assert answer["cases"] == [
        {
            "symbol": "BBB",
            "time": one["first"],
            "field": "volume",
            "before": before,
            "after": before + 1,
        }
    ]


def test_a_changed_sealed_bar_is_counted_and_its_price_never_told(made, published) -> None:
    panel = made()
    catalog, found = published(panel)
    assert panel.timestamp[-5] >= parse_iso(found.boundary)
    answer = compare(catalog, "made", changed(panel, 0, -5, close=123.456))
    assert answer is not None
    assert answer["changed_bars"] == 1
    assert answer["cases"] == []
    assert "123.456" not in json.dumps(answer)


def test_a_new_dividend_in_adjusted_prices_is_seen_as_one_factor(made, published) -> None:
    panel = made()
    catalog, _ = published(panel)
    one = panel.bars[0]
    scale = np.where(np.arange(len(one)) < 300, 0.98, 1.0)
    prices = [getattr(one, name) * scale for name in ("open", "high", "low", "close")]
    bars = Bars(one.symbol, one.timestamp, *prices, volume=one.volume)
    answer = compare(catalog, "made", make_panel([bars], "1d", "synthetic", 252.0))
    assert answer is not None
    assert answer["changed_bars"] == 300
    assert answer["symbols"]["AAA"]["factor"] == pytest.approx(0.98)
    assert len(answer["cases"]) == 10


def test_longer_and_shorter_series_and_other_symbols_are_told(made, published) -> None:
    catalog, _ = published(made(("AAA", "BBB"), n_bars=1000))
    grown = compare(catalog, "made", made(("AAA", "CCC"), n_bars=1100))
    assert grown is not None
    assert grown["added_bars"] == 100
    assert (grown["symbols_added"], grown["symbols_removed"]) == (["CCC"], ["BBB"])
    shrunk = compare(catalog, "made", made(("AAA", "BBB"), n_bars=900))
    assert shrunk is not None
    assert shrunk["removed_bars"] == 200
    assert shrunk["symbols"]["AAA"]["removed"] == 100


def test_another_timeframe_or_a_damaged_snapshot_is_not_comparable(made, published) -> None:
    panel = made()
    catalog, found = published(panel)
    other = make_panel(panel.bars, "1h", "synthetic", 252.0)
    answer = compare(catalog, "made", other)
    assert answer is not None
    assert "1d before" in answer["not_comparable"]
    bars: Path = catalog.sealed / found.digest / "bars.parquet"
    bars.write_bytes(bars.read_bytes()[:-1])
    answer = compare(catalog, "made", panel)
    assert answer is not None
    assert "damaged" in answer["not_comparable"]


def test_features_are_compared_too(made, published) -> None:
    def with_feature(value: float) -> Panel:
        one = made().bars[0]
        column = np.full(len(one), np.nan)
        column[3] = value
        prices = (one.open, one.high, one.low, one.close, one.volume)
        bars = Bars(one.symbol, one.timestamp, *prices, features={"mood": column})
        return make_panel([bars], "1d", "synthetic", 252.0)

    catalog, _ = published(with_feature(1.0))
    same = compare(catalog, "made", with_feature(1.0))
    assert same is not None
    assert same["changed_bars"] == 0
    other = compare(catalog, "made", with_feature(2.0))
    assert other is not None
    assert [case["field"] for case in other["cases"]] == ["mood"]

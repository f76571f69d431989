"""The same bars under another name are the same instrument; other bars are not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from omp.market.bars import Bars, Panel, make_panel
from omp.market.catalog import Catalog
from omp.market.sketch import DAY_NS, same, sketch
from omp.market.synthetic import Recipe, generate

FIRST_DAY = 15_000


def walk(seed: int, name: str = "AAA", days: int = 1500, first: int = 0) -> Bars:
    """Weekdays of a random walk at prices of cents, from its `first` bar on."""
    rng = np.random.default_rng(seed)
    when = np.array([d for d in range(FIRST_DAY, FIRST_DAY + 2 * days) if (d + 3) % 7 < 5])[:days]
    close = np.round(80.0 * np.exp(np.cumsum(rng.normal(0.0, 0.012, days))), 2)
    volume = np.full(days, 1000.0)
    whole = Bars(name, when * DAY_NS, close, close, close, close, volume)
    return whole.slice(first, days)


def panel(*bars: Bars) -> Panel:
    return make_panel(bars, "1d", "us", 252.0)


def scaled(bars: Bars, factor: np.ndarray, name: str, decimals: int = 4) -> Bars:
    close = np.round(bars.close * factor, decimals)
    return Bars(name, bars.timestamp, close, close, close, close, bars.volume)


def matches(one: Bars, other: Bars) -> bool:
    return bool(same(sketch(panel(one)), sketch(panel(other))))


def test_a_new_name_a_part_of_the_span_and_adjusted_prices_are_the_same_instrument() -> None:
    bars = walk(1)
    assert matches(bars, walk(1, "other_name"))
    assert matches(bars.slice(0, 900), walk(1, "late", first=800))
    quarters = np.arange(len(bars)) // 63
    dividends = 0.99 ** (quarters[-1] - quarters)
    split = np.where(np.arange(len(bars)) < 700, 0.25, 1.0)
    assert matches(bars, scaled(bars, dividends * split, "adjusted"))


def test_bars_shorter_than_a_day_agree_with_the_daily_ones() -> None:
    daily = walk(1)
    hours = np.arange(14, 21) * 3_600_000_000_000
    stamps = (daily.timestamp[:, None] + hours).ravel()
    wiggle = np.random.default_rng(3).normal(1.0, 0.002, (len(daily), hours.size))
    wiggle[:, -1] = 1.0
    close = (daily.close[:, None] * wiggle).ravel()
    assert matches(daily, Bars("H", stamps, close, close, close, close, np.ones_like(close)))


def test_other_series_and_series_that_never_moved_are_not() -> None:
    bars = walk(1)
    assert not matches(bars, walk(2))
    noise = np.exp(np.random.default_rng(9).normal(0.0, 0.001, len(bars)))
    assert not matches(bars, scaled(bars, noise, "near"))
    flat = scaled(bars, 10.0 / bars.close, "flat")
    assert not matches(flat, replace(flat, symbol="flat_too"))
    assert not matches(bars.slice(0, 30), walk(1, "short").slice(0, 30))


def test_two_cash_funds_that_hardly_move_are_not() -> None:
    def fund(seed: int, name: str) -> Bars:
        bars = walk(seed)
        moves = np.random.default_rng(seed).normal(1e-4, 5e-5, len(bars))
        close = np.round(91.0 * np.exp(np.cumsum(moves)), 3)
        return Bars(name, bars.timestamp, close, close, close, close, bars.volume)

    assert not matches(fund(1, "one"), fund(2, "other"))
    assert matches(fund(1, "one"), fund(1, "again"))


@pytest.mark.parametrize("kind", ["null", "garch"])
def test_two_made_markets_are_not(kind: str) -> None:
    one, other = (sketch(generate(Recipe(kind, seed)).panel) for seed in (1, 2))
    assert same(one, one)
    assert not same(one, other)


@pytest.fixture
def shelf(tmp_path: Path, certificate):
    def publish(bars: Bars, name: str, environment: str = "real", venue: str = "us"):
        from omp.market.catalog import Source

        return Catalog(tmp_path).publish(
            make_panel([bars], "1d", venue, 252.0),
            name=name,
            environment=environment,
            source=Source("table", f"{name}.csv"),
            certificate=certificate,
        )

    return publish


@pytest.fixture
def certificate():
    from omp.market.readiness import Known, judge_panel
    from omp.market.synthetic import Recipe, generate
    from omp.market.venues import venue

    made = generate(Recipe("null", 1)).panel
    return judge_panel(
        made,
        venue(made.venue),
        sealed_fraction=0.3,
        min_sealed_bars=250,
        known=Known(adjusted=True),
        exempt=("spin_off",),
    )


def test_a_renamed_file_joins_the_lineage_and_takes_its_boundary(shelf) -> None:
    first = shelf(walk(1), "aapl")
    again = shelf(walk(1, "aapl_daily", first=100), "again")
    assert again.manifest["lineage"] == first.manifest["lineage"]
    assert again.boundary == first.boundary
    (told,) = again.manifest["same_bars"]
    assert (told["symbol"], told["known_as"]) == ("aapl_daily", "AAA")
    assert shelf(walk(1, "br_name", first=50), "br", venue="br").boundary == first.boundary
    other = shelf(walk(2, "BBB"), "other")
    assert "same_bars" not in other.manifest
    assert other.manifest["lineage"] != first.manifest["lineage"]


def test_environments_stay_apart_and_the_test_environment_is_told(shelf) -> None:
    first = shelf(walk(1), "aapl")
    tried = shelf(walk(1, "mine", first=100), "tried", environment="test")
    assert tried.manifest["lineage"] != first.manifest["lineage"]
    assert tried.manifest["same_bars"][0]["environment"] == "real"
    shown = shelf(walk(1, "shown", first=100), "shown", environment="demo")
    assert "same_bars" not in shown.manifest


def test_a_sketch_that_is_lost_or_torn_is_made_again(shelf, tmp_path: Path) -> None:
    first = shelf(walk(1), "aapl")
    shelf(walk(1, "b", first=50), "b")
    kept = tmp_path / "state" / "sealed" / ".sketches" / f"{first.digest}.npz"
    kept.write_bytes(b"torn")
    again = shelf(walk(1, "c", first=90), "c")
    assert again.manifest["lineage"] == first.manifest["lineage"]

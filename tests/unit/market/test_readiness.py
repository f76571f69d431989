"""Readiness: each fault planted alone is caught alone, and whatever cannot be judged is a no."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest

from omp.domain.errors import DataNotReady, InvalidInput
from omp.market.certificate import Certificate
from omp.market.readiness import ACCEPTABLE, CALENDAR_RULES, RULES, Known, judge, table_of
from omp.market.splits import parse_iso
from omp.market.universes import Universe
from omp.market.venues import venue

NOW = parse_iso("2020-01-01")
LATE = date(2200, 1, 1)
Plant = Callable[[pl.DataFrame], pl.DataFrame]


@pytest.fixture
def table(made) -> pl.DataFrame:
    return table_of(made(("AAA", "BBB")))


def asked(table: pl.DataFrame, **options: object) -> Certificate:
    settings: dict[str, object] = {"now_ns": NOW} | options
    return judge(table, venue("synthetic"), "1d", **settings)  # type: ignore[arg-type]


def put(column: str, row: int, value: object) -> Plant:
    def plant(table: pl.DataFrame) -> pl.DataFrame:
        values = table[column].to_list()
        values[row] = value
        return table.with_columns(pl.Series(column, values, dtype=table[column].dtype))

    return plant


def scaled_from(row: int, factor: float) -> Plant:
    """The prices of AAA from a row on, multiplied: an unadjusted split."""

    def plant(table: pl.DataFrame) -> pl.DataFrame:
        index = pl.int_range(pl.len())
        later = (index >= row) & (pl.col("symbol") == "AAA")
        prices = ("open", "high", "low", "close")
        return table.with_columns(
            pl.when(later).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name)
            for name in prices
        )

    return plant


def without(*rows: int) -> Plant:
    return lambda table: table.filter(~pl.int_range(pl.len()).is_in(rows))


def swapped(table: pl.DataFrame) -> pl.DataFrame:
    rows = list(range(table.height))
    rows[500], rows[501] = 501, 500
    return table[rows]


def repeated(table: pl.DataFrame) -> pl.DataFrame:
    rows = [*range(501), 500, *range(501, table.height)]
    return table[rows]


def on_a_sunday(table: pl.DataFrame) -> pl.DataFrame:
    """One more bar of AAA, on the Sunday before its fifth bar's week."""
    stamps = table["timestamp"].to_numpy()
    days = stamps.astype("datetime64[ns]").astype("datetime64[D]")
    at = next(k for k in range(400, 420) if days[k + 1] - days[k] == np.timedelta64(3, "D"))
    two_days = 2 * 86_400_000_000_000
    extra = table[at].with_columns(
        timestamp=pl.lit(int(stamps[at]) + two_days), volume=pl.col("volume") + 1
    )
    return pl.concat([table[: at + 1], extra, table[at + 1 :]])


def without_volume(table: pl.DataFrame) -> pl.DataFrame:
    quiet = (pl.col("symbol") == "AAA") & (pl.int_range(pl.len()) % 10 == 0)
    return table.with_columns(volume=pl.when(quiet).then(0.0).otherwise(pl.col("volume")))


def only_early_bars_of_bbb_missing(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter((pl.col("symbol") == "AAA") | (pl.int_range(pl.len()) >= 1000 + 600))


def changed(rows: slice, **factors: float) -> Plant:
    """Columns of some rows multiplied."""

    def plant(table: pl.DataFrame) -> pl.DataFrame:
        here = pl.int_range(pl.len()).is_between(rows.start, rows.stop - 1)
        return table.with_columns(
            pl.when(here).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name)
            for name, factor in factors.items()
        )

    return plant


def spiked(row: int, factor: float) -> Plant:
    prices = dict.fromkeys(("open", "high", "low", "close"), factor)
    return changed(slice(row, row + 1), **prices)


def at_usual_volume(plant: Plant) -> Plant:
    """A fault in a market whose volume hardly varies, so that nothing is news."""

    def planted(table: pl.DataFrame) -> pl.DataFrame:
        return plant(table.with_columns(volume=1e6 + pl.int_range(pl.len()) % 7))

    return planted


def with_news(row: int, factor: float) -> Plant:
    """The prices of AAA from a row on multiplied, on ten times the usual volume."""

    def plant(table: pl.DataFrame) -> pl.DataFrame:
        moved = at_usual_volume(scaled_from(row, factor))(table)
        return changed(slice(row, row + 1), volume=10.0)(moved)

    return plant


def filled_forward(table: pl.DataFrame) -> pl.DataFrame:
    rows = [*range(500), 499, 499, *range(502, table.height)]
    return table[rows].with_columns(table["timestamp"])


def stuck(table: pl.DataFrame) -> pl.DataFrame:
    """Eight flat bars of one price and one volume."""
    here = pl.int_range(pl.len()).is_between(500, 507)
    price = float(table["close"][499])
    return table.with_columns(
        pl.when(here)
        .then(pl.lit(100.0 if name == "volume" else price))
        .otherwise(pl.col(name))
        .alias(name)
        for name in ("open", "high", "low", "close", "volume")
    )


def one_day_early(table: pl.DataFrame) -> pl.DataFrame:
    """Some months of AAA from a Monday on, dated as by a zone that is hours behind."""
    day = 86_400_000_000_000
    days = table["timestamp"].to_numpy() // day
    monday = next(k for k in range(400, 420) if days[k] - days[k - 1] == 3)
    here = pl.int_range(pl.len()).is_between(monday, 500)
    moved = pl.when(here).then(pl.col("timestamp") - day).otherwise(pl.col("timestamp"))
    return table.with_columns(timestamp=moved)


def unfinished(table: pl.DataFrame) -> pl.DataFrame:
    """The last bar of AAA, of a file fetched during the session."""
    busy = table.with_columns(volume=1e6 + pl.int_range(pl.len()) % 7)
    return changed(slice(999, 1000), volume=0.1)(busy.head(1000))


PLANTS: dict[str, tuple[str, Plant]] = {
    "an empty price": ("missing_value", put("close", 500, None)),
    "a price that is no number": ("missing_value", put("open", 500, float("nan"))),
    "an infinite volume": ("missing_value", put("volume", 500, float("inf"))),
    "an empty time": ("missing_value", put("timestamp", 999, None)),
    "two bars exchanged": ("order", swapped),
    "a bar given twice": ("duplicate", repeated),
    "a low of zero": ("non_positive", put("low", 500, 0.0)),
    "a negative volume": ("non_positive", put("volume", 500, -1.0)),
    "a high below the close": ("ohlc", put("high", 500, 1.0)),
    "a low above the open": ("ohlc", put("low", 500, 1e6)),
    "a session without a bar": ("gap", without(500)),
    "a bar on a Sunday": ("off_calendar", on_a_sunday),
    "many bars without volume": ("zero_volume", without_volume),
    "two bars filled forward": ("stale", filled_forward),
    "a feed that stands still": ("stale", stuck),
    "a bar that goes far away and comes back": ("bad_tick", at_usual_volume(spiked(500, 1.4))),
    "a low far below": ("bad_tick", at_usual_volume(changed(slice(500, 501), low=0.5))),
    "a high far above": ("bad_tick", at_usual_volume(changed(slice(500, 501), high=1.8))),
    "dates one day early for months": ("time_zone", one_day_early),
    "an unfinished last bar": ("partial_last", unfinished),
    "a spin-off that takes a sixth": ("spin_off", at_usual_volume(scaled_from(500, 0.84))),
    "a split of 2 to 1": ("split_jump", scaled_from(500, 0.5)),
    "a reverse split of 1 to 10": ("split_jump", scaled_from(500, 10.0)),
    "a spin-off that takes most of the price": ("split_jump", scaled_from(500, 0.23)),
    "a symbol that begins too late": ("too_short", only_early_bars_of_bbb_missing),
}


def test_clean_data_are_ready(table) -> None:
    certificate = asked(table)
    assert certificate.faults == ()
    assert certificate.ready is True
    assert certificate.counts == {"bars": 2000, "symbols": 2}


@pytest.mark.parametrize("fault", list(PLANTS))
def test_a_fault_planted_alone_is_caught_alone(table, fault: str) -> None:
    rule, plant = PLANTS[fault]
    certificate = asked(plant(table))
    assert certificate.ready is False
    assert {one.rule for one in certificate.faults} == {rule}
    assert len(certificate.faults) == 1
    (found,) = certificate.faults
    assert found.symbol == ("BBB" if "late" in fault else "AAA")
    assert found.detail
    assert found.remedy
    assert certificate.counts[rule] >= 1
    with pytest.raises(DataNotReady, match=f"{rule}: ") as refused:
        certificate.require("mine")
    assert refused.value.exit_code == 3


def test_every_rule_has_a_fault_that_trips_it() -> None:
    planted = {rule for rule, _ in PLANTS.values()}
    known = {"age", "ex_mark", "outside_universe"}
    hourly = {"off_session", "cut_session", "partial_session"}
    flags = {name for name, rule in RULES.items() if rule.severity == "flag"}
    assert planted == set(RULES) - {"future"} - known - hourly - flags


def test_the_time_of_the_first_bar_at_fault_is_named(table) -> None:
    (found,) = asked(put("low", 500, 0.0)(table)).faults
    day = np.datetime64(int(table["timestamp"][500]), "ns").astype("datetime64[D]")
    assert found.time == str(day)


def test_a_bar_that_has_not_closed_is_refused(table) -> None:
    last = int(table["timestamp"].max())
    assert asked(table, now_ns=last + 86_400_000_000_000).ready is True
    certificate = asked(table, now_ns=last + 86_400_000_000_000 - 1)
    assert [one.rule for one in certificate.faults] == ["future", "future"]


def test_too_short_a_history_is_refused(made) -> None:
    certificate = asked(table_of(made(n_bars=800)))
    assert [one.rule for one in certificate.faults] == ["too_short"]
    assert "240 sealed" in certificate.faults[0].detail
    assert asked(table_of(made(n_bars=834))).ready is True


def test_a_missing_column_or_an_empty_table_is_refused(table) -> None:
    for bad in (table.drop("volume"), table.clear()):
        certificate = asked(bad)
        assert [one.rule for one in certificate.faults] == ["schema"]
        assert certificate.ready is False


def test_real_moves_of_any_other_size_are_no_splits(table) -> None:
    for factor in (0.53, 0.8, 1.25, 1.4, 2.2, 0.44):
        assert asked(with_news(500, factor)(table)).ready is True


def test_accepted_faults_are_kept_for_the_record(table) -> None:
    certificate = asked(without(500)(table), accept=["gap"])
    assert certificate.ready is True
    assert [one.rule for one in certificate.accepted] == ["gap"]
    assert Certificate.from_record(certificate.record()) == certificate


def test_what_is_always_wrong_cannot_be_accepted(table) -> None:
    for rule in set(RULES) - set(ACCEPTABLE):
        with pytest.raises(InvalidInput, match=rule):
            asked(table, accept=[rule])


def test_what_cannot_be_judged_is_unknown_and_unknown_is_no(table) -> None:
    early = table.with_columns(timestamp=pl.col("timestamp") - parse_iso("2200-01-01"))
    certificate = judge(early, venue("us"), "1d", now_ns=NOW)
    assert certificate.ready is not True
    late = table.with_columns(timestamp=pl.col("timestamp") + parse_iso("2150-01-01"))
    certificate = judge(late, venue("us"), "1d", now_ns=parse_iso("2200-01-01"))
    assert certificate.ready is None
    assert set(certificate.unknown) == set(CALENDAR_RULES)
    assert "does not cover" in certificate.unknown["gap"]
    with pytest.raises(DataNotReady, match="unknown"):
        certificate.require("mine")


def test_what_is_known_beside_the_rows_is_asked(table) -> None:
    marks = pl.DataFrame({"symbol": ["AAA"], "date": [date(2011, 5, 2)], "mark": ["ED"]})
    spells = {"AAA": ((date(2010, 1, 1), date(2011, 1, 1)),), "ZZZ": ((date(2010, 1, 1), LATE),)}
    spells["BBB"] = ((date(2010, 1, 1), LATE),)
    universe = Universe("few", spells, is_point_in_time=True, source="here")
    for rule, known in {
        "age": Known(max_age_days=30.0),
        "ex_mark": Known(ex_marks=marks),
        "outside_universe": Known(universe=universe),
    }.items():
        certificate = asked(table, known=known)
        assert [one.rule for one in certificate.faults] == [rule]
    assert asked(table, known=Known(ex_marks=marks, adjusted=True)).ready is True
    assert asked(table, known=Known(max_age_days=1e5)).ready is True
    flags = {one.rule: one for one in asked(table, known=Known(universe=universe)).flags}
    assert "1 of 3 members" in flags["absent_members"].detail
    assert "ZZZ" in flags["absent_members"].detail


def test_a_flag_is_written_down_and_stops_nothing(made) -> None:
    table = table_of(made(("AAA", "BBB", "CCC", "DDD", "EEE")))
    certificate = asked(table, known=Known(adjusted=True))
    assert certificate.ready is True
    assert [one.rule for one in certificate.flags] == ["survivorship"]
    assert [one.rule for one in asked(table).flags] == ["survivorship", "adjustment"]
    lone = table[[*range(500), 499, *range(501, table.height)]].with_columns(table["timestamp"])
    assert {one.rule for one in asked(lone).flags} == {"survivorship", "adjustment", "repeat"}
    assert asked(lone).ready is True
    crash = at_usual_volume(changed(slice(500, 501), low=0.85))(table)
    busy = changed(slice(500, 501), volume=3.0)(crash)
    certificate = asked(busy, known=Known(adjusted=True))
    assert certificate.ready is True
    assert {one.rule for one in certificate.flags} == {"survivorship", "shadow"}
    assert certificate.months["AAA"][certificate.flags[-1].time[:7]] == {"shadow": 1}


def test_a_night_in_which_the_whole_market_falls_is_no_spin_off(made) -> None:
    table = table_of(made(("AAA", "BBB", "CCC", "DDD", "EEE")))
    fallen = at_usual_volume(lambda one: one)(table)
    night = int(table["timestamp"][500])
    late = pl.col("timestamp") >= night
    everything = fallen.with_columns(
        pl.when(late).then(pl.col(name) * 0.85).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close")
    )
    assert asked(everything).ready is True
    assert {one.rule for one in asked(scaled_from(500, 0.85)(fallen)).faults} == {"spin_off"}


def test_a_certificate_is_that_of_its_snapshot_and_tells_no_sealed_price(table) -> None:
    early, late = spiked(300, 1.4)(table), spiked(900, 1.4)(table)
    for plant, told in ((early, True), (late, False)):
        quiet = plant.with_columns(volume=1e6 + pl.int_range(pl.len()) % 7)
        found = asked(quiet, accept=["bad_tick"])
        assert found.accepted[0].values
        boundary = np.datetime64(int(table["timestamp"][700]), "ns").astype(str)[:19] + "Z"
        bound = found.bound("d" * 64, boundary)
        assert bool(bound.accepted[0].values) is told
        assert bound.digest == "d" * 64
        assert Certificate.from_record(bound.record()) == bound


def test_a_certificate_that_lacks_its_answer_is_no(table) -> None:
    record = asked(table).record()
    del record["ready"]
    with pytest.raises(DataNotReady):
        Certificate.from_record(record).require("mine")

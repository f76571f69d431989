"""Bars of less than a day against the sessions: each fault planted alone is caught alone."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest
from tests.unit.market.conftest import make_bars

from omp.market.bars import make_panel
from omp.market.certificate import Certificate
from omp.market.readiness import judge, table_of
from omp.market.splits import parse_iso
from omp.market.venues import venue
from omp.market.venues.base import MINUTES

NOW = parse_iso("2020-01-01")
MINUTE_NS = 60_000_000_000
HOUR_NS = 60 * MINUTE_NS
Plant = Callable[[pl.DataFrame], pl.DataFrame]


def stamps_of(timeframe: str, place: str = "us", *, by_clock: bool = False) -> np.ndarray:
    """The label of every bar of the sessions from March 2012 to June 2013."""
    hours = venue(place).hours(date(2012, 3, 1), date(2013, 6, 28))
    assert hours is not None
    step = MINUTES[timeframe] * MINUTE_NS
    opens = hours.opens_ns // step * step if by_clock else hours.opens_ns
    return np.concatenate(
        [np.arange(a, b, step) for a, b in zip(opens, hours.closes_ns, strict=True)]
    )


def table_at(stamps: np.ndarray, timeframe: str = "1h", place: str = "us") -> pl.DataFrame:
    made = make_bars("AAA", stamps, 3)
    table = table_of(make_panel([made], timeframe, place, venue(place).bars_per_year(timeframe)))
    level = 1 + 0.02 * (pl.col("close").log() - pl.col("close").log().mean())
    return table.with_columns(  # calm bars, so that no rule about prices has a say
        open=level * 50,
        high=level * 50.05,
        low=level * 49.95,
        close=level * 50,
        volume=pl.col("volume") + pl.int_range(pl.len()),
    )


def asked(table: pl.DataFrame, timeframe: str = "1h", place: str = "us") -> Certificate:
    return judge(table, venue(place), timeframe, now_ns=NOW, min_sealed_bars=60)


@pytest.mark.parametrize("timeframe", ["1m", "5m", "15m", "30m", "1h"])
def test_whole_sessions_of_every_timeframe_are_ready(timeframe: str) -> None:
    certificate = asked(table_at(stamps_of(timeframe), timeframe), timeframe)
    assert certificate.faults == ()
    assert certificate.ready is True


def test_hours_labelled_by_the_clock_are_ready() -> None:
    stamps = stamps_of("1h", by_clock=True)
    assert stamps[0] % HOUR_NS == 0
    assert asked(table_at(stamps)).ready is True


@pytest.mark.parametrize("timeframe", ["1m", "15m", "1h"])
def test_sessions_of_brazil_with_two_closing_times_are_ready(timeframe: str) -> None:
    table = table_at(stamps_of(timeframe, "br"), timeframe, "br")
    assert asked(table, timeframe, "br").ready is True


def days(table: pl.DataFrame, first: str, after: str) -> pl.Expr:
    return pl.col("timestamp").is_between(parse_iso(first), parse_iso(after), closed="left")


def moved(first: str, after: str, hours: int) -> Plant:
    def plant(table: pl.DataFrame) -> pl.DataFrame:
        shifted = (
            pl.col("timestamp")
            + pl.when(days(table, first, after)).then(hours).otherwise(0) * HOUR_NS
        )
        return table.with_columns(timestamp=shifted)

    return plant


def without(first: str, after: str) -> Plant:
    return lambda table: table.filter(~days(table, first, after))


def with_bar(at: str, like: str) -> Plant:
    def plant(table: pl.DataFrame) -> pl.DataFrame:
        row = table.filter(pl.col("timestamp") == parse_iso(like))
        assert row.height == 1
        extra = row.with_columns(timestamp=pl.lit(parse_iso(at)), volume=pl.col("volume") + 7)
        return pl.concat([table, extra]).sort("timestamp")

    return plant


def half_day_as_a_whole_one(table: pl.DataFrame) -> pl.DataFrame:
    for hour in ("18:30", "19:30", "20:30"):
        table = with_bar(f"2012-11-23T{hour}:00Z", "2012-11-23T15:30:00Z")(table)
    return table.with_columns(volume=pl.col("volume") + pl.int_range(pl.len()) * 3)


PLANTS: dict[str, tuple[str, Plant]] = {
    "a missing week": ("gap", without("2012-08-06", "2012-08-11")),
    "a missing session": ("gap", without("2012-08-07", "2012-08-08")),
    "a missing bar": ("cut_session", without("2012-08-07T16:30:00Z", "2012-08-07T16:31:00Z")),
    "summer an hour late": ("time_zone", moved("2012-03-11", "2012-11-04", 1)),
    "winter an hour early": ("time_zone", moved("2012-11-04", "2013-03-10", -1)),
    "a bar before the opening": (
        "off_session",
        with_bar("2012-08-07T12:30:00Z", "2012-08-07T13:30:00Z"),
    ),
    "a bar between the steps": (
        "off_session",
        with_bar("2012-08-07T14:47:00Z", "2012-08-07T14:30:00Z"),
    ),
    "a bar on a Sunday": (
        "off_calendar",
        with_bar("2012-08-05T14:30:00Z", "2012-08-03T14:30:00Z"),
    ),
    "a half day as a whole one": ("off_session", half_day_as_a_whole_one),
    "a whole day as a half day": (
        "cut_session",
        without("2012-08-07T17:30:00Z", "2012-08-08"),
    ),
    "a last session cut off": (
        "partial_session",
        without("2013-06-28T16:30:00Z", "2013-06-29"),
    ),
}


@pytest.mark.parametrize("fault", list(PLANTS))
def test_a_fault_planted_alone_is_caught_alone(fault: str) -> None:
    rule, plant = PLANTS[fault]
    certificate = asked(plant(table_at(stamps_of("1h"))))
    assert certificate.ready is False
    assert {one.rule for one in certificate.faults} == {rule}
    assert all(one.symbol == "AAA" and one.time and one.remedy for one in certificate.faults)


def test_minutes_without_a_trade_are_tolerated_up_to_a_tenth_of_a_session() -> None:
    table = table_at(stamps_of("1m"), "1m")
    quiet = table.filter(pl.int_range(pl.len()) % 20 != 11)
    silent = table.filter(pl.int_range(pl.len()) % 5 != 3)
    assert asked(quiet, "1m").ready is True
    assert {one.rule for one in asked(silent, "1m").faults} == {"cut_session"}


def test_too_few_days_are_too_short_however_many_bars_they_have() -> None:
    table = table_at(stamps_of("5m"), "5m")
    certificate = judge(table, venue("us"), "5m", now_ns=NOW, min_sealed_bars=250)
    assert table.height > 20_000
    assert {one.rule for one in certificate.faults} == {"too_short"}

"""Venues: declarations that agree with the calendars they stand for."""

from datetime import date

import numpy as np
import pytest

from omp.domain.errors import InvalidInput
from omp.market.venues import venue, venue_names


def test_there_are_three_venues() -> None:
    assert venue_names() == ("br", "synthetic", "us")
    with pytest.raises(InvalidInput, match="br, synthetic, us"):
        venue("mars")


def test_shorter_bars_are_counted_by_session() -> None:
    assert venue("synthetic").bars_per_year("1h") == 252 * 7
    assert 252 * 6.9 < venue("us").bars_per_year("1h") < 252 * 7  # half days
    assert 248 * 7 < venue("br").bars_per_year("1h") < 248 * 8  # two closing times
    with pytest.raises(InvalidInput, match="1d"):
        venue("us").bars_per_year("2w")


def test_b3_closes_at_18_while_new_york_keeps_winter_time() -> None:
    hours = venue("br").hours
    assert hours is not None
    for day, closes in {  # Brazil kept summer time of its own until 2019
        "2019-03-08": "21:00",  # New York's winter, UTC-3: 18:00
        "2019-03-11": "20:00",  # New York's summer: 17:00
        "2018-11-01": "20:00",
        "2018-11-05": "20:00",  # Brazil's summer time, UTC-2: 18:00
        "2021-07-01": "20:00",
        "2021-12-30": "21:00",
    }.items():
        found = hours(date.fromisoformat(day), date.fromisoformat(day))
        assert found is not None
        assert str(found.closes_ns.astype("datetime64[ns]")[0])[:16] == f"{day}T{closes}"


def test_half_days_and_late_openings_are_known() -> None:
    us, br = venue("us").hours, venue("br").hours
    assert us is not None
    assert br is not None
    short = us(date(2013, 11, 29), date(2013, 11, 29))
    assert short is not None
    assert int(short.closes_ns[0] - short.opens_ns[0]) == 210 * 60_000_000_000
    ashes = br(date(2020, 2, 26), date(2020, 2, 26))
    assert ashes is not None
    assert str(ashes.opens_ns.astype("datetime64[ns]")[0])[:16] == "2020-02-26T16:00"


def test_charges_are_those_of_the_day() -> None:
    us, br = venue("us").charges, venue("br").charges
    days = ["2017-09-01", "2017-09-05", "2024-05-24", "2024-05-28"]
    assert [us.on("settlement_days", date.fromisoformat(day)) for day in days] == [3, 2, 2, 1]
    assert us.on("sell_fee_bps", date(2021, 2, 24)) == 0.221
    assert us.on("sell_fee_bps", date(2021, 2, 25)) == 0.051
    assert us.on("sell_fee_bps", date(2001, 1, 2)) is None
    assert us.on("sell_fee_per_share", date(2021, 6, 1)) == 0.000119
    assert br.on("settlement_days", date(2019, 5, 24)) == 3
    assert br.on("settlement_days", date(2019, 5, 27)) == 2
    assert br.on("day_trade_bps", date(2020, 1, 2)) == 2.3
    assert (venue("br").terms[0].lot, venue("br").fractional_lot) == (100, 1)


def test_a_calendar_that_does_not_reach_says_so() -> None:
    assert venue("us").sessions(date(2020, 1, 1), date(2200, 1, 1)) is None


def test_holidays_are_no_sessions() -> None:
    us = venue("us").sessions(date(2001, 9, 10), date(2001, 9, 18))
    assert us is not None
    assert [str(day) for day in us] == ["2001-09-10", "2001-09-17", "2001-09-18"]
    carnival = venue("br").sessions(date(2020, 2, 24), date(2020, 2, 25))
    assert carnival is not None
    assert carnival.size == 0


def test_synthetic_years_have_252_sessions() -> None:
    days = venue("synthetic").sessions(date(2011, 1, 1), date(2020, 12, 31))
    assert days is not None
    assert days.size == 2520
    assert np.is_busday(days).all()

"""The kit every venue passes: terms that are dated, sessions that ascend, years that add up."""

from dataclasses import fields
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from omp.market.venues import Venue, venue, venue_names
from omp.market.venues.base import MINUTES, Charges

ALL = [venue(name) for name in venue_names()]
FIRST, LAST = date(2008, 1, 1), date(2022, 12, 31)


@pytest.fixture(params=ALL, ids=lambda one: one.name)
def place(request: pytest.FixtureRequest) -> Venue:
    found: Venue = request.param
    return found


def test_its_terms_are_dated_and_whole(place: Venue) -> None:
    since = [one.since for one in place.terms]
    assert since == sorted(set(since))
    for one in place.terms:
        assert one.commission_bps >= 0
        assert one.slippage_bps >= 0
        assert one.lot >= 1
        assert one.session_minutes > 0
        assert one.source
        assert place.terms_on(one.since) == one
    assert place.terms_on(date(1900, 1, 1)) == place.terms[0]


def test_its_sessions_ascend_within_their_bounds(place: Venue) -> None:
    days = place.sessions(FIRST, LAST)
    assert days is not None
    assert days.dtype == np.dtype("datetime64[D]")
    assert (np.diff(days) > np.timedelta64(0, "D")).all()
    assert days[0] >= np.datetime64(FIRST)
    assert days[-1] <= np.datetime64(LAST)
    one = place.sessions(date(2015, 6, 1), date(2015, 6, 5))
    assert one is not None
    assert np.isin(one, days).all()


def test_its_year_is_that_of_its_calendar(place: Venue) -> None:
    days = place.sessions(FIRST, LAST)
    assert days is not None
    assert abs(days.size / 15 - place.daily_bars_per_year) < 1.0
    per_year = [place.bars_per_year(timeframe) for timeframe in ("1d", *reversed(MINUTES))]
    assert per_year == sorted(per_year)


def test_it_names_a_zone_and_a_currency(place: Venue) -> None:
    assert ZoneInfo(place.timezone).key == place.timezone
    assert len(place.currency) == 3
    assert place.title


def test_its_sessions_have_hours_within_their_local_day(place: Venue) -> None:
    assert place.hours is not None
    hours, days = place.hours(FIRST, LAST), place.sessions(FIRST, LAST)
    assert hours is not None
    assert days is not None
    assert (hours.days == days).all()
    assert (hours.opens_ns < hours.closes_ns).all()
    assert (hours.closes_ns[:-1] <= hours.opens_ns[1:]).all()
    zone = ZoneInfo(place.timezone)
    for at in range(0, hours.days.size, 97):
        for instant in (hours.opens_ns[at], hours.closes_ns[at]):
            local = datetime.fromtimestamp(int(instant) / 1e9, tz=zone)
            assert np.datetime64(local.date()) == hours.days[at]


def test_its_bars_a_session_are_those_of_its_hours(place: Venue) -> None:
    assert place.hours is not None
    hours = place.hours(date(2010, 1, 1), date(2019, 12, 31))
    assert hours is not None
    minutes = (hours.closes_ns - hours.opens_ns) // 60_000_000_000
    for timeframe, step in MINUTES.items():
        mean = float(np.mean(-(-minutes // step)))
        declared = place.bars_per_year(timeframe) / place.daily_bars_per_year
        assert declared == pytest.approx(mean, abs=1e-4), timeframe


def test_its_charges_are_dated_sourced_and_not_negative(place: Venue) -> None:
    for table in fields(Charges):
        rows = getattr(place.charges, table.name)
        assert [one.since for one in rows] == sorted({one.since for one in rows})
        for one in rows:
            assert one.value >= 0
            assert one.source
    assert place.charges.on("settlement_days", LAST) is not None
    assert place.charges.on("settlement_days", date(1900, 1, 1)) is None

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
    assert venue("us").bars_per_year("1m") == 252 * 390
    assert venue("us").bars_per_year("1h") == 252 * 7
    assert venue("br").bars_per_year("1h") == 248 * 7
    with pytest.raises(InvalidInput, match="1d"):
        venue("us").bars_per_year("2w")


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

"""Quiet hours, across nights, week-ends and the change of the clocks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omp.domain.quiet_hours import LONGEST, parse, quiet_until

NIGHT = parse("fri 22:00-06:00 Europe/Madrid")
OFFICE = parse("mon-fri 08:30-18:00 America/Sao_Paulo")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("hours", "instant", "holds"),
    [
        (OFFICE, "2026-03-02T11:29Z", False),  # Monday, three hours behind UTC
        (OFFICE, "2026-03-02T11:30Z", True),
        (OFFICE, "2026-03-02T20:59:59Z", True),
        (OFFICE, "2026-03-02T21:00Z", False),
        (OFFICE, "2026-03-07T15:00Z", False),  # Saturday
        (NIGHT, "2026-01-09T21:00Z", True),  # Friday 22:00
        (NIGHT, "2026-01-10T04:59Z", True),  # the night belongs to Friday
        (NIGHT, "2026-01-10T05:00Z", False),
        (NIGHT, "2026-01-10T22:00Z", False),  # Saturday night is none of it
        (parse("sat-mon 00:00-24:00 UTC"), "2026-03-01T12:00Z", True),  # round the end of a week
        (parse("22:00-00:00 UTC"), "2026-03-01T23:59Z", True),
        (parse("22:00-00:00 UTC"), "2026-03-02T00:00Z", False),
    ],
)
def test_the_clock_on_the_wall_decides(hours, instant: str, holds: bool) -> None:
    assert hours.holds(at(instant)) is holds


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        (["mon-fri 08:30-18:00 America/Sao_Paulo"], "2026-03-02T12:00Z", "2026-03-02T21:00Z"),
        # spring: 02:00 becomes 03:00, the hour 02:30-03:30 has half an hour left
        (["02:30-03:30 Europe/Madrid"], "2026-03-29T01:05Z", "2026-03-29T01:30Z"),
        (["00:00-02:30 Europe/Madrid"], "2026-03-29T00:50Z", "2026-03-29T01:00Z"),
        (["23:00-05:00 Europe/Madrid"], "2026-03-28T23:00Z", "2026-03-29T03:00Z"),
        # autumn: the hour from 02:00 comes twice
        (["23:00-05:00 Europe/Madrid"], "2026-10-24T22:00Z", "2026-10-25T04:00Z"),
        (["02:00-03:00 Europe/Madrid"], "2026-10-25T00:10Z", "2026-10-25T02:00Z"),
        # two that follow each other are one
        (["08:00-10:00 UTC", "10:00-12:15 UTC"], "2026-03-02T09:00:30Z", "2026-03-02T12:15Z"),
    ],
)
def test_it_is_over_to_the_minute(hours: list[str], now: str, until: str) -> None:
    assert quiet_until([parse(one) for one in hours], at(now)) == at(until)


def test_without_hours_it_is_never_quiet() -> None:
    assert quiet_until([], at("2026-03-02T12:00Z")) is None
    assert quiet_until([OFFICE], at("2026-03-02T22:00Z")) is None


def test_a_whole_week_has_no_end_in_sight() -> None:
    now = at("2026-03-02T12:00Z")
    assert quiet_until([parse("00:00-24:00 UTC")], now) == now + LONGEST


@given(
    st.integers(0, 365 * 86_400),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sampled_from(["Europe/Madrid", "America/Sao_Paulo", "America/New_York", "Asia/Kolkata"]),
)
def test_the_end_is_the_first_instant_that_is_not_quiet(
    second: int, begin: int, end: int, zone: str
) -> None:
    if begin == end:
        return
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    clock = [f"{minute // 60:02}:{minute % 60:02}" for minute in (begin, end)]
    hours = [parse(f"{clock[0]}-{clock[1]} {zone}")]
    until = quiet_until(hours, now)
    assert (until is not None) is hours[0].holds(now)
    if until is not None:
        assert not hours[0].holds(until)
        assert hours[0].holds(max(now, until - timedelta(minutes=1)))

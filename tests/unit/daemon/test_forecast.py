"""When the disk is full at the present pace, and what is said of it."""

import pytest

from omp.daemon.forecast import SHORTEST_S, WINDOW_S, DiskForecast
from omp.domain.limits import pace_in_words


def falling(gb_per_h: float, *, hours: float = 1.0, free: float = 20.0) -> DiskForecast:
    found, now = DiskForecast(), 0.0
    while now <= hours * 3600:
        found.note(now, free - gb_per_h * now / 3600)
        now += 30.0
    return found


def test_a_steady_fall_is_seen_to_its_end() -> None:
    found = falling(2.0)
    assert found.full_in_s(2.0) == pytest.approx(3600 * (18.0 - 2.0) / 2.0)
    assert pace_in_words(found.full_in_s(2.0)) == ", full in 8 h at this pace"


@pytest.mark.parametrize("found", [falling(0.0), falling(-1.0), DiskForecast(), falling(0.001)])
def test_what_does_not_fall_or_not_soon_is_no_news(found: DiskForecast) -> None:
    assert found.full_in_s(1.0) is None
    assert pace_in_words(None) == ""


def test_one_big_file_is_no_pace() -> None:
    found = DiskForecast()
    for now, free in ((0.0, 20.0), (30.0, 12.0), (SHORTEST_S - 1, 12.0)):
        found.note(now, free)
    assert found.full_in_s(1.0) is None


def test_only_the_last_hour_counts() -> None:
    found = falling(5.0, free=40.0)
    for step in range(121):
        found.note(3600 + WINDOW_S + step * 30, 35.0)
    assert found.full_in_s(1.0) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(30, "1 min"), (1800, "30 min"), (3 * 3600, "3 h"), (3 * 86400, "3 days")],
)
def test_it_is_said_in_the_unit_one_would_use(seconds: float, words: str) -> None:
    assert pace_in_words(seconds) == f", full in {words} at this pace"

"""What the machine has left."""

from pathlib import Path

from omp.daemon.resources import IDLE, Meter, ResourceReader, as_stored, between


def test_our_own_use_is_taken_off() -> None:
    first = Meter(at_s=0, busy_s=100, total_s=1000, own_s=10)
    last = Meter(at_s=10, busy_s=118, total_s=1020, own_s=26)
    used = between(first, last)
    assert used.util_pct == 90.0
    assert used.others_pct == 10.0


def test_own_use_never_makes_others_negative() -> None:
    used = between(Meter(0, 0, 0, 0), Meter(1, 1, 10, 5))
    assert used.others_pct == 0.0


def test_an_empty_window_says_nothing() -> None:
    meter = Meter(0, 5, 5, 5)
    assert between(meter, meter) == IDLE


def test_a_child_that_was_collected_does_not_turn_negative() -> None:
    assert between(Meter(0, 0, 0, 9), Meter(1, 1, 2, 3)).others_pct == 50.0


def test_a_reading_of_this_machine_is_plausible(tmp_path: Path) -> None:
    seconds = iter(range(0, 100, 10))
    reader = ResourceReader(tmp_path, monotonic=lambda: float(next(seconds)))
    reading = reader.read()
    assert 0 <= reading.cpu_others_pct <= reading.cpu_util_pct <= 100
    assert reading.mem_available_mb > 10
    assert reading.disk_free_gb > 0
    assert 0 < reading.inodes_free_pct <= 100


def test_a_short_window_keeps_the_former_reading(tmp_path: Path) -> None:
    now = [0.0]
    reader = ResourceReader(tmp_path, monotonic=lambda: now[0])
    now[0] = 10.0
    first = reader.read()
    now[0] = 10.1
    assert reader.read().cpu_util_pct == first.cpu_util_pct


def test_a_stored_reading_says_when(tmp_path: Path) -> None:
    reading = ResourceReader(tmp_path).read()
    assert as_stored(reading, at="2026-01-01T00:00:00Z")["at"] == "2026-01-01T00:00:00Z"

"""A machine that sleeps, a date that is set: noticed, told, and nobody is blamed."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.unit.daemon.shop import Shop

from omp.daemon.clocks import Clocks, ClockWatch


@dataclass
class Hands:
    """The machine's clocks, moved by hand."""

    awake_s: float = 100.0
    asleep_s: float = 0.0
    date_s: float = 1e9

    def clocks(self) -> Clocks:
        return Clocks(
            monotonic=lambda: self.awake_s,
            boot=lambda: self.awake_s + self.asleep_s,
            wall=lambda: self.date_s + self.awake_s + self.asleep_s,
        )


def test_time_that_passes_is_no_news() -> None:
    hands = Hands()
    watch = ClockWatch(hands.clocks())
    hands.awake_s += 86_400
    assert not watch.look()


def test_a_sleep_is_seen_once_and_is_no_jump_of_the_date() -> None:
    hands = Hands()
    watch = ClockWatch(hands.clocks())
    hands.asleep_s += 8 * 3600
    gap = watch.look()
    assert (gap.slept_s, gap.jumped_s) == (8 * 3600, 0)
    assert not watch.look()


def test_a_date_that_is_set_is_seen_either_way() -> None:
    hands = Hands()
    watch = ClockWatch(hands.clocks())
    hands.date_s -= 3600
    assert watch.look().jumped_s == -3600
    hands.date_s += 7200
    assert watch.look().jumped_s == 7200
    hands.date_s += 1.0  # what time synchronisation does
    assert not watch.look()


def test_a_run_is_not_stuck_because_the_machine_slept(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop("gate,generations=7")
    shop.add()
    shop.mine()
    shop.turn_until(lambda: (shop.run().generation or 0) >= 4)
    hands = Hands()
    shop.loop._clocks = ClockWatch(hands.clocks())
    hands.asleep_s += 9 * 3600
    shop.loop.tick()
    assert "machine.gap" in shop.kinds()
    assert shop.run().state == "running"
    assert "watchdog.action" not in shop.kinds()

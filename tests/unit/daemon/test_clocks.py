"""A machine that sleeps, a date that is set: noticed, told, and nobody is blamed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from tests.unit.daemon.shop import Shop

from omp.daemon.clocks import CLOCKS_KEY, Clocks, ClockWatch, resume
from omp.ops import runs
from omp.ops.queue_dates import follow_date
from omp.ops.upkeep import past
from omp.store import journal, meta
from omp.store import runs as rows


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


def test_the_next_daemon_sees_a_date_that_was_set_while_none_was_there(
    open_shop: Callable[..., Shop],
) -> None:
    shop, hands = open_shop(), Hands()
    shop.loop._clocks = ClockWatch(hands.clocks())
    shop.loop.tick()
    hands.date_s -= 86_400
    second = ClockWatch(hands.clocks())
    assert not second.look(), "by itself it cannot know"
    resume(shop.desk, second)
    assert second.look().jumped_s == -86_400
    with shop.desk.write() as tx:
        kept = meta.get_json(tx, CLOCKS_KEY)
        meta.put_json(tx, CLOCKS_KEY, {**kept, "boot_id": "of another start of the machine"})
    third = ClockWatch(hands.clocks())
    resume(shop.desk, third)
    assert not third.look(), "the clocks of another start say nothing"


def test_a_back_off_keeps_its_length_and_a_run_its_progress_when_the_date_is_set(
    open_shop: Callable[..., Shop],
) -> None:
    shop = open_shop("gate,generations=7")
    shop.add()
    shop.mine()
    shop.turn_until(lambda: (shop.run().generation or 0) >= 4)
    assert runs.idle_s(shop.desk, shop.run()) < 60
    for jumped_s, slept_s in ((86_400.0, 0.0), (-7_200.0, 0.0), (0.0, 30_000.0)):
        with shop.desk.write() as tx:
            assert follow_date(tx, jumped_s=jumped_s, slept_s=slept_s) == 1
    moved = shop.run().progress_at or ""
    ahead = datetime.fromisoformat(moved) - shop.desk.clock.now()
    assert 86_400 - 7_200 + 30_000 - 60 < ahead.total_seconds() < 86_400 - 7_200 + 30_000
    shop.loop._supervisor.end(shop.run().id, "a test", blameless=False)
    shop.turn_until_state("queued")
    with shop.desk.write() as tx:
        later = journal.iso(shop.desk.clock.now() + timedelta(seconds=30))
        rows.change(tx, shop.run().id, not_before=later)
        follow_date(tx, jumped_s=-86_400.0)
    waits = datetime.fromisoformat(str(shop.run().not_before)) - shop.desk.clock.now()
    assert -86_400 < waits.total_seconds() < -86_300, "30 s by the date as it is then"


def test_a_run_queued_after_the_date_was_set_back_is_still_the_latest(
    open_shop: Callable[..., Shop],
) -> None:
    shop = open_shop("generations=1")
    campaign_id = shop.add(repeat=True)
    shop.mine()
    shop.turn_until(lambda: len(shop.runs()) >= 2)
    shop.clock.ahead_s = 0.0
    real = shop.desk.clock.now
    shop.clock.now = lambda: real() - timedelta(days=3)  # type: ignore[method-assign]
    known = {one.id for one in shop.runs()}
    shop.turn_until(lambda: {one.id for one in shop.runs()} - known)
    with shop.desk.read() as tx:
        latest = rows.latest(tx, campaign_id)
    assert latest is not None
    assert latest.id not in known


@pytest.mark.parametrize(
    ("ago_h", "is_due"), [(25.0, True), (24.0, True), (1.0, False), (-1.0, False), (-25.0, True)]
)
def test_a_duty_is_not_done_twice_because_the_date_was_set_back(
    open_shop: Callable[..., Shop], ago_h: float, is_due: bool
) -> None:
    desk = open_shop().desk
    last = journal.iso(desk.clock.now() - timedelta(hours=ago_h))
    assert past(desk, last, 24.0) is is_due


def test_failures_that_lie_ahead_do_not_pause_the_miner(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop("crash=1", settings="[limits]\nmax_cpu_util_pct = 100\nerror_burst = 1000\n")
    shop.add()
    shop.mine()
    shop.turn_until_state("failed")
    assert shop.loop._lookout._failures() == 1
    real = shop.desk.clock.now
    shop.clock.now = lambda: real() - timedelta(days=30)  # type: ignore[method-assign]
    assert shop.loop._lookout._failures() == 0

"""Every row of the watchdog's table, alone."""

from dataclasses import replace

import pytest

from omp.daemon import watchdog
from omp.daemon.watchdog import (
    ROWS,
    Bounds,
    Decision,
    LiveRun,
    Memory,
    Observation,
    decide,
)
from omp.domain.limits import Resources

FINE = Resources(
    cpu_util_pct=20, cpu_others_pct=5, mem_available_mb=4000, disk_free_gb=50, inodes_free_pct=80
)
BOUNDS = Bounds(
    max_cpu_util_pct=85,
    min_mem_available_mb=400,
    min_disk_free_gb=1.0,
    warn_disk_free_gb=2.0,
    stuck_after_s=600,
    error_burst=3,
    error_window_s=3600,
    memory_share_mb=1000,
    max_unjudged_runs=20,
)


NEW = Memory()


def see(memory: Memory = NEW, now_s: float = 0.0, **changes: object) -> Decision:
    resources = {k: v for k, v in changes.items() if hasattr(FINE, k)}
    rest = {k: v for k, v in changes.items() if k not in resources}
    seen = Observation(now_s=now_s, resources=replace(FINE, **resources), **rest)  # type: ignore[arg-type]
    return decide(seen, BOUNDS, memory)


def did(decision: Decision) -> list[tuple[str, str]]:
    return [(one.kind, one.subject) for one in decision.actions]


def test_a_machine_at_rest_asks_for_nothing() -> None:
    decision = see()
    assert decision.actions == ()
    assert decision.may_start


@pytest.mark.parametrize(
    ("field", "short", "edge", "fine"),
    [("cpu_others_pct", 86, 82, 79), ("mem_available_mb", 399, 450, 501), ("unjudged", 21, 11, 10)],
)
def test_a_short_resource_blocks_until_it_is_well_again(
    field: str, short: float, edge: float, fine: float
) -> None:
    name = {"cpu_others_pct": "cpu", "mem_available_mb": "memory", "unjudged": "judging"}[field]
    held = see(**{field: short})
    assert did(held) == [("block", name)]
    assert not held.may_start
    still = see(held.memory, **{field: edge})
    assert still.actions == ()
    assert not still.may_start
    free = see(still.memory, **{field: fine})
    assert did(free) == [("unblock", name)]
    assert free.may_start
    assert see(**{field: edge}).may_start, "the edge alone does not block"


def test_our_own_runs_never_block_themselves() -> None:
    assert see(cpu_util_pct=100, cpu_others_pct=3).may_start


def test_the_sentence_names_value_and_limit() -> None:
    (action,) = see(mem_available_mb=123).actions
    assert "123 MB" in action.sentence
    assert "400 MB" in action.sentence


def test_a_low_disk_warns_and_cleans_once() -> None:
    warned = see(disk_free_gb=1.9)
    assert did(warned) == [("warn", "miner"), ("clean", "miner")]
    assert warned.may_start
    assert see(warned.memory, disk_free_gb=1.8).actions == ()
    assert see(warned.memory, disk_free_gb=2.1).memory.disk == "warn", "hysteresis"
    assert see(warned.memory, disk_free_gb=2.3).memory.disk == "ok"


def test_a_disk_that_stays_low_is_cleaned_again_after_a_while() -> None:
    warned = see(disk_free_gb=1.9)
    later = see(warned.memory, now_s=600, disk_free_gb=1.9)
    assert did(later) == [("clean", "miner")]
    assert see(later.memory, now_s=900, disk_free_gb=1.9).actions == ()


def test_a_full_disk_takes_the_miner_offline() -> None:
    full = see(disk_free_gb=0.9)
    assert ("offline", "miner") in did(full)
    assert not full.may_start
    assert not see(full.memory, mining=False, disk_free_gb=1.05).may_start, "hysteresis"
    assert see(full.memory, mining=False, disk_free_gb=1.2).may_start


def test_no_inodes_are_a_full_disk() -> None:
    assert ("offline", "miner") in did(see(inodes_free_pct=0.5))


def test_offline_is_said_while_it_mines_and_not_again() -> None:
    full = see(disk_free_gb=0.9)
    assert "offline" not in [
        kind for kind, _ in did(see(full.memory, mining=False, disk_free_gb=0.9))
    ]


def test_a_run_without_progress_is_killed() -> None:
    decision = see(runs=(LiveRun("run_a", "camp_a", 601.0), LiveRun("run_b", "camp_b", 599.0)))
    assert did(decision) == [("kill", "run_a")]
    assert decision.actions[0].cause == "stuck"


def test_a_run_that_is_leaving_is_not_killed_twice() -> None:
    assert see(runs=(LiveRun("run_a", "camp_a", 9999.0, ending=True),)).actions == ()


def test_a_run_is_stuck_after_its_limit_and_not_at_it() -> None:
    assert see(runs=(LiveRun("run_a", "camp_a", 600.0),)).actions == ()
    assert did(see(runs=(LiveRun("run_a", "camp_a", 600.1),))) == [("kill", "run_a")]


def test_each_row_alone_is_quiet_on_a_machine_at_rest() -> None:
    for row in ROWS:
        draft = watchdog._Draft(NEW)
        row(Observation(now_s=0, resources=FINE), BOUNDS, draft)
        assert draft.actions == [], row.__name__
        assert draft.memory == NEW, row.__name__


def test_a_warning_that_got_worse_and_recovered_comes_anew() -> None:
    memory = see(disk_free_gb=1.9).memory
    memory = see(memory, disk_free_gb=0.9).memory
    assert memory.disk == "critical"
    memory = see(memory, mining=False, disk_free_gb=1.5).memory
    assert memory.disk == "warn"
    memory = see(memory, mining=False, disk_free_gb=3.0).memory
    assert memory.disk == "ok"
    assert ("warn", "miner") in did(see(memory, disk_free_gb=1.9))


def test_a_run_over_its_memory_share_is_killed() -> None:
    decision = see(runs=(LiveRun("run_a", "camp_a", 0.0, memory_mb=1001),))
    assert [(a.kind, a.subject, a.cause) for a in decision.actions] == [("kill", "run_a", "memory")]
    assert see(runs=(LiveRun("run_a", "camp_a", 0.0, memory_mb=None),)).actions == ()


def test_a_burst_of_failures_pauses() -> None:
    assert did(see(failures=3)) == [("pause", "miner")]
    assert see(failures=2).actions == ()
    assert see(failures=3, mining=False).actions == ()


def test_a_campaign_that_fails_three_times_is_quarantined() -> None:
    assert did(see(failing=(("camp_a", 3), ("camp_b", 2)))) == [("quarantine", "camp_a")]


def test_a_late_loop_goes_slower_for_five_minutes() -> None:
    late = see(late_ticks=2.1)
    assert did(late) == [("throttle", "miner")]
    assert see(late.memory, now_s=299).actions == ()
    assert did(see(late.memory, now_s=301)) == [("unthrottle", "miner")]
    assert see(late_ticks=2.0).actions == ()


def test_load_above_its_limit_for_five_minutes_throttles() -> None:
    first = see(cpu_others_pct=90)
    assert ("throttle", "miner") not in did(first)
    later = see(first.memory, now_s=300, cpu_others_pct=90)
    assert ("throttle", "miner") in did(later)
    dip = see(first.memory, now_s=200, cpu_others_pct=10)
    assert ("throttle", "miner") not in did(see(dip.memory, now_s=300, cpu_others_pct=90))


def test_every_row_has_its_test() -> None:
    assert len(ROWS) == 10


def test_a_run_that_outgrows_its_share_of_the_disk_is_ended() -> None:
    bounds = replace(BOUNDS, run_disk_mb=100.0)
    seen = Observation(now_s=0, resources=FINE, runs=(LiveRun("run_a", "camp", 1, disk_mb=101),))
    (action,) = decide(seen, bounds, NEW).actions
    assert (action.kind, action.subject, action.cause) == ("kill", "run_a", "disk quota")
    assert "101 MB" in action.sentence
    within = replace(seen, runs=(LiveRun("run_a", "camp", 1, disk_mb=100),))
    assert decide(within, bounds, NEW).actions == ()
    unmeasured = replace(seen, runs=(LiveRun("run_a", "camp", 1),))
    assert decide(unmeasured, bounds, NEW).actions == ()


def test_the_warning_says_when_the_disk_is_full() -> None:
    seen = Observation(
        now_s=0, resources=replace(FINE, disk_free_gb=1.9), disk_full_in_s=9 * 3600.0
    )
    warn = decide(seen, BOUNDS, NEW).actions[0]
    assert warn.kind == "warn"
    assert "full in 9 h at this pace" in warn.sentence

"""Who goes next, as a pure function: none starves."""

from hypothesis import given
from hypothesis import strategies as st

from omp.ops.queue_order import AGEING_STEP_S, Waiting, level, ordered, priority_for

PRIORITIES = st.integers(1, 10)
TIMES = st.floats(0, 100 * AGEING_STEP_S)


def waiting(name: str, priority: int, position: int, waiting_s: float) -> Waiting:
    return Waiting(name, f"run_{name}", priority, position, waiting_s)


@given(PRIORITIES, TIMES, TIMES)
def test_waiting_only_ever_raises(priority: int, first_s: float, more_s: float) -> None:
    assert 1 <= level(priority, first_s + more_s) <= level(priority, first_s) <= priority


@given(PRIORITIES, st.floats(0, 1e6))
def test_everybody_is_at_the_first_level_in_the_end(priority: int, later_s: float) -> None:
    assert level(priority, 9 * AGEING_STEP_S + later_s) == 1


@given(st.integers(1, 10), TIMES)
def test_a_priority_can_be_found_for_every_level(wanted: int, waited_s: float) -> None:
    found = level(priority_for(wanted, waited_s), waited_s)
    assert found == wanted or (found < wanted and waited_s >= AGEING_STEP_S)


def test_a_clock_that_goes_back_does_no_harm() -> None:
    assert level(5, -1e9) == 5


@given(st.lists(st.tuples(PRIORITIES, TIMES), max_size=8))
def test_the_order_is_total_and_by_level_then_place(given_: list[tuple[int, float]]) -> None:
    line = [waiting(f"c{i}", p, i, t) for i, (p, t) in enumerate(given_)]
    found = ordered(reversed(line))
    assert sorted(found, key=lambda one: one.campaign_id) == line
    assert [(one.level, one.position) for one in found] == sorted(
        (one.level, one.position) for one in line
    )


@given(st.lists(PRIORITIES, min_size=2, max_size=6), st.sampled_from([60.0, 600.0, 3600.0]))
def test_no_repeating_campaign_starves(priorities: list[int], run_s: float) -> None:
    """Everybody repeats at once; within a bounded time each has run."""
    queued_s = dict.fromkeys(range(len(priorities)), 0.0)
    positions = {i: i for i in range(len(priorities))}
    ran: set[int] = set()
    now_s = 0.0
    bound = 9 * AGEING_STEP_S + (len(priorities) + 1) * run_s
    while now_s <= bound and len(ran) < len(priorities):
        first = ordered(
            waiting(str(i), priorities[i], positions[i], now_s - queued_s[i]) for i in queued_s
        )[0]
        chosen = int(first.campaign_id)
        ran.add(chosen)
        now_s += run_s
        queued_s[chosen] = now_s
        positions[chosen] = max(positions.values()) + 1
    assert len(ran) == len(priorities)

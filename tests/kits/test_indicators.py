"""What every indicator of the table must keep: no look-ahead, a known start, sane levels."""

import itertools

import numpy as np
import pytest
from tests.kits.indicators_bars import in_ticks, random_bars
from tests.kits.indicators_page import PAGE, render

from omp.domain.errors import InvalidInput
from omp.domain.indicators import GROUPS, INDICATORS, check_parameters, select_indicators
from omp.engine.indicators import compute, lookback_bars, registered

N_BARS = 700
BARS = random_bars(N_BARS, seed=3)
MANY = in_ticks(random_bars(100_000, seed=4), 0.25)


def _choices(name: str) -> list[dict[str, float]]:
    """The corners of the grids: the smallest and the largest value of every parameter."""
    parameters = INDICATORS[name].parameters
    ends = [sorted({one.grid[0], one.grid[-1]}) for one in parameters]
    names = [one.name for one in parameters]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*ends)]


def test_the_engine_computes_exactly_the_table() -> None:
    assert set(registered()) == set(INDICATORS)
    assert {one.group for one in INDICATORS.values()} == set(GROUPS)


@pytest.mark.parametrize("name", INDICATORS)
def test_no_indicator_looks_ahead(name: str) -> None:
    """A prefix of the bars gives the same prefix of the values, to the last bit."""
    for arguments in _choices(name):
        whole = compute(name, arguments, BARS)
        assert whole.shape == (N_BARS,)
        for n in (1, 2, 3, 17, 64, 233, 450, N_BARS - 1):
            prefix = compute(name, arguments, BARS.slice(0, n))
            assert np.array_equal(prefix, whole[:n], equal_nan=True), (name, arguments, n)


def test_the_longest_lookback_is_that_of_the_standard_set() -> None:
    """The embargo does not grow when a campaign asks for everything."""
    longest = {
        name: max(lookback_bars(name, arguments) for arguments in _choices(name))
        for name in INDICATORS
    }
    assert max(longest.values()) == max(longest[name] for name in select_indicators())


@pytest.mark.parametrize("name", INDICATORS)
def test_every_indicator_has_a_value_after_its_lookback(name: str) -> None:
    for arguments in _choices(name):
        values = compute(name, arguments, BARS)
        start = lookback_bars(name, arguments)
        assert np.isfinite(values[start:]).all(), (name, arguments)


@pytest.mark.parametrize(
    "name", [one.name for one in INDICATORS.values() if one.levels and one.group != "pattern"]
)
def test_levels_ascend_and_some_of_them_divide_the_bars(name: str) -> None:
    levels = INDICATORS[name].levels
    assert list(levels) == sorted(set(levels))
    divided = 0
    for arguments in _choices(name):
        values = compute(name, arguments, BARS)[lookback_bars(name, arguments) :]
        divided += sum(0 < int((values > level).sum()) < values.size for level in levels)
    assert divided > 0


NEVER_SHOWN = {
    "cdl_3blackcrows",
    "cdl_3linestrike",
    "cdl_3starsinsouth",
    "cdl_breakaway",
    "cdl_concealbabyswall",
    "cdl_mathold",
    "cdl_risefall3methods",
}
"""Patterns too rare for this random walk of 100,000 bars."""


@pytest.mark.parametrize("name", [name for name in INDICATORS if name.startswith("cdl_")])
def test_patterns_show_now_and_then_and_say_a_whole_number(name: str) -> None:
    values = compute(name, {}, MANY)
    assert set(np.unique(values).tolist()) <= {-200.0, -100.0, -80.0, 0.0, 80.0, 100.0, 200.0}
    share = float((values != 0.0).mean())
    assert (share > 0.0) == (name not in NEVER_SHOWN)
    assert share < 0.5


@pytest.mark.parametrize("name", INDICATORS)
def test_grids_lie_inside_their_ranges(name: str) -> None:
    for parameter in INDICATORS[name].parameters:
        assert list(parameter.grid) == sorted(set(parameter.grid))
        assert parameter.low <= parameter.grid[0]
        assert parameter.grid[-1] <= parameter.high


def test_a_leaking_indicator_would_be_caught() -> None:
    """The prefix test itself can fail: the mean of the whole window is no prefix function."""
    whole = BARS.close - BARS.close.mean()
    prefix = BARS.slice(0, 100).close - BARS.slice(0, 100).close.mean()
    assert not np.array_equal(prefix, whole[:100])


def test_constant_prices_and_no_volume_give_no_infinity() -> None:
    flat = random_bars(300).slice(0, 300)
    price, nothing = np.full(300, 10.0), np.zeros(300)
    flat = type(flat)("FLAT", flat.timestamp, price, price, price, price, nothing)
    for name in INDICATORS:
        for arguments in _choices(name):
            values = compute(name, arguments, flat)
            assert not np.isinf(values).any(), (name, arguments)


def test_names_and_groups_select() -> None:
    assert select_indicators(["rsi", "volume"])[0] == "rsi"
    assert set(select_indicators(["volume"])) < set(select_indicators())
    assert len(select_indicators()) == len(select_indicators(["all"])) == 50
    assert select_indicators(["everything"]) == tuple(INDICATORS)
    assert set(select_indicators(["all", "cycle"])) - set(select_indicators()) == {
        name for name, one in INDICATORS.items() if one.group == "cycle"
    }
    assert set(select_indicators(["volume"])) < set(select_indicators(["volume_full"]))
    with pytest.raises(InvalidInput, match="rsii"):
        select_indicators(["rsii"])


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("rsi", {}),
        ("rsi", {"length": 14, "width": 2}),
        ("rsi", {"length": 14.5}),
        ("rsi", {"length": 1}),
        ("rsi", {"length": True}),
        ("nonsense", {}),
        ("bollinger_upper", {"length": 20, "width": float("nan")}),
    ],
)
def test_bad_parameters_are_refused_by_name(name: str, given: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=name):
        check_parameters(name, given)


def test_the_reference_page_says_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run python -m tests.kits.indicators_page"

"""Equity and drawdown by hand and bar by bar."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omp.stats import drawdown_curve, equity_curve, max_drawdown

return_lists = st.lists(st.floats(-0.99, 2.0), min_size=1, max_size=60)


def test_by_hand() -> None:
    returns = [0.1, -0.5, 0.2, 1.0, -0.25]
    assert equity_curve(returns) == pytest.approx([1.1, 0.55, 0.66, 1.32, 0.99])
    assert drawdown_curve(returns) == pytest.approx([0.0, 0.5, 0.4, 0.0, 0.25])
    assert max_drawdown(returns) == pytest.approx(0.5)


def test_the_starting_capital_is_a_peak() -> None:
    assert max_drawdown([-0.2, 0.1]) == pytest.approx(0.2)


def test_ruin_is_final() -> None:
    for ruin in (-1.0, -1.5):
        assert equity_curve([0.5, ruin, 3.0, -2.0]).tolist() == [1.5, 0.0, 0.0, 0.0]
        assert max_drawdown([0.5, ruin, 3.0]) == 1.0


@given(return_lists)
def test_bar_by_bar(returns: list[float]) -> None:
    value = peak = 1.0
    deepest = 0.0
    for change in returns:
        value *= 1.0 + change
        peak = max(peak, value)
        deepest = max(deepest, 1.0 - value / peak)
    assert max_drawdown(returns) == pytest.approx(deepest, abs=1e-12)


@given(return_lists)
def test_it_is_a_fraction_and_rising_never_adds_to_it(returns: list[float]) -> None:
    found = max_drawdown(returns)
    assert 0.0 <= found <= 1.0
    assert max_drawdown([*returns, 0.5]) == found
    assert max_drawdown(np.abs(returns)) == 0.0


def test_what_is_undefined_is_unknown() -> None:
    assert math.isnan(max_drawdown([]))
    assert math.isnan(max_drawdown([0.1, math.nan]))
    assert math.isnan(max_drawdown([0.1, math.inf]))
    assert np.isnan(equity_curve([0.1, math.nan, 0.1])).tolist() == [False, True, True]
    with pytest.raises(ValueError, match="one dimension"):
        max_drawdown([[0.1]])

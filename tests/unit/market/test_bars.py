"""Bars and panels: one calendar, exact rows, inclusive windows."""

import numpy as np
import pytest

from omp.market.bars import Bars, make_panel

DAY_NS = 86_400_000_000_000


def bars_at(symbol: str, days: list[int]) -> Bars:
    price = np.asarray(days, dtype=np.float64) + 100.0
    stamp = np.asarray(days, dtype=np.int64) * DAY_NS
    return Bars(symbol, stamp, price, price + 1, price - 1, price, price * 10)


def test_a_panel_lies_on_the_union_calendar_with_rows_that_lead_back() -> None:
    panel = make_panel([bars_at("B", [2, 3, 5]), bars_at("A", [1, 2, 4])], "1d", "us", 252)
    assert panel.symbols == ("A", "B")
    assert (panel.timestamp == np.array([1, 2, 3, 4, 5]) * DAY_NS).all()
    for one, row in zip(panel.bars, panel.row, strict=True):
        assert (panel.timestamp[row] == one.timestamp).all()
    assert panel.n_bars == 6
    assert (panel.cash == 0).all()


def test_a_window_includes_both_bounds_and_drops_empty_symbols() -> None:
    cash = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    panel = make_panel([bars_at("B", [3, 5]), bars_at("A", [1, 2, 4])], "1d", "us", 252, cash)
    cut = panel.window(2 * DAY_NS, 4 * DAY_NS)
    assert (cut.timestamp == np.array([2, 3, 4]) * DAY_NS).all()
    assert (cut.cash == np.array([0.2, 0.3, 0.4])).all()
    assert panel.window(1 * DAY_NS, 2 * DAY_NS).symbols == ("A",)


def test_selecting_symbols_keeps_the_cash_of_their_own_bars() -> None:
    cash = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    panel = make_panel([bars_at("B", [3, 5]), bars_at("A", [1, 2, 4])], "1d", "us", 252, cash)
    assert (panel.select(["B"]).cash == np.array([0.3, 0.5])).all()
    with pytest.raises(KeyError, match="Z"):
        panel.select(["Z"])


def test_unordered_or_unequal_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        bars_at("A", [2, 1])
    with pytest.raises(ValueError, match="ascend"):
        bars_at("A", [1, 1])
    with pytest.raises(ValueError, match="column open"):
        Bars("A", np.array([1, 2]), *(np.ones(1) for _ in range(5)))


def test_a_symbol_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        make_panel([bars_at("A", [1]), bars_at("A", [2])], "1d", "us", 252)

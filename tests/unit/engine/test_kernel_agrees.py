"""The compiled kernel and the oracle agree: trades exactly, Sharpe and drawdown to 1e-9."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from omp.engine import Simulation, simulate

STOPS = st.one_of(st.none(), st.sampled_from([0.001, 0.01, 0.05, 0.3]))


def agree(columns: NDArray[np.float64], entry: Any, leave: Any, **kwargs: Any) -> Simulation:
    """Run both, compare, and give the oracle's answer back."""
    judge = simulate(*columns, entry, leave, engine="oracle", **kwargs)
    done = simulate(*columns, entry, leave, engine="kernel", **kwargs)
    assert len(done.trades) == len(judge.trades)
    for one, other in zip(done.trades, judge.trades, strict=True):
        assert (one.entry_bar, one.exit_bar, one.side, one.reason, one.at_open) == (
            other.entry_bar,
            other.exit_bar,
            other.side,
            other.reason,
            other.at_open,
        )
        assert (one.entry_price, one.exit_price) == (other.entry_price, other.exit_price)
        assert one.net_return == pytest.approx(other.net_return, abs=1e-12, rel=1e-12)
    assert done.position.tolist() == judge.position.tolist()
    assert done.returns == pytest.approx(judge.returns, abs=1e-13, rel=1e-12)
    assert done.max_drawdown == pytest.approx(judge.max_drawdown, abs=1e-9)
    one_sharpe, other_sharpe = done.sharpe(252), judge.sharpe(252)
    assert math.isnan(one_sharpe) == math.isnan(other_sharpe)
    if not math.isnan(one_sharpe):
        assert one_sharpe == pytest.approx(other_sharpe, abs=1e-9, rel=1e-9)
    return judge


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 200),
    sigma=st.sampled_from([0.0, 0.003, 0.03, 0.3]),
    grid=st.sampled_from([None, 1.0, 25.0]),
    density=st.tuples(st.sampled_from([0.02, 0.3, 1.0]), st.sampled_from([0.0, 0.05, 0.4])),
    direction=st.sampled_from(["long", "short", "long_short"]),
    costs=st.tuples(st.sampled_from([0.0, 5.0, 400.0]), st.sampled_from([0.0, 5.0, 400.0])),
    stops=st.tuples(STOPS, STOPS, STOPS, st.one_of(st.none(), st.integers(1, 9))),
    sessions=st.booleans(),
)
def test_on_random_markets_and_settings(
    seed: int,
    n: int,
    sigma: float,
    grid: float | None,
    density: tuple[float, float],
    direction: str,
    costs: tuple[float, float],
    stops: tuple[float | None, float | None, float | None, int | None],
    sessions: bool,
) -> None:
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, sigma, n)))
    open_ = close * np.exp(rng.normal(0.0, sigma, n))
    if grid is not None:  # prices that meet levels exactly, and each other
        close, open_ = (np.maximum(grid, np.round(one / grid) * grid) for one in (close, open_))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, sigma, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, sigma, n)))
    agree(
        np.stack([open_, high, low, close]),
        rng.random(n) < density[0],
        rng.random(n) < density[1],
        direction=direction,
        commission_bps=costs[0],
        slippage_bps=costs[1],
        stop_loss=stops[0],
        take_profit=stops[1],
        trailing=stops[2],
        max_bars=stops[3],
        session_end=rng.random(n) < 0.2 if sessions else None,
    )


ALL = np.ones(130, dtype=bool)
NONE = np.zeros(130, dtype=bool)
EVERY = {"stop_loss": 0.05, "take_profit": 0.05, "trailing": 0.03, "max_bars": 7}
HOSTILE: dict[str, NDArray[np.float64]] = {
    "constant": np.full((4, 130), 10.0),
    "near zero": np.full((4, 130), 1e-300) * np.linspace(1.0, 2.0, 130),
    "huge": np.full((4, 130), 1e300),
    "one limit move": np.where(np.arange(130) < 65, 10.0, 10_000.0) * np.ones((4, 1)),
    "collapse": np.where(np.arange(130) < 65, 10.0, 1e-6) * np.ones((4, 1)),
    "high below low": np.stack([np.full(130, one) for one in (10.0, 8.0, 12.0, 10.0)]),
}


@pytest.mark.parametrize("direction", ["long", "short", "long_short"])
@pytest.mark.parametrize("stops", [{}, EVERY], ids=["plain", "stops"])
@pytest.mark.parametrize("market", HOSTILE)
def test_on_hostile_markets(market: str, stops: dict[str, Any], direction: str) -> None:
    columns = HOSTILE[market]
    alternate = np.arange(130) % 3 == 0
    for entry, leave in ((ALL, NONE), (ALL, ALL), (NONE, ALL), (alternate, ~alternate)):
        agree(columns, entry, leave, direction=direction, commission_bps=7, **stops)


@pytest.mark.parametrize("n", [1, 2, 3, 63, 64, 65, 127, 128, 129])
def test_at_the_edges_of_words(n: int) -> None:
    rng = np.random.default_rng(n)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, n)))
    columns = np.stack([close, close * 1.01, close * 0.99, close])
    for at in range(max(0, n - 3), n):
        signal, leave = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        signal[at] = True
        leave[min(n - 1, at + 1)] = True
        agree(columns, signal, leave, commission_bps=3)
        agree(columns, signal, leave, commission_bps=3, direction="long_short", **EVERY)


def test_every_reason_occurs_in_the_comparison() -> None:
    """The random comparison is worth something only if all ways out are met."""
    rng = np.random.default_rng(8)
    seen: set[str] = set()
    for turn in range(60):
        sigma = 0.7 if turn % 2 else 0.1
        close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, sigma, 130)))
        columns = np.stack([np.roll(close, 1), close * 1.05, close * 0.95, close])
        done = agree(
            columns,
            rng.random(130) < 0.3,
            rng.random(130) < 0.1,
            direction="short",
            stop_loss=0.99 if turn % 2 else 0.1,
            take_profit=0.3,
            max_bars=4,
            trailing=None if turn % 2 else 0.2,
        )
        seen |= {one.reason for one in done.trades}
    assert seen == {"signal", "stop", "target", "trail", "time", "end", "ruin"}

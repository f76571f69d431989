"""Slippage by volume: what an order of a given size pays, and where it is not filled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kits.indicators_bars import ragged_panel

from omp.domain.errors import InvalidInput
from omp.engine import Costs, Operand, VolumeSlippage, detail, simulate
from omp.engine.genome import condition, genome, rule

OPEN = np.array([10.0, 10.0, 11.0, 12.0, 12.0, 12.0])
ENTRY = np.array([True, False, False, False, False, False])
EXIT = np.array([False, False, True, False, False, False])
COLUMNS = (OPEN, OPEN + 1.0, OPEN - 1.0, OPEN, ENTRY, EXIT)


def test_the_added_slippage_follows_the_root_of_the_share() -> None:
    volume = np.array([1_000.0, 1e9, 400.0, 1e9, 1e9, 1e9])
    model = VolumeSlippage(capital=400.0, participation_cap=0.16, impact_bps=20.0)
    done = simulate(
        *COLUMNS, slippage_bps=5.0, volume=volume, volume_slippage=model, engine="oracle"
    )
    (trade,) = done.trades
    # entry at bar 1: 400 / (10 * 1000) = 0.04 of the volume, a quarter of the cap: half of 20 bps
    assert trade.entry_price == pytest.approx(10.0 * (1 + 0.0005 + 0.0010))
    # exit at bar 3: 400 / (12 * 400) = 1/12
    paid = 0.0005 + 0.0020 * np.sqrt(1 / 12 / 0.16)
    assert trade.exit_price == pytest.approx(12.0 * (1 - paid))
    assert trade.net_return == pytest.approx(trade.exit_price / trade.entry_price - 1)


def test_an_entry_above_the_cap_is_not_made_and_an_exit_always_is() -> None:
    model = VolumeSlippage(capital=400.0, participation_cap=0.01)
    thin = np.full(6, 1_000.0)
    assert simulate(*COLUMNS, volume=thin, volume_slippage=model, engine="oracle").trades == ()
    thin[0] = 1e9
    (trade,) = simulate(*COLUMNS, volume=thin, volume_slippage=model, engine="oracle").trades
    assert (trade.entry_bar, trade.exit_bar) == (1, 3)


def test_a_bar_without_volume_fills_no_entry() -> None:
    model = VolumeSlippage(capital=1.0)
    none = np.zeros(6)
    assert simulate(*COLUMNS, volume=none, volume_slippage=model, engine="oracle").trades == ()


def test_a_small_account_pays_nothing_more() -> None:
    volume = np.full(6, 1e12)
    model = VolumeSlippage(capital=1e-3)
    done = simulate(*COLUMNS, volume=volume, volume_slippage=model, engine="oracle")
    assert done.returns == pytest.approx(simulate(*COLUMNS).returns, abs=1e-9)


def test_it_is_refused_where_it_cannot_be_told() -> None:
    model = VolumeSlippage(capital=1.0)
    with pytest.raises(InvalidInput, match="volume of shape"):
        simulate(*COLUMNS, volume_slippage=model, engine="oracle")
    for wrong in ({"capital": 0.0}, {"participation_cap": 0.0}, {"impact_bps": 1001.0}):
        with pytest.raises(InvalidInput, match="VolumeSlippage"):
            VolumeSlippage(**{"capital": 1.0, **wrong})


def test_a_universe_earns_less_the_larger_the_account() -> None:
    panel = ragged_panel(500, seed=4)
    rsi = Operand.of("rsi", length=5)
    one = genome(
        "long",
        rule("all", [condition(rsi, "<", 40.0)]),
        rule("all", [condition(rsi, ">", 60.0)]),
    )
    totals = [
        detail(
            one,
            panel,
            Costs(2.0),
            engine="oracle",
            warmup=100,
            volume_slippage=VolumeSlippage(capital, participation_cap=1.0, impact_bps=50.0),
        ).returns.sum()
        for capital in (1.0, 10_000.0, 60_000.0)
    ]
    assert totals[0] > totals[1] > totals[2]
    plain = detail(one, panel, Costs(2.0), engine="oracle", warmup=100)
    assert totals[0] == pytest.approx(plain.returns.sum(), abs=0.05)


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 200),
    direction=st.sampled_from(["long", "short", "long_short"]),
    stops=st.tuples(*[st.sampled_from([None, 0.01, 0.05])] * 3),
    max_bars=st.sampled_from([None, 1, 4]),
    cap=st.sampled_from([0.01, 0.2, 1.0]),
    impact_bps=st.sampled_from([0.0, 10.0, 900.0]),
)
def test_the_compiled_engine_pays_and_refuses_as_the_oracle_does(
    seed: int,
    n: int,
    direction: str,
    stops: tuple[float | None, float | None, float | None],
    max_bars: int | None,
    cap: float,
    impact_bps: float,
) -> None:
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, n)))
    open_ = close * np.exp(rng.normal(0.0, 0.01, n))
    high, low = np.maximum(open_, close) * 1.01, np.minimum(open_, close) * 0.99
    volume = np.where(rng.random(n) < 0.1, 0.0, rng.exponential(1_000.0, n))
    entry, leave = rng.random((2, n)) < 0.3
    ends = np.arange(n) % 5 == 4
    both = [
        simulate(
            open_,
            high,
            low,
            close,
            entry,
            leave,
            direction=direction,
            commission_bps=2.0,
            slippage_bps=3.0,
            stop_loss=stops[0],
            take_profit=stops[1],
            trailing=stops[2],
            max_bars=max_bars,
            session_end=ends if seed % 2 else None,
            volume=volume,
            volume_slippage=VolumeSlippage(20_000.0, cap, impact_bps),
            engine=engine,
        )
        for engine in ("kernel", "oracle")
    ]
    ours, judge = both
    assert [(t.entry_bar, t.exit_bar, t.side, t.reason) for t in ours.trades] == [
        (t.entry_bar, t.exit_bar, t.side, t.reason) for t in judge.trades
    ]
    for one, other in zip(ours.trades, judge.trades, strict=True):
        prices = (other.entry_price, other.exit_price, other.net_return)
        assert (one.entry_price, one.exit_price, one.net_return) == pytest.approx(prices, rel=1e-12)
    assert ours.returns == pytest.approx(judge.returns, abs=1e-12)
    assert ours.position.tolist() == judge.position.tolist()

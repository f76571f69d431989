"""Markets of hourly bars and of drifts that shift: lawful, and true to their known law."""

import numpy as np
import pytest

from omp.domain.errors import InvalidInput
from omp.market.readiness import judge_panel
from omp.market.synthetic import Market, Recipe, generate
from omp.market.synthetic_rhythm import SHIFT_REACH
from omp.market.venues import venue

HOURLY = 6174


def realised(market: Market, flags: np.ndarray) -> float:
    """Annual Sharpe of x of what is held over night, over the day and at all, from the bars."""
    bars = market.panel.bars[0]
    before = np.concatenate([[bars.open[0]], bars.close[:-1]])
    r = bars.close / before - 1.0
    gap, body = bars.open / before - 1.0, bars.close / bars.open - 1.0
    night, day, held = flags[:, 0]
    x = night * gap + day * body - held.mean() * r
    return float(x.mean() / x.std() * np.sqrt(market.panel.periods_per_year))


def of_the_rule(market: Market) -> np.ndarray:
    """Where the planted rule holds over night, over the day and at all."""
    symbol = market.panel.symbols[0]
    day, held = market.truth["over_day"][symbol], market.truth["position"][symbol]
    return np.stack([np.concatenate([[False], day[:-1]]), day, held > 0])[:, None]


@pytest.mark.parametrize("kind", ["null", "garch", "regime", "planted", "dying"])
@pytest.mark.parametrize("shift_years", [0.0, 2.0])
def test_hourly_markets_are_ready_for_mining(kind: str, shift_years: float) -> None:
    recipe = Recipe(kind, 3, n_bars=HOURLY, n_symbols=2, timeframe="1h", shift_years=shift_years)
    market = generate(recipe)
    assert judge_panel(market.panel, venue("synthetic"), exempt=("spin_off",)).faults == ()
    assert market.panel.periods_per_year == 1764.0
    assert recipe.name != Recipe(kind, 3, n_bars=HOURLY, n_symbols=2).name


def test_a_session_is_restless_at_its_ends_and_jumps_over_night() -> None:
    market = generate(Recipe("null", 4, n_bars=70_000, timeframe="1h", drift_sharpe=0.8))
    bars = market.panel.bars[0]
    body = np.log(bars.close / bars.open).reshape(-1, 7)
    gap = np.log(bars.open[1:] / bars.close[:-1])
    night = gap[6::7]
    inside = np.delete(gap, np.arange(6, gap.size, 7))
    assert np.abs(inside).max() < 1e-9
    by_hour = body.std(axis=0)
    assert by_hour[0] > by_hour[1] > by_hour[3] < by_hour[5] < by_hour[0]
    session = np.log(bars.close[6::7])
    assert night.var() / np.diff(session).var() == pytest.approx(0.25, abs=0.02)
    assert market.due(np.ones((3, 1, len(bars)))) == 0.0
    law = [market.truth[one][bars.symbol].sum() for one in ("night_drift", "drift")]
    assert law[0] / sum(law) == pytest.approx(0.25)  # the night earns its share, no hour has alpha


def test_the_truth_of_an_hourly_edge_agrees_with_its_bars_and_its_dial() -> None:
    recipe = Recipe("planted", 5, n_bars=175_000, timeframe="1h", edge="trend-roc-20")
    market = generate(recipe)
    flags = of_the_rule(market)
    assert market.due(flags) == pytest.approx(market.truth["true_sharpe"])
    assert market.due(flags) == pytest.approx(1.5, abs=0.1)
    assert realised(market, flags) == pytest.approx(1.5, abs=0.3)


def test_the_truth_of_a_shifting_drift_agrees_with_its_bars() -> None:
    recipe = Recipe("null", 6, n_bars=75_600, drift_sharpe=0.2, shift_years=2.0)
    market, plain = generate(recipe), generate(Recipe("null", 6, n_bars=75_600))
    drift = market.truth["drift"][market.panel.symbols[0]]
    level = drift * np.sqrt(252.0) / 0.01
    assert 100 < np.unique(level).size < 220  # 300 years
    assert np.abs(level - 0.2).max() <= SHIFT_REACH
    shared = np.diff(np.log([one.panel.bars[0].close for one in (market, plain)]))
    np.testing.assert_allclose(shared[0] - np.log1p(drift[1:]), shared[1], atol=1e-12)
    told = np.stack([drift > drift.mean()] * 3)[:, None]
    assert market.due(told) > 0.4
    assert realised(market, told) == pytest.approx(market.due(told), abs=0.2)


def test_what_no_hourly_market_can_be_made_of_is_refused() -> None:
    for given in ({"kind": "signs"}, {"n_signals": 3}, {"n_bars": 6175}, {"timeframe": "5m"}):
        with pytest.raises(InvalidInput):
            Recipe(**({"kind": "null", "seed": 1, "n_bars": HOURLY, "timeframe": "1h"} | given))

"""The alpha test against statsmodels, and its size on noise."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from omp.stats import alpha_test, newey_west_lags
from omp.stats.regression import student_upper_tail

Float = NDArray[np.float64]


def market_and_timer(
    seed: int, n_obs: int, skill: float, drift: float = 0.0
) -> tuple[Float, Float]:
    rng = np.random.default_rng(seed)
    market = rng.standard_t(5, n_obs) * 0.01 + drift
    position = np.repeat(rng.random(n_obs // 5 + 1) < 0.5, 5)[:n_obs].astype(float)
    return market, position * market + skill * position


@pytest.mark.parametrize(("n_obs", "lags"), [(30, None), (756, None), (756, 0), (501, 20)])
def test_the_regression_of_statsmodels(n_obs: int, lags: int | None) -> None:
    market, net = market_and_timer(n_obs, n_obs, 0.0004, 0.0005)
    depth = newey_west_lags(n_obs) if lags is None else lags
    fitted = sm.OLS(net, sm.add_constant(market)).fit(
        cov_type="HAC", cov_kwds={"maxlags": depth}, use_t=True
    )
    ours = alpha_test(net, market, lags)
    assert ours.alpha == pytest.approx(fitted.params[0], rel=1e-9)
    assert ours.beta == pytest.approx(fitted.params[1], rel=1e-9)
    assert ours.standard_error == pytest.approx(fitted.bse[0], rel=1e-9)
    assert ours.t == pytest.approx(fitted.tvalues[0], rel=1e-9)
    assert ours.p_value == pytest.approx(scipy_stats.t.sf(fitted.tvalues[0], n_obs - 2), rel=1e-9)
    assert (ours.dof, ours.lags, ours.n_obs) == (n_obs - 2, depth, n_obs)


def test_the_far_tail_keeps_its_digits() -> None:
    for t in (0.0, -3.0, 4.0, 12.0, 30.0):
        assert student_upper_tail(t, 754) == pytest.approx(scipy_stats.t.sf(t, 754), rel=1e-9)


@pytest.mark.parametrize("drift", [0.0, 0.0008])
def test_noise_passes_at_its_level_whatever_the_drift(drift: float) -> None:
    p = np.array(
        [alpha_test(*reversed(market_and_timer(s, 500, 0.0, drift))).p_value for s in range(2_000)]
    )
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(p <= 0.01) == pytest.approx(0.01, abs=0.01)
    assert np.mean(p) == pytest.approx(0.5, abs=0.03)


def test_skill_is_seen_and_its_opposite_is_not() -> None:
    market, net = market_and_timer(3, 756, 0.004)
    assert alpha_test(net, market).p_value < 1e-6
    market, net = market_and_timer(3, 756, -0.004)
    assert alpha_test(net, market).p_value > 0.999


def test_riding_a_rising_market_is_beta() -> None:
    rng = np.random.default_rng(0)
    market = rng.normal(0.002, 0.01, 756)
    riding = 0.7 * market + rng.normal(0, 0.001, 756)
    found = alpha_test(riding, market)
    assert riding.mean() / riding.std() > 0.15
    assert found.beta == pytest.approx(0.7, abs=0.02)
    assert found.p_value > 0.05


@pytest.mark.parametrize(
    ("net", "market"),
    [
        (lambda m: m, "random"),
        (lambda m: 0.5 * m, "random"),
        (lambda m: 0.5 * m + 0.001, "random"),
        (lambda m: -m, "random"),
        (np.zeros_like, "random"),
        (lambda m: np.full_like(m, 0.01), "random"),
        (lambda m: np.random.default_rng(1).normal(0, 1, m.size), "flat"),
        (lambda m: np.where(np.arange(m.size) == 3, np.nan, -(m**2)), "random"),
        (lambda m: np.where(np.arange(m.size) == 3, np.inf, -(m**2)), "random"),
    ],
    ids=[
        "buy and hold",
        "half of it",
        "a constant on top",
        "short and hold",
        "never traded",
        "constant",
        "flat market",
        "nan",
        "inf",
    ],
)
def test_what_cannot_be_tested_is_unknown(net: object, market: str) -> None:
    given = np.random.default_rng(0).normal(0.001, 0.01, 756)
    if market == "flat":
        given = np.full(756, 0.001)
    found = alpha_test(net(given), given)  # type: ignore[operator]
    for figure in (found.alpha, found.beta, found.standard_error, found.t, found.p_value):
        assert math.isnan(figure)


def test_29_bars_are_too_few() -> None:
    market, net = market_and_timer(1, 30, 0.001)
    assert math.isfinite(alpha_test(net, market).p_value)
    assert math.isnan(alpha_test(net[1:], market[1:]).p_value)
    assert math.isnan(alpha_test([], []).p_value)


def test_series_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="one return of each per bar"):
        alpha_test(np.zeros(50), np.zeros(49))
    with pytest.raises(ValueError, match="one dimension"):
        alpha_test(np.zeros((50, 1)), np.zeros((50, 1)))
    with pytest.raises(ValueError, match="whole number from 0"):
        alpha_test(np.zeros(50), np.zeros(50), lags=50)

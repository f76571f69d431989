"""Newey-West, autocorrelations and Lo's factor against statsmodels and the papers."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.tsa.stattools import acf

from omp.stats import autocorrelations, lo_eta, newey_west_lags, newey_west_se_mean


def persistent(seed: int, n_obs: int, rho: float = 0.4) -> NDArray[np.float64]:
    shocks = np.random.default_rng(seed).normal(0.0002, 0.01, n_obs)
    for t in range(1, n_obs):
        shocks[t] += rho * shocks[t - 1]
    return shocks


@pytest.mark.parametrize("lags", [0, 1, 5, 17, None])
def test_the_hac_error_of_statsmodels(lags: int | None) -> None:
    returns = persistent(1, 700)
    depth = newey_west_lags(700) if lags is None else lags
    fitted = sm.OLS(returns, np.ones(700)).fit(cov_type="HAC", cov_kwds={"maxlags": depth})
    assert newey_west_se_mean(returns, lags) == pytest.approx(fitted.bse[0], rel=1e-10)


def test_without_lags_it_is_the_ordinary_error() -> None:
    returns = persistent(2, 500)
    expected = returns.std() / math.sqrt(500)
    assert newey_west_se_mean(returns, 0) == pytest.approx(expected, rel=1e-12)


def test_it_sees_persistence_that_the_ordinary_error_misses() -> None:
    means = [persistent(seed, 400, 0.5).mean() for seed in range(400)]
    assert newey_west_se_mean(persistent(0, 40_000, 0.5)) * 10 == pytest.approx(
        np.std(means), rel=0.12
    )


@pytest.mark.parametrize(("n_obs", "lags"), [(30, 3), (100, 4), (756, 6), (1260, 7), (10_000, 11)])
def test_the_rule_for_the_lags(n_obs: int, lags: int) -> None:
    assert newey_west_lags(n_obs) == lags


@given(st.integers(0, 1000), st.integers(0, 40))
def test_the_bartlett_estimate_is_never_negative(seed: int, lags: int) -> None:
    returns = np.random.default_rng(seed).normal(0, 1, 60)
    returns[1:] -= 0.9 * returns[:-1]
    assert newey_west_se_mean(returns, lags) > 0.0


def test_the_autocorrelations_of_statsmodels() -> None:
    returns = persistent(4, 300)
    assert np.allclose(autocorrelations(returns, 12), acf(returns, nlags=12)[1:], atol=1e-12)
    assert autocorrelations(returns, 0).shape == (0,)


def test_lo_without_autocorrelation_is_the_root() -> None:
    assert lo_eta(12, np.zeros(11)) == pytest.approx(math.sqrt(12))
    assert lo_eta(1, []) == 1.0
    assert lo_eta(12, []) == pytest.approx(math.sqrt(12))


@pytest.mark.parametrize(("q", "rho"), [(12, 0.2), (12, -0.2), (4, 0.5), (250, 0.05)])
def test_lo_for_a_first_order_process(q: int, rho: float) -> None:
    """Lo (2002): the closed form for an AR(1)."""
    closed = math.sqrt(q) / math.sqrt(
        1 + 2 * rho / (1 - rho) * (1 - (1 - rho**q) / (q * (1 - rho)))
    )
    assert lo_eta(q, [rho**k for k in range(1, q)]) == pytest.approx(closed, rel=1e-12)


def test_lo_is_the_ratio_of_variances_of_sums() -> None:
    returns = persistent(3, 120_000, 0.3)
    sums = returns.reshape(-1, 6).sum(1)
    measured = (sums.mean() / sums.std()) / (returns.mean() / returns.std())
    assert lo_eta(6, autocorrelations(returns, 5)) == pytest.approx(measured, rel=0.01)


def test_lags_beyond_the_period_are_not_used() -> None:
    assert lo_eta(3, [0.2, 0.1, 0.9, 0.9]) == lo_eta(3, [0.2, 0.1])


def test_what_is_undefined_is_unknown() -> None:
    for returns in (np.zeros(100), np.full(100, 0.1), np.arange(29.0), np.r_[np.ones(50), np.nan]):
        assert math.isnan(newey_west_se_mean(returns, 2))
        assert np.isnan(autocorrelations(returns, 3)).all()
    assert math.isnan(newey_west_se_mean([]))
    assert math.isnan(lo_eta(3, [0.1, math.nan]))
    assert math.isnan(lo_eta(2, [-1.0]))
    assert math.isnan(lo_eta(3, [-0.9, -0.9]))


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="whole number from 0"):
        newey_west_se_mean(np.arange(50.0), -1)
    with pytest.raises(ValueError, match="whole number from 0"):
        newey_west_se_mean(np.arange(50.0), 50)
    with pytest.raises(ValueError, match="whole number from 0"):
        autocorrelations(np.arange(50.0), 50)
    with pytest.raises(ValueError, match="1 or more"):
        lo_eta(0, [])
    with pytest.raises(ValueError, match=r"\[-1, 1\]"):
        lo_eta(3, [1.5, 0.0])

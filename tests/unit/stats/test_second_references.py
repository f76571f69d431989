"""Each statistic against a second library, beside the one that its own test names."""

import math

import numpy as np
import pandas as pd
import pytest
from arch.covariance.kernel import Bartlett
from numpy.typing import NDArray
from phacker.stats import sharpe_se
from scipy import fft, signal
from scipy import stats as scipy_stats
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.feature_selection import SelectFwe
from statsmodels.stats.sandwich_covariance import S_hac_simple
from vectorbt.returns import metrics
from vectorbt.returns import nb as vectorbt

from omp.stats import (
    adjust_pvalues,
    alpha_test,
    autocorrelations,
    circular_shift_pvalue,
    cluster_streams,
    deflated_sharpe_ratio,
    drawdown_curve,
    effective_trials,
    equity_curve,
    expected_max_sharpe,
    max_drawdown,
    moments,
    newey_west_lags,
    newey_west_se_mean,
    probabilistic_sharpe_ratio,
    sharpe_ratio,
    sharpe_standard_error,
)

Float = NDArray[np.float64]


@pytest.fixture(params=range(3))
def returns(request: pytest.FixtureRequest) -> Float:
    """Three years of days, skewed and persistent."""
    shocks = np.random.default_rng(request.param).gamma(3.0, 0.006, 756) - 0.0175
    return np.asarray(shocks[1:] + 0.2 * shocks[:-1])


def test_moments_of_pandas(returns: Float) -> None:
    found, series, n = moments(returns), pd.Series(returns), returns.size
    assert found.variance == pytest.approx(series.var(), rel=1e-12)
    biased = series.skew() * (n - 2) / math.sqrt(n * (n - 1))
    assert found.skew == pytest.approx(biased, rel=1e-9)
    excess = (series.kurt() * (n - 2) * (n - 3) / (n - 1) - 6) / (n + 1)
    assert found.kurtosis == pytest.approx(excess + 3, rel=1e-9)


def test_the_ratio_of_vectorbt(returns: Float) -> None:
    theirs = vectorbt.sharpe_ratio_1d_nb(returns, 252.0, 0.0, 1)
    assert sharpe_ratio(returns, 252.0) == pytest.approx(theirs, rel=1e-12)


def test_the_standard_error_and_psr_of_phacker(returns: Float) -> None:
    found, error = moments(returns), float(sharpe_se(returns[:, None])[0])
    shape = (found.n, found.skew, found.kurtosis)
    assert sharpe_standard_error(found.sharpe, *shape) == pytest.approx(error, rel=1e-12)
    for target in (-0.05, 0.0, 0.05):
        theirs = scipy_stats.norm.cdf((found.sharpe - target) / error)
        ours = probabilistic_sharpe_ratio(found.sharpe, target, *shape)
        assert ours == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("n_trials", [2, 46, 20_000])
def test_the_luck_and_the_deflation_of_vectorbt(returns: Float, n_trials: int) -> None:
    found, variance = moments(returns), 1.0 / (returns.size - 1)
    luck = metrics.approx_exp_max_sharpe(0.0, variance, n_trials)
    assert expected_max_sharpe(n_trials, variance) == pytest.approx(luck, rel=1e-9)
    theirs = metrics.deflated_sharpe_ratio(
        est_sharpe=found.sharpe,
        var_sharpe=variance,
        nb_trials=n_trials,
        backtest_horizon=found.n,
        skew=found.skew,
        kurtosis=found.kurtosis,
    )
    ours = deflated_sharpe_ratio(
        found.sharpe,
        n_obs=found.n,
        skew=found.skew,
        kurtosis=found.kurtosis,
        n_trials=n_trials,
        sr_variance=variance,
    )
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_the_account_of_vectorbt_and_pandas(returns: Float) -> None:
    equity = vectorbt.cum_returns_1d_nb(returns, 1.0)
    assert equity_curve(returns) == pytest.approx(equity, rel=1e-12)
    assert -max_drawdown(returns) == pytest.approx(vectorbt.max_drawdown_1d_nb(returns), rel=1e-12)
    account = pd.Series([1.0, *(1.0 + returns)]).cumprod()
    depth = (1.0 - account / account.cummax()).to_numpy()[1:]
    assert drawdown_curve(returns) == pytest.approx(depth, abs=1e-12)


@pytest.mark.parametrize("lags", [0, 1, 6, 20])
def test_the_long_run_variance_of_arch(returns: Float, lags: int) -> None:
    theirs = Bartlett(returns, bandwidth=float(lags), force_int=True).cov.long_run
    expected = math.sqrt(float(np.asarray(theirs).squeeze()) / returns.size)
    assert newey_west_se_mean(returns, lags) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("n_obs", [30, 100, 756, 1764])
def test_the_default_lags_of_statsmodels(n_obs: int) -> None:
    x = np.random.default_rng(n_obs).normal(size=n_obs)
    assert S_hac_simple(x) == pytest.approx(S_hac_simple(x, nlags=newey_west_lags(n_obs)))
    assert S_hac_simple(x) != pytest.approx(S_hac_simple(x, nlags=newey_west_lags(n_obs) + 1))


def test_the_autocorrelations_of_scipy(returns: Float) -> None:
    centred = returns - returns.mean()
    whole = signal.correlate(centred, centred)[returns.size - 1 :]
    assert autocorrelations(returns, 15) == pytest.approx(whole[1:16] / whole[0], abs=1e-12)


@pytest.mark.parametrize("lags", [None, 0, 9])
def test_alpha_by_scipy_and_arch(returns: Float, lags: int | None) -> None:
    market = np.random.default_rng(9).normal(0.0003, 0.01, returns.size) + 0.3 * returns
    depth = newey_west_lags(returns.size) if lags is None else lags
    line = scipy_stats.linregress(market, returns)
    design = np.column_stack([np.ones(returns.size), market])
    scores = design * (returns - line.intercept - line.slope * market)[:, None]
    kernel = Bartlett(scores, bandwidth=float(depth), center=False, force_int=True)
    bread = np.linalg.inv(design.T @ design)
    covariance = bread @ (np.asarray(kernel.cov.long_run) * returns.size) @ bread
    t = line.intercept / math.sqrt(covariance[0, 0])
    found = alpha_test(returns, market, lags)
    assert (found.alpha, found.beta) == pytest.approx((line.intercept, line.slope), rel=1e-9)
    assert found.t == pytest.approx(t, rel=1e-9)
    assert found.p_value == pytest.approx(scipy_stats.t.sf(t, returns.size - 2), rel=1e-9)


def test_every_shift_by_the_fast_fourier_transform() -> None:
    rng = np.random.default_rng(5)
    market = rng.normal(0.0, 0.01, 400)
    position = (np.convolve(rng.normal(size=420), np.ones(21), "valid") > 0).astype(float)
    earned = fft.ifft(np.conj(fft.fft(position)) * fft.fft(market)).real
    share = float((earned >= earned[0] - 1e-12).mean())
    assert circular_shift_pvalue(position, market) == pytest.approx(share, abs=1e-12)


def test_the_false_discovery_control_of_scipy() -> None:
    pvalues = np.random.default_rng(3).beta(0.4, 2.0, 60)
    theirs = scipy_stats.false_discovery_control(pvalues, method="by")
    assert adjust_pvalues(pvalues, "bhy") == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.3])
def test_the_family_wise_selection_of_scikit_learn(alpha: float) -> None:
    pvalues = np.random.default_rng(4).beta(0.1, 4.0, 40)
    chosen = SelectFwe(lambda x, _: (x[0], pvalues), alpha=alpha)
    kept = chosen.fit(np.ones((3, 40)), np.ones(3)).get_support()
    assert 0 < kept.sum() < 40
    assert ((adjust_pvalues(pvalues, "bonferroni") < alpha) == kept).all()


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_the_average_linkage_of_scipy(threshold: float) -> None:
    rng = np.random.default_rng(8)
    ideas = rng.normal(size=(500, 6))
    streams = ideas[:, np.arange(30) % 6] * rng.uniform(0.5, 2.0, 30) + rng.normal(size=(500, 30))
    likeness = np.corrcoef(streams.T)
    apart = squareform(1.0 - likeness, checks=False)
    groups = fcluster(linkage(apart, "average"), 1.0 - threshold, criterion="distance")
    assert effective_trials(likeness, threshold) == groups.max()
    found = cluster_streams(streams, threshold)
    pairs = {(int(one), int(other)) for one, other in zip(found.label, groups, strict=True)}
    assert len(pairs) == len(set(groups)) == len(set(found.label.tolist()))

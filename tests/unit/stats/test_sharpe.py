"""Sharpe ratios against their papers, scipy and purgedcv."""

import math

import numpy as np
import purgedcv
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from scipy.integrate import quad

from omp.stats import (
    deflated_sharpe_ratio,
    expected_max_sharpe,
    min_backtest_length,
    min_track_record_length,
    moments,
    probabilistic_sharpe_ratio,
    sharpe_ratio,
    sharpe_standard_error,
)

ANNUAL = {"sr": 2.5 / math.sqrt(250), "n_obs": 1250, "skew": -3.0, "kurtosis": 10.0}
ratios = st.floats(-0.5, 0.5)
skews = st.floats(-1.5, 1.5)
kurtoses = st.floats(3.5, 30.0)
lengths = st.integers(30, 10_000)


@pytest.mark.parametrize(("n_trials", "published"), [(100, 0.9004), (46, 0.9505)])
def test_the_published_deflated_ratio(n_trials: int, published: float) -> None:
    found = deflated_sharpe_ratio(**ANNUAL, n_trials=n_trials, sr_variance=0.5 / 250)
    assert found == pytest.approx(published, abs=5e-5)


def test_the_luck_line_of_the_published_example() -> None:
    luck = expected_max_sharpe(100, 0.5 / 250)
    assert luck == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(("skew", "kurtosis", "years"), [(0.0, 3.0, 3.24), (-0.72, 5.78, 4.99)])
def test_the_published_track_record_lengths(skew: float, kurtosis: float, years: float) -> None:
    """Annual 2 against 1 on monthly returns, Bailey & López de Prado (2012)."""
    root = math.sqrt(12)
    bars = min_track_record_length(2 / root, 1 / root, skew, kurtosis, 0.05)
    assert bars / 12 == pytest.approx(years, abs=0.005)


def test_the_published_backtest_length() -> None:
    """No more than 45 trials on five years, Bailey et al. (2014)."""
    assert min_backtest_length(45, 1.0) == pytest.approx(5.0, abs=0.05)
    assert min_backtest_length(45, 1.0) < 5.0 < min_backtest_length(46, 1.0)
    assert min_backtest_length(45, 1.0) < 2 * math.log(45)
    assert min_backtest_length(1, 1.0) == 0.0


@pytest.mark.parametrize("n_trials", [2, 10, 45, 2_000, 10**7])
def test_the_lengths_and_luck_of_purgedcv(n_trials: int) -> None:
    length = min_backtest_length(n_trials, 0.7)
    assert length == pytest.approx(purgedcv.minimum_backtest_length(n_trials, 0.7), rel=1e-8)
    luck = purgedcv.deflated_sharpe_ratio_full(
        np.random.default_rng(1).normal(0.001, 0.01, 500), n_trials, 1 / 499
    )
    assert expected_max_sharpe(n_trials, 1 / 499) == pytest.approx(luck.sr_star, rel=1e-8)


@pytest.mark.parametrize("n_trials", [10, 100, 2_000, 200_000])
def test_the_luck_line_is_near_the_true_expected_maximum(n_trials: int) -> None:
    def density(z: float) -> float:
        log_cdf = scipy_stats.norm.logcdf(z)
        return z * n_trials * scipy_stats.norm.pdf(z) * math.exp((n_trials - 1) * log_cdf)

    exact, _ = quad(density, -3, 12, limit=200)
    assert expected_max_sharpe(n_trials, 1.0) == pytest.approx(exact, rel=0.025)


def test_purgedcv_agrees_on_track_record_and_psr() -> None:
    ours = min_track_record_length(0.12, 0.03, -0.8, 6.0, 0.05)
    assert math.ceil(ours) == purgedcv.min_track_record_length(0.12, 0.03, 0.05, -0.8, 6.0)
    returns = np.random.default_rng(7).standard_t(5, 900) * 0.01 + 0.0006
    shape = purgedcv.deflated_sharpe_ratio_full(returns, 1, 0.0)
    psr = probabilistic_sharpe_ratio(shape.observed_sr, 0.02, 900, shape.skew, shape.kurt)
    assert psr == pytest.approx(purgedcv.probabilistic_sharpe_ratio(returns, 0.02), abs=1e-12)


@given(sr=ratios, benchmark=ratios, n=lengths, skew=skews, kurtosis=kurtoses)
def test_psr_is_the_normal_tail_of_scipy(
    sr: float, benchmark: float, n: int, skew: float, kurtosis: float
) -> None:
    error = math.sqrt((1 - skew * sr + (kurtosis - 1) / 4 * sr**2) / (n - 1))
    psr = probabilistic_sharpe_ratio(sr, benchmark, n, skew, kurtosis)
    assert psr == pytest.approx(scipy_stats.norm.cdf((sr - benchmark) / error), rel=1e-9)
    assert sharpe_standard_error(sr, n, skew, kurtosis) == pytest.approx(error, rel=1e-12)


@given(sr=ratios, n=lengths, skew=skews, kurtosis=kurtoses)
def test_one_trial_deflates_nothing(sr: float, n: int, skew: float, kurtosis: float) -> None:
    psr = probabilistic_sharpe_ratio(sr, 0.0, n, skew, kurtosis)
    for variance in (0.0, 1 / (n - 1), 0.3):
        assert deflated_sharpe_ratio(sr, n, skew, kurtosis, 1, variance) == psr


@given(sr=ratios, n=lengths, skew=skews, kurtosis=kurtoses, trials=st.integers(2, 10**8))
def test_more_trials_never_raise_the_deflated_ratio(
    sr: float, n: int, skew: float, kurtosis: float, trials: int
) -> None:
    fewer, more = (
        deflated_sharpe_ratio(sr, n, skew, kurtosis, count, 1 / (n - 1))
        for count in (trials, 2 * trials)
    )
    assert more <= fewer
    assert expected_max_sharpe(trials, 1.0) < expected_max_sharpe(2 * trials, 1.0)


@given(
    sr=st.floats(0.05, 0.5),
    gap=st.floats(0.02, 0.3),
    skew=skews,
    kurtosis=kurtoses,
    alpha=st.floats(0.001, 0.2),
)
def test_psr_reaches_its_level_exactly_at_the_track_record_length(
    sr: float, gap: float, skew: float, kurtosis: float, alpha: float
) -> None:
    bars = min_track_record_length(sr, sr - gap, skew, kurtosis, alpha)
    if bars >= 30:
        psr = probabilistic_sharpe_ratio(sr, sr - gap, bars, skew, kurtosis)
        assert psr == pytest.approx(1 - alpha, abs=1e-9)
    else:
        assert math.isnan(probabilistic_sharpe_ratio(sr, sr - gap, bars, skew, kurtosis))


@given(st.floats(1.0, 3.0))
def test_an_effective_number_of_trials_near_one_gives_no_negative_luck(n_trials: float) -> None:
    assert expected_max_sharpe(n_trials, 1.0) >= 0.0


def test_the_standard_error_is_what_repeated_samples_show() -> None:
    rng = np.random.default_rng(11)
    samples = rng.gamma(2.0, 1.0, (4_000, 400)) - 1.7  # skewed: 1.41, kurtosis 6
    found = samples.mean(1) / samples.std(1, ddof=1)
    sr = 0.3 / math.sqrt(2.0)
    expected = sharpe_standard_error(sr, 400, 2 / math.sqrt(2), 6.0)
    assert found.std() == pytest.approx(expected, rel=0.05)


def test_a_z_score_is_not_called_a_probability() -> None:
    """A known defect of public packages: 3 standard errors reported as a DSR of 3."""
    strong = deflated_sharpe_ratio(0.4, 2_000, 0.0, 3.0, 100, 1 / 1_999)
    assert 0.999 < strong <= 1.0
    weak = deflated_sharpe_ratio(-0.4, 2_000, 0.0, 3.0, 100, 1 / 1_999)
    assert 0.0 < weak < 1e-50


def test_sharpe_ratio_uses_ddof_1_and_annualises_by_the_root() -> None:
    returns = np.random.default_rng(2).normal(0.001, 0.01, 300)
    expected = returns.mean() / scipy_stats.tstd(returns)
    assert sharpe_ratio(returns) == pytest.approx(expected, rel=1e-13)
    assert sharpe_ratio(returns, 252) == pytest.approx(expected * math.sqrt(252), rel=1e-13)
    assert sharpe_ratio(returns.tolist()) == pytest.approx(moments(returns).sharpe, rel=1e-12)
    assert sharpe_ratio(-returns) == -sharpe_ratio(returns)


@pytest.mark.parametrize(
    "returns",
    [
        np.full(100, 0.01),
        np.zeros(100),
        np.cumprod(np.full(100, 1.0001))[1:] / np.cumprod(np.full(100, 1.0001))[:-1] - 1,
        np.linspace(-0.01, 0.02, 29),
        np.r_[np.linspace(-0.01, 0.02, 99), np.nan],
        np.r_[np.linspace(-0.01, 0.02, 99), np.inf],
        [],
    ],
    ids=["constant", "zero", "constant but for rounding", "29 bars", "nan", "inf", "empty"],
)
def test_an_undefined_ratio_is_unknown(returns: object) -> None:
    assert math.isnan(sharpe_ratio(returns))  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", range(5))
def test_what_is_not_finite_is_unknown(place: int, bad: float) -> None:
    arguments = [0.1, 0.0, 500.0, -0.5, 5.0]
    assert math.isfinite(probabilistic_sharpe_ratio(*arguments))
    arguments[place] = bad
    assert math.isnan(probabilistic_sharpe_ratio(*arguments))


def test_too_short_or_without_variance_is_unknown() -> None:
    assert math.isnan(probabilistic_sharpe_ratio(0.1, 0.0, 29, 0.0, 3.0))
    assert math.isfinite(probabilistic_sharpe_ratio(0.1, 0.0, 30, 0.0, 3.0))
    assert math.isnan(probabilistic_sharpe_ratio(0.5, 0.0, 500, 3.0, 3.0))
    assert math.isnan(deflated_sharpe_ratio(0.5, 500, 3.0, 3.0, 10, 0.002))
    assert math.isnan(min_track_record_length(0.5, 0.0, 3.0, 3.0, 0.05))
    assert math.isnan(sharpe_standard_error(0.5, 500, 3.0, 3.0))
    for variance in (0.0, -1.0, math.nan, math.inf):
        assert math.isnan(deflated_sharpe_ratio(0.1, 500, 0.0, 3.0, 10, variance))
        assert math.isnan(expected_max_sharpe(10, variance))
    assert math.isnan(deflated_sharpe_ratio(0.1, 500, 0.0, 3.0, math.nan, 0.002))
    assert math.isnan(min_backtest_length(math.nan, 1.0))
    assert math.isnan(min_backtest_length(10, math.nan))


def test_no_record_is_long_enough_for_what_was_not_beaten() -> None:
    assert min_track_record_length(0.1, 0.1, 0.0, 3.0, 0.05) == math.inf
    assert min_track_record_length(0.1, 0.2, 0.0, 3.0, 0.05) == math.inf
    assert min_track_record_length(0.1, 0.1 - 1e-200, 0.0, 3.0, 0.05) == math.inf
    assert min_track_record_length(1e-300, 0.0, 0.0, 3.0, 0.05) == math.inf


def test_wrong_arguments_are_refused_with_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="allowed: 1 or more"):
        deflated_sharpe_ratio(0.1, 500, 0.0, 3.0, 0, 0.002)
    with pytest.raises(ValueError, match="allowed: 1 or more"):
        expected_max_sharpe(math.inf, 0.002)
    with pytest.raises(ValueError, match="allowed: 0 < alpha"):
        min_track_record_length(0.1, 0.0, 0.0, 3.0, 0.0)
    with pytest.raises(ValueError, match="allowed: a positive number"):
        min_backtest_length(10, 0.0)
    with pytest.raises(ValueError, match="one dimension"):
        sharpe_ratio(np.zeros((40, 2)))
    with pytest.raises(ValueError, match="periods_per_year"):
        sharpe_ratio(np.zeros(40), 0)

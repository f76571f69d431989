"""Moments against scipy, and what has none."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats as scipy_stats

from omp.stats import moments


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scale", [1e-90, 1e-3, 1.0])
def test_moments_of_scipy(seed: int, scale: float) -> None:
    returns = np.random.default_rng(seed).gamma(2.0, 1.0, 500) - 1.5
    found = moments(returns * scale)
    assert found.n == 500
    assert found.mean == pytest.approx(returns.mean() * scale, rel=1e-12)
    assert found.variance == pytest.approx(returns.var(ddof=1) * scale**2, rel=1e-12)
    assert found.skew == pytest.approx(scipy_stats.skew(returns), rel=1e-10)
    assert found.kurtosis == pytest.approx(scipy_stats.kurtosis(returns, fisher=False), rel=1e-10)


def test_kurtosis_is_raw() -> None:
    normal = scipy_stats.norm.ppf((np.arange(10_000) + 0.5) / 10_000)
    assert moments(normal).kurtosis == pytest.approx(3.0, abs=0.02)


@given(arrays(np.float64, st.integers(30, 60), elements=st.floats(-1, 1)))
@example(np.array([5e-324] + [0.0] * 29))
def test_no_sample_breaks_the_bound_between_skewness_and_kurtosis(returns: np.ndarray) -> None:
    found = moments(returns)
    if math.isfinite(found.kurtosis):
        assert found.kurtosis >= found.skew**2 + 1 - 1e-9


def test_what_has_no_moments() -> None:
    empty = moments([])
    assert empty.n == 0
    assert math.isnan(empty.mean)
    assert math.isnan(moments([0.1, math.nan, 0.2]).variance)
    one = moments([0.1])
    assert one.mean == 0.1
    assert math.isnan(one.variance)
    flat = moments(np.full(100, 0.1))
    assert flat.variance == 0.0
    assert math.isnan(flat.skew)
    assert math.isnan(flat.kurtosis)
    assert math.isnan(flat.sharpe)
    assert math.isnan(moments(np.arange(29.0)).sharpe)
    with pytest.raises(ValueError, match="one dimension"):
        moments([[0.1], [0.2]])

"""Effective trials against scikit-learn's clustering; adjusted p-values against statsmodels."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phacker.stats import n_eff
from sklearn.cluster import AgglomerativeClustering
from statsmodels.stats.multitest import multipletests

from omp.stats import adjust_pvalues, effective_trials

NAMES = {"bonferroni": "bonferroni", "holm": "holm", "bhy": "fdr_by"}
p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@pytest.mark.parametrize("method", NAMES)
@settings(max_examples=30, deadline=None)
@given(pvalues=p_lists)
def test_the_adjustments_of_statsmodels(method: str, pvalues: list[float]) -> None:
    expected = multipletests(pvalues, method=NAMES[method])[1]
    assert np.allclose(adjust_pvalues(pvalues, method), expected, atol=1e-12)


def test_the_example_of_harvey_and_liu() -> None:
    """Six tests, "Backtesting" (2015), exhibit 2: .005 .009 .0128 .0135 .045 .06."""
    given_p = [0.06, 0.0128, 0.005, 0.0135, 0.009, 0.045]
    assert adjust_pvalues(given_p, "bonferroni") == pytest.approx(
        [0.36, 0.0768, 0.03, 0.081, 0.054, 0.27]
    )
    assert adjust_pvalues(given_p, "holm") == pytest.approx(
        [0.09, 0.0512, 0.03, 0.0512, 0.045, 0.09]
    )
    assert adjust_pvalues(given_p, "bhy") == pytest.approx(
        [0.147, 0.0496, 0.0496, 0.0496, 0.0496, 0.1323], abs=2e-5
    )


@pytest.mark.parametrize("method", NAMES)
def test_an_unknown_pvalue_stays_unknown_and_still_counts(method: str) -> None:
    with_unknown = adjust_pvalues([0.01, math.nan, 0.02], method)
    assert math.isnan(with_unknown[1])
    counted = adjust_pvalues([0.01, 1.0, 0.02], method)
    assert np.array_equal(with_unknown[[0, 2]], counted[[0, 2]])


@pytest.mark.parametrize("method", NAMES)
@given(pvalues=p_lists)
def test_no_adjustment_lowers_a_pvalue_or_changes_their_order(
    method: str, pvalues: list[float]
) -> None:
    adjusted = adjust_pvalues(pvalues, method)
    assert (adjusted >= np.array(pvalues) - 1e-15).all()
    assert (adjusted <= 1.0).all()
    assert (np.diff(adjusted[np.argsort(pvalues)]) >= -1e-12).all()


def test_methods_and_probabilities_are_checked() -> None:
    with pytest.raises(ValueError, match="bonferroni, holm, bhy"):
        adjust_pvalues([0.1], "bh")
    for bad in (-0.1, 1.1, math.inf):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            adjust_pvalues([0.1, bad], "holm")
    assert adjust_pvalues([], "bhy").shape == (0,)


def groups(n_groups: int, members: int, n_obs: int = 800) -> np.ndarray:
    rng = np.random.default_rng(n_groups)
    ideas = rng.normal(0, 1, (n_obs, n_groups))
    returns = np.repeat(ideas, members, axis=1) + rng.normal(0, 0.4, (n_obs, n_groups * members))
    return np.asarray(returns[:, rng.permutation(n_groups * members)])


@pytest.mark.parametrize(("n_groups", "members"), [(1, 12), (5, 8), (20, 5), (60, 1)])
def test_ideas_are_counted_once(n_groups: int, members: int) -> None:
    correlation = np.corrcoef(groups(n_groups, members).T)
    assert effective_trials(correlation) == n_groups


def test_independent_trials_are_all_counted() -> None:
    """A known defect: a participation ratio is far too small where volatilities differ."""
    returns = np.random.default_rng(0).normal(0, 1, (1_000, 100)) * np.geomspace(1, 100, 100)
    assert effective_trials(np.corrcoef(returns.T)) == 100
    assert n_eff(returns) < 40


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("seed", range(3))
def test_the_clusters_of_scikit_learn(threshold: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 1, (300, 8)) @ rng.normal(0, 1, (8, 40))
    correlation = np.corrcoef(returns.T)
    other = AgglomerativeClustering(
        n_clusters=None,
        metric="precomputed",
        linkage="average",
        distance_threshold=1 - threshold,
    ).fit(1 - correlation)
    assert effective_trials(correlation, threshold) == other.n_clusters_


def test_copies_are_one_trial_and_opposites_are_two() -> None:
    assert effective_trials([[1.0]]) == 1
    assert effective_trials(np.ones((9, 9))) == 1
    assert effective_trials([[1.0, -1.0], [-1.0, 1.0]]) == 2


def test_what_is_no_correlation_matrix() -> None:
    assert math.isnan(effective_trials([[1.0, math.nan], [math.nan, 1.0]]))
    for bad in ([[1.0, 0.2]], [[1.0, 0.2], [0.9, 1.0]], [[2.0, 0.0], [0.0, 1.0]]):
        with pytest.raises(ValueError, match="correlation"):
            effective_trials(bad)
    with pytest.raises(ValueError, match="correlation"):
        effective_trials([[1.0, 1.5], [1.5, 1.0]])
    with pytest.raises(ValueError, match="threshold"):
        effective_trials(np.eye(3), 1.5)

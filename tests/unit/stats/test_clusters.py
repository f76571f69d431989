"""Clusters of streams: planted groups are found, and agree with scikit-learn."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering

from omp.stats import cluster_streams, effective_trials

Float = NDArray[np.float64]


def factors(seed: int, n_bars: int, groups: NDArray[np.int64], noise: float) -> Float:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n_bars, int(groups.max()) + 1))
    return common[:, groups] + noise * rng.normal(size=(n_bars, groups.size))


def test_planted_groups_are_found_and_flat_streams_belong_to_none() -> None:
    groups = np.random.default_rng(1).permutation(np.repeat(np.arange(30), 10))
    streams = factors(2, 500, groups, 0.5)
    streams[:, 7] = 0.0
    found = cluster_streams(streams)
    assert found.count == 30
    assert found.n_flat == 1
    assert found.label[7] == -1
    kept = np.arange(groups.size) != 7
    pairs = {(a, b) for a, b in zip(found.label[kept], groups[kept], strict=True)}
    assert len(pairs) == 30
    assert found.sizes.sum() == groups.size - 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_scikit_learn_makes_the_same_groups(seed: int, threshold: float) -> None:
    groups = np.random.default_rng(seed).integers(0, 12, 60)
    streams = factors(seed, 90, groups, 1.0)
    found = cluster_streams(streams, threshold)
    distance = 1.0 - np.corrcoef(streams.T)
    other = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=1 - threshold
    ).fit(distance)
    assert found.count == other.n_clusters_
    assert len({*zip(found.label, other.labels_, strict=True)}) == found.count
    assert found.count == effective_trials(np.corrcoef(streams.T), threshold)


def test_labels_are_numbered_by_their_first_members() -> None:
    streams = factors(3, 200, np.array([2, 2, 0, 1, 0]), 0.1)
    assert cluster_streams(streams).label.tolist() == [0, 0, 1, 2, 1]


def test_one_common_factor_does_not_hide_what_differs() -> None:
    """The participation ratio of the eigenvalues says 9 where 50 ideas share one factor."""
    rng = np.random.default_rng(4)
    streams = rng.normal(size=(2_000, 50)) + 0.6 * rng.normal(size=(2_000, 1))
    values = np.linalg.eigvalsh(np.corrcoef(streams.T))
    assert values.sum() ** 2 / (values**2).sum() < 15
    assert cluster_streams(streams).count == 50


def test_what_cannot_be_grouped_is_refused_or_empty() -> None:
    assert cluster_streams(np.zeros((40, 3))).count == 0
    with pytest.raises(ValueError, match="threshold"):
        cluster_streams(np.zeros((40, 3)), -1.0)
    with pytest.raises(ValueError, match="NaN"):
        cluster_streams(np.full((40, 3), np.nan))

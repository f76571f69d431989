"""Which of many return streams are one idea: clusters of correlated streams."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from omp.stats.moments import FLAT_RANGE, Float, as_matrix
from omp.stats.trials import DIFFERENT

Int = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Clusters:
    """Streams in groups.

    Args:
        count: number of groups: how many different ideas were tried.
        label: group of each stream, numbered in the order of their first members from 0; -1 for
            a stream that never varies, which belongs to none, [N].
    """

    count: int
    label: Int

    @property
    def n_flat(self) -> int:
        """Streams that never vary, such as those of rules that never trade."""
        return int(np.count_nonzero(self.label < 0))

    @property
    def sizes(self) -> Int:
        """Members of each group, [count]."""
        return np.bincount(self.label[self.label >= 0], minlength=self.count).astype(np.int64)


def cluster_streams(returns: ArrayLike, threshold: float = DIFFERENT) -> Clusters:
    """Groups of streams whose members correlate at the threshold or more on average.

    The two groups whose members correlate most on average are merged until no two reach the
    threshold (average linkage, Sokal & Michener 1958, as `effective_trials`). A participation ratio
    of the eigenvalues would be far too small: one common factor hides all that differ beside it.
    5,000 streams take a few seconds and about 0.5 GB; any order of the streams gives the same
    groups unless two distances are equal to the last bit.

    Args:
        returns: (excess) returns per bar, or sums of them over parts of the window, one column per
            stream, [T, N].
        threshold: average correlation at which two groups are one, -1 < threshold ≤ 1.

    Returns:
        The groups; none where every stream is flat.

    Raises:
        ValueError: when returns is not [T, N], a value is NaN or infinite, or the threshold is out
            of range.
    """
    matrix = as_matrix(returns)
    if not -1.0 < threshold <= 1.0:
        raise ValueError(f"threshold is {threshold}; allowed: above -1, up to 1")
    if not bool(np.isfinite(matrix).all()):
        raise ValueError("a return is NaN or infinite; leave the stream out, or repair it")
    label = np.full(matrix.shape[1], -1, dtype=np.int64)
    spread = np.ptp(matrix, axis=0)
    kept = np.flatnonzero(spread > FLAT_RANGE * np.abs(matrix).max(axis=0))
    if kept.size == 0:
        return Clusters(0, label)
    groups = _groups(_distances(matrix[:, kept]), int(kept.size), threshold)
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(first.size)
    label[kept] = rank[place]
    return Clusters(int(first.size), label)


def _distances(columns: Float) -> Float:
    """1 - correlation of every two columns, condensed row by row, [N (N - 1) / 2]."""
    centred = columns - columns.mean(axis=0)
    centred /= np.sqrt(np.einsum("ij,ij->j", centred, centred))
    n = centred.shape[1]
    condensed = np.empty(n * (n - 1) // 2)
    at = 0
    step = max(1, 32_000_000 // (8 * n))
    for first in range(0, n, step):
        part = centred[:, first : first + step].T @ centred
        for i in range(part.shape[0]):
            row = part[i, first + i + 1 :]
            condensed[at : at + row.size] = row
            at += row.size
    np.subtract(1.0, condensed, out=condensed)
    return np.clip(condensed, 0.0, 2.0, out=condensed)


def _groups(distance: Float, n: int, threshold: float) -> Int:
    if n == 1:
        return np.zeros(1, dtype=np.int64)
    from scipy.cluster.hierarchy import fcluster, linkage

    tree = linkage(distance, method="average")
    return np.asarray(fcluster(tree, 1.0 - threshold + 1e-12, "distance"), dtype=np.int64)

"""Many trials at once: how many of them are different, and what their p-values are worth."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from omp.stats.moments import Float, as_matrix, as_series

DIFFERENT = 0.5
"""Two groups of trials count as one where their members correlate at this much on average."""


def effective_trials(correlation: ArrayLike, threshold: float = DIFFERENT) -> float:
    """Number of clusters among correlated trials: how many different ideas were tried.

    Agglomerative clustering by average correlation (Sokal & Michener 1958; López de Prado & Lewis
    2019 cluster trials for the same purpose): the two groups whose members correlate most on
    average are merged until no two reach the threshold. Shown beside the raw count; the gates use
    the raw count.

    Args:
        correlation: correlations of the trials' returns, symmetric with unit diagonal, [N, N].
        threshold: average correlation at which two groups are one, -1 < threshold ≤ 1.

    Returns:
        A whole number from 1 to N, or NaN (UNKNOWN) when a correlation is NaN or infinite (such
        as that of a trial without trades).

    Raises:
        ValueError: when correlation is not a correlation matrix or threshold is out of range.
    """
    matrix = as_matrix(correlation, "correlation")
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"correlation has shape {matrix.shape}; allowed: square, [N, N]")
    if not -1.0 < threshold <= 1.0:
        raise ValueError(f"threshold is {threshold}; allowed: above -1, up to 1")
    if not bool(np.isfinite(matrix).all()):
        return math.nan
    unit_diagonal = np.allclose(np.diag(matrix), 1.0, atol=1e-6)
    if not unit_diagonal or np.abs(matrix).max() > 1.0 + 1e-6:
        raise ValueError("correlation needs a diagonal of 1 and values from -1 to 1")
    if not np.allclose(matrix, matrix.T, atol=1e-6):
        raise ValueError("correlation is not symmetric; give the full matrix")
    n = matrix.shape[0]
    if n == 1:
        return 1.0
    from scipy.cluster.hierarchy import linkage

    upper = np.triu_indices(n, k=1)
    distance = np.clip(1.0 - matrix[upper], 0.0, 2.0)
    heights = linkage(distance, method="average")[:, 2]
    return float(n - np.count_nonzero(heights <= 1.0 - threshold + 1e-12))


def adjust_pvalues(pvalues: ArrayLike, method: str) -> Float:
    """P-values corrected for having asked so many questions at once.

    Harvey & Liu (2015), "Backtesting"; Holm (1979); Benjamini & Yekutieli (2001). A NaN (UNKNOWN)
    stays NaN and still counts as a question asked.

    Args:
        pvalues: one per test, [M].
        method: `bonferroni` or `holm` (chance of any false discovery), `bhy` (share of false
            discoveries, valid under any dependence).

    Returns:
        Adjusted p-values in the order given, at most 1, [M].

    Raises:
        ValueError: when the method is not one of these, pvalues is not one-dimensional, or a
            value lies outside [0, 1].
    """
    adjust = _ADJUSTMENTS.get(method)
    if adjust is None:
        raise ValueError(f"method is {method!r}; allowed: {', '.join(_ADJUSTMENTS)}")
    given = as_series(pvalues, "pvalues")
    if bool(((given < 0.0) | (given > 1.0)).any()):
        raise ValueError("a p-value lies outside [0, 1]; allowed: probabilities, or NaN")
    if given.size == 0:
        return given.copy()
    unknown = np.isnan(given)
    filled = np.where(unknown, 1.0, given)
    order = np.argsort(filled, kind="stable")
    adjusted = np.empty_like(filled)
    adjusted[order] = np.minimum(adjust(filled[order]), 1.0)
    return np.where(unknown, np.nan, adjusted)


def _bonferroni(ascending: Float) -> Float:
    return ascending * ascending.size


def _holm(ascending: Float) -> Float:
    remaining = np.arange(ascending.size, 0, -1)
    return np.asarray(np.maximum.accumulate(ascending * remaining))


def _bhy(ascending: Float) -> Float:
    size = ascending.size
    position = np.arange(1, size + 1)
    raised = ascending * size * float(np.sum(1.0 / position)) / position
    return np.asarray(np.minimum.accumulate(raised[::-1])[::-1])


_ADJUSTMENTS: dict[str, Callable[[Float], Float]] = {
    "bonferroni": _bonferroni,
    "holm": _holm,
    "bhy": _bhy,
}

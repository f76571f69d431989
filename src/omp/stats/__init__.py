"""Statistics of selection: what a result is worth after so many were tried.

numpy at import only; scipy is imported inside the few functions that need it. Undefined is NaN
(UNKNOWN, which never promotes), never 0 or 1; wrong shapes and arguments raise ValueError.
"""

from omp.stats.autocorrelation import (
    autocorrelations,
    lo_eta,
    newey_west_lags,
    newey_west_se_mean,
)
from omp.stats.bootstrap import circular_shift_pvalue, spa_pvalue
from omp.stats.clusters import Clusters, cluster_streams
from omp.stats.drawdown import drawdown_curve, equity_curve, max_drawdown
from omp.stats.moments import MIN_OBSERVATIONS, Moments, moments
from omp.stats.overfitting import (
    Overfitting,
    pbo_from_block_sums,
    probability_of_backtest_overfitting,
)
from omp.stats.regression import AlphaTest, alpha_test
from omp.stats.sharpe import (
    deflated_sharpe_ratio,
    expected_max_sharpe,
    min_backtest_length,
    min_track_record_length,
    probabilistic_sharpe_ratio,
    sharpe_ratio,
    sharpe_standard_error,
)
from omp.stats.trials import adjust_pvalues, effective_trials

__all__ = [
    "MIN_OBSERVATIONS",
    "AlphaTest",
    "Clusters",
    "Moments",
    "Overfitting",
    "adjust_pvalues",
    "alpha_test",
    "autocorrelations",
    "circular_shift_pvalue",
    "cluster_streams",
    "deflated_sharpe_ratio",
    "drawdown_curve",
    "effective_trials",
    "equity_curve",
    "expected_max_sharpe",
    "lo_eta",
    "max_drawdown",
    "min_backtest_length",
    "min_track_record_length",
    "moments",
    "newey_west_lags",
    "newey_west_se_mean",
    "pbo_from_block_sums",
    "probabilistic_sharpe_ratio",
    "probability_of_backtest_overfitting",
    "sharpe_ratio",
    "sharpe_standard_error",
    "spa_pvalue",
]

"""The room costs numpy alone until a function needs more."""

import subprocess
import sys

PROBE = """
import sys
import omp.stats as s
import numpy as np
x = np.random.default_rng(0).normal(0.001, 0.01, 300)
s.sharpe_ratio(x), s.moments(x), s.max_drawdown(x), s.newey_west_se_mean(x), s.lo_eta(12, [0.1])
s.deflated_sharpe_ratio(0.1, 300, 0.0, 3.0, 100, 0.003)
s.probability_of_backtest_overfitting(x.reshape(60, 5), 4)
s.spa_pvalue(x), s.circular_shift_pvalue(x > 0, x), s.adjust_pvalues([0.1], "holm")
heavy = {"scipy", "arch", "statsmodels", "numba", "pandas", "polars"}
print(sorted(heavy & set(sys.modules)), [m for m in sys.modules if m.startswith("omp.")])
"""


def test_numpy_is_enough_for_all_but_two_functions() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, timeout=60
    )
    heavy, rooms = done.stdout.strip().split("] [")
    assert heavy == "["
    assert all(name.strip(" '").startswith("omp.stats") for name in rooms.rstrip("]").split(","))

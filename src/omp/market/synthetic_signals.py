"""Several planted edges that have nothing to do with one another: each follows a column of its own.

A market of `n_signals` has so many columns of independent slow noise; each bar's drift is higher
while a column was above zero at the close before. The rules `feature:signal_k > 0` are then
uncorrelated edges of one true Sharpe ratio each, the dial, and equal shares of all of them have
its square root of `n_signals` times as much.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omp.market.synthetic_edges import bar_drift, positions, true_sharpe

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]

MEMORY = 0.95
"""Of a signal from bar to bar: it keeps its sign for about ten bars."""

CALIBRATION_BARS = 200_000
CALIBRATION_SEED = 20_240_102


def signal_name(number: int) -> str:
    """The column of the signal with that number, from 1."""
    return f"signal_{number}"


def rule_of(number: int) -> dict[str, Any]:
    """The true rule of a signal in the shape of strategy.toml."""
    left = {"indicator": f"feature:{signal_name(number)}"}
    return {
        "direction": "long",
        "entry": {"combine": "all", "conditions": [{"left": left, "op": ">", "right": 0.0}]},
        "exit": {"combine": "all", "conditions": [{"left": left, "op": "<", "right": 0.0}]},
    }


def signals(rng: np.random.Generator, shape: tuple[int, int, int]) -> Float:
    """Independent stationary noise with a memory of one bar and variance 1, [K, S, T]."""
    noise = rng.standard_normal(shape)
    noise[..., 1:] *= np.sqrt(1.0 - MEMORY**2)
    for t in range(1, shape[2]):
        noise[..., t] += MEMORY * noise[..., t - 1]
    return noise


def states(signal: Float) -> Bool:
    """Whether each rule is long during a bar: its signal was above zero at the close before."""
    found = np.zeros(signal.shape, dtype=np.bool_)
    found[..., 1:] = signal[..., :-1] > 0.0
    return found


def edge_drifts(state: Bool, dial: float) -> Float:
    """What each edge adds to the drift of a bar, [K, S, T]; its mean is 0 on average."""
    return np.asarray(gap(dial) * (state - 0.5))


@cache
def gap(dial: float) -> float:
    """By how much the drift in state exceeds that out of state: the Sharpe is linear in it."""
    if dial == 0.0:
        return 0.0
    rng = np.random.default_rng(CALIBRATION_SEED)
    state = states(signals(rng, (1, 1, CALIBRATION_BARS)))[0]
    unit = bar_drift(1.0)
    return dial * unit / true_sharpe(*positions(state), unit * (state - 0.5))

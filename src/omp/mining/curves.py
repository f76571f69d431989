"""`curves.json`: what a page draws of a strategy, in at most 500 points."""

from typing import Any

import numpy as np

from omp.market.splits import iso
from omp.mining.streams import Streams
from omp.stats import drawdown_curve, equity_curve

MAX_POINTS = 500
"""Enough for a screen; the contract allows 2,000, and a hundred candidates a run add up."""

DECIMALS = 6
SCHEMA_VERSION = 1


def curves(streams: Streams) -> dict[str, Any]:
    """Equity, drawdown, the pool's own equity, cumulated x and position, evenly thinned.

    The deepest point of the drawdown is always among the points, and so are first and last bar.
    """
    net = streams.net()
    curve, drawdown = equity_curve(net), drawdown_curve(net)
    points = _points(len(streams), int(drawdown.argmax()) if drawdown.size else 0)
    return {
        "schema_version": SCHEMA_VERSION,
        "n_bars": len(streams),
        "time": [iso(int(at)) for at in streams.timestamp[points]],
        "equity": curve[points].round(DECIMALS).tolist(),
        "drawdown": drawdown[points].round(DECIMALS).tolist(),
        "buy_and_hold": equity_curve(streams.market())[points].round(DECIMALS).tolist(),
        "excess": np.cumsum(streams.excess())[points].round(DECIMALS).tolist(),
        "position": streams.held()[points].round(DECIMALS).tolist(),
    }


def _points(n_bars: int, deepest: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    if n_bars <= MAX_POINTS:
        return np.arange(n_bars, dtype=np.int64)
    even = np.linspace(0, n_bars - 1, MAX_POINTS - 1).round().astype(np.int64)
    return np.unique(np.append(even, deepest))

"""Random but lawful bars, the same for the same seed."""

import numpy as np

from omp.market.bars import Bars, Panel, make_panel

DAY_NS = 86_400 * 10**9


def random_bars(n: int, seed: int = 0, symbol: str = "AAA", sigma: float = 0.01) -> Bars:
    """A random walk with gaps between close and open."""
    rng = np.random.default_rng([seed, n])
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, sigma, n)))
    open_ = close * np.exp(rng.normal(0.0, sigma / 2, n))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, sigma / 2, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, sigma / 2, n)))
    volume = rng.integers(1_000, 9_000, n).astype(np.float64)
    return Bars(symbol, np.arange(n) * DAY_NS, open_, high, low, close, volume)


def in_ticks(bars: Bars, tick: float) -> Bars:
    """The bars with prices rounded to whole ticks, so that equal prices occur."""
    prices = [np.round(getattr(bars, one) / tick) * tick for one in FIELDS[1:5]]
    return Bars(bars.symbol, bars.timestamp, *prices, bars.volume)


def ragged_panel(n: int, seed: int = 0, cash: float = 0.0) -> Panel:
    """Three symbols: one with every bar, one listed late, one with holes."""
    rng = np.random.default_rng(seed)
    whole = random_bars(n, seed, "AAA")
    late = random_bars(n, seed + 1, "BBB").slice(n // 3, n)
    holed = random_bars(n, seed + 2, "CCC")
    keep = np.sort(rng.permutation(n)[: n - n // 10])
    holed = Bars("CCC", *(getattr(holed, one)[keep] for one in FIELDS))
    yields = rng.uniform(0.0, 2.0 * cash, n) if cash else None
    return make_panel([whole, late, holed], "1d", "us", 252.0, yields)


FIELDS = ("timestamp", "open", "high", "low", "close", "volume")

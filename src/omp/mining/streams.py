"""Bar by bar what a strategy earned and held, symbol by symbol, on one window.

From these streams follow the pool's return, the excess return x of the evidence procedure, and both
again on any part of the window; so that folds, regimes and stress scenarios share one arithmetic.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Streams:
    """A strategy's bars on one window of the union calendar.

    Args:
        timestamp: UTC nanoseconds of each bar, [T].
        present: Whether symbol k has bar t, [T, K].
        returns: Net return of the strategy in bar t on symbol k, 0 where absent, [T, K].
        position: Position held during the bar, ±1 or 0 (a weight for an ensemble), [T, K].
        asset: Close-to-close return of the symbol, 0 on its first bar and where absent, [T, K].
        over: The same over cash, r - cash, 0 on its first bar and where absent, [T, K].
        cash: Yield of cash during the bar, [T].
    """

    timestamp: Int
    present: Bool
    returns: Float
    position: Float
    asset: Float
    over: Float
    cash: Float

    def __len__(self) -> int:
        return int(self.timestamp.size)

    def part(self, bars: slice | Bool) -> "Streams":
        """The same streams on a part of the window: a slice, or a mask [T]."""
        return Streams(
            self.timestamp[bars],
            self.present[bars],
            self.returns[bars],
            self.position[bars],
            self.asset[bars],
            self.over[bars],
            self.cash[bars],
        )

    def symbols(self, kept: Bool) -> "Streams":
        """The pool with only some of its symbols, mask [K]; bars of none of them drop out."""
        rows = self.present[:, kept].any(axis=1)
        cut = self.part(np.asarray(rows))
        return replace(
            cut,
            present=cut.present[:, kept],
            returns=cut.returns[:, kept],
            position=cut.position[:, kept],
            asset=cut.asset[:, kept],
            over=cut.over[:, kept],
        )

    def excess_by_symbol(self) -> Float:
        """x of each symbol: R - p·cash - e·(r - cash), e its mean position here, [T, K]."""
        bars = np.maximum(self.present.sum(axis=0), 1)
        held = self.position.sum(axis=0) / bars
        cash = self.cash[:, None]
        return np.asarray(self.returns - self.position * cash - held[None, :] * self.over)

    def excess(self) -> Float:
        """x of the pool: the mean over the symbols that have the bar, [T]."""
        return self._pooled(self.excess_by_symbol())

    def over_cash(self) -> Float:
        """Net return of the pool over the cash its positions cost, [T]."""
        return self._pooled(self.returns - self.position * self.cash[:, None])

    def net(self) -> Float:
        """Net return of the pool, [T]."""
        return self._pooled(self.returns)

    def held(self) -> Float:
        """Position of the pool: the mean over the symbols that have the bar, [T]."""
        return self._pooled(self.position)

    def market(self) -> Float:
        """Close-to-close return of the pool itself, [T]."""
        return self._pooled(self.asset)

    def _pooled(self, values: Float) -> Float:
        count = np.maximum(self.present.sum(axis=1), 1)
        return np.asarray(values.sum(axis=1) / count)


def mixed(members: list[Streams], weights: list[float]) -> Streams:
    """The streams of an ensemble: the weighted sum of its members' on the same calendar.

    Raises:
        ValueError: If the members do not share calendar and symbols.
    """
    first = members[0]
    if any(not np.array_equal(first.present, one.present) for one in members):
        raise ValueError("the members of an ensemble must share calendar and symbols")
    returns = np.zeros_like(first.returns)
    position = np.zeros_like(first.position)
    for one, weight in zip(members, weights, strict=True):
        returns += weight * one.returns
        position += weight * one.position
    return replace(first, returns=returns, position=position)


def sharpe(x: Float) -> float | None:
    """Sharpe ratio per bar, None (UNKNOWN) where it is not defined."""
    from omp.stats import sharpe_ratio

    value = sharpe_ratio(x)
    return value if np.isfinite(value) else None

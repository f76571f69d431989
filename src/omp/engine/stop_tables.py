"""Which rows of a side's tables the stops of genomes ask for; looked up once for each level."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from omp.engine.population import Population
from omp.engine.records import KINDS, Records

Int = NDArray[np.int64]
_NONE = np.uint64(0xFFFFFFFFFFFFFFFF)  # four stops of number -1


class StopTables:
    """The tables of one side that stops of some levels need, as far as genomes asked for them.

    Args:
        records: of the side. levels: of each kind of stop, see `Codebook.stop_levels`.
    """

    def __init__(self, records: Records, levels: tuple[tuple[float, ...], ...]) -> None:
        self._records, self._levels = records, levels
        most = max(1, *(len(one) for one in levels[:3]))
        self.table = np.zeros((3, most), dtype=np.int64)
        self.doubtful = np.zeros((3, most), dtype=np.bool_)
        self.pairs = np.full((most + 1, most + 1), -1, dtype=np.int64)
        self.gains = np.full(most + 1, -1, dtype=np.int64)
        self.longest = np.array([int(one) for one in levels[3]] or [0], dtype=np.int64)

    def learn(self, stops: NDArray[np.int16]) -> None:
        """Have every table made that genomes with these stops read, [G, 4]."""
        loss, gain, trail = (stops[:, kind].astype(np.int64) + 1 for kind in range(3))
        if (self.pairs[loss, trail] >= 0).all() and (self.gains[gain] >= 0).all():
            return
        for kind in range(len(KINDS)):
            for number in np.unique(stops[stops[:, kind] >= 0, kind]).tolist():
                at = self._records.table(kind, self._levels[kind][number])
                self.table[kind, number] = at
                self.doubtful[kind, number] = self._records.doubtful[at]
        most = self.pairs.shape[0]
        for both in np.unique(loss * most + trail).tolist():
            self._pair(*divmod(both, most))
        self.gains[0] = self._records.gains(0)
        for number in np.unique(gain[gain > 0]).tolist():
            self.gains[number] = self._records.gains(int(self.table[1, number - 1]))

    def _pair(self, loss: int, trail: int) -> None:
        self.pairs[loss, trail] = self._records.pair(
            int(self.table[0, loss - 1]) if loss else 0,
            int(self.table[2, trail - 1]) if trail else 0,
            self._levels[0][loss - 1] if loss else 0.0,
        )


def stop_tables(
    records: Records, population: Population, order: Int
) -> tuple[tuple[Any, ...], NDArray[np.bool_]]:
    """The arguments of `list_stopped`, and which genomes cannot be told in records."""
    levels, stops = population.codebook.stop_levels, population.stops[order]
    known: StopTables | None = records.asked.get(levels)
    if known is None:
        known = records.asked[levels] = StopTables(records, levels)
    known.learn(stops)
    timed = records.timed() if (stops[:, 3] >= 0).any() else 0
    session = records.session_table()
    records.settle()
    doubtful = np.full(order.size, records.doubtful[session])
    if known.doubtful.any():
        for kind in range(len(KINDS)):
            doubtful |= known.doubtful[kind, stops[:, kind]] & (stops[:, kind] >= 0)
    given = (
        population.stops,
        known.table,
        records.codes(),
        known.pairs,
        known.gains,
        known.longest,
        timed,
        session,
    )
    return given, doubtful


def has_stops(stops: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Which genomes have any stop, [G]."""
    return np.asarray(np.ascontiguousarray(stops).view(np.uint64)[:, 0] != _NONE)


def together(stops: NDArray[np.int16]) -> Int:
    """An order in which genomes of one stop loss, trailing stop and target are neighbours."""
    loss, gain, trail = (stops[:, kind].astype(np.int32) + 1 for kind in range(3))
    made = (loss * (trail.max() + 1) + trail) * (gain.max() + 1) + gain
    small = made.astype(np.int16) if made.max() < 2**15 else made
    order: Int = np.argsort(small, kind="stable")
    return order

"""The behaviours a run has shown: an exact set of 128-bit hashes that holds tens of millions.

Open addressing with linear steps in one array: 16 bytes a slot, at most seven slots of ten taken.
Python's own set needs about 130 bytes for each.
"""

import numpy as np

from omp.engine.kernels.seen import insert, move
from omp.mining.columns import Behaviours
from omp.mining.streams import Int

_FIRST_SLOTS = 1 << 14


class Seen:
    """An exact set of behaviours."""

    def __init__(self) -> None:
        self._slots = np.zeros((_FIRST_SLOTS, 2), dtype=np.uint64)
        self._taken = 0  # slots in use; the hash 0, which marks an empty slot, has none
        self._has_zero = False

    def __len__(self) -> int:
        return self._taken + self._has_zero

    def first(self, behaviours: Behaviours) -> Int:
        """Put behaviours [G, 2] in; which rows were not there yet, each once, ascending."""
        n = len(behaviours)
        while (self._taken + n) * 10 > self._slots.shape[0] * 7:
            larger = np.zeros((2 * self._slots.shape[0], 2), dtype=np.uint64)
            move(self._slots, larger)
            self._slots = larger
        fresh = np.empty(n, dtype=np.int64)
        found, self._has_zero = insert(self._slots, behaviours, self._has_zero, fresh)
        rows = fresh[:found]
        self._taken += int(found)
        if self._has_zero and found:
            zeros = ~behaviours[rows].any(axis=1)
            self._taken -= int(zeros.sum())
        return rows

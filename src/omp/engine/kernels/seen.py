"""The compiled steps of an exact set of 128-bit hashes in one open-addressing table.

A slot holds the two halves of a hash; the hash 0 marks an empty slot and is told apart by a flag.
"""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def place(high: Any, low: Any, mask: Any) -> Any:
    """Where the search for a behaviour begins."""
    mixed = (high ^ (low * np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.int64((mixed >> np.uint64(32)) & mask)


@njit(cache=True, nogil=True)
def insert(slots: Any, behaviours: Any, has_zero: bool, fresh: Any) -> Any:
    """Insert rows in order; the fresh ones' numbers go into `fresh`, their count is returned."""
    mask = np.uint64(slots.shape[0] - 1)
    last = slots.shape[0] - 1
    found = 0
    for i in range(behaviours.shape[0]):
        high, low = behaviours[i, 0], behaviours[i, 1]
        if high == 0 and low == 0:
            if not has_zero:
                has_zero = True
                fresh[found] = i
                found += 1
            continue
        at = place(high, low, mask)
        while True:
            if slots[at, 0] == high and slots[at, 1] == low:
                break
            if slots[at, 0] == 0 and slots[at, 1] == 0:
                slots[at, 0] = high
                slots[at, 1] = low
                fresh[found] = i
                found += 1
                break
            at = (at + 1) & last
    return found, has_zero


@njit(cache=True, nogil=True)
def move(slots: Any, larger: Any) -> None:
    """Put every behaviour of one table into a larger empty one."""
    mask = np.uint64(larger.shape[0] - 1)
    last = larger.shape[0] - 1
    for i in range(slots.shape[0]):
        high, low = slots[i, 0], slots[i, 1]
        if high == 0 and low == 0:
            continue
        at = place(high, low, mask)
        while larger[at, 0] != 0 or larger[at, 1] != 0:
            at = (at + 1) & last
        larger[at, 0] = high
        larger[at, 1] = low

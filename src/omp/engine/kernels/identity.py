"""The identity of genomes: a hash of what they say, in whatever order and numbering."""

from typing import Any

import numpy as np
from numba import njit

_SALT = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03))
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


@njit(inline="always")
def _mixed(h: Any) -> Any:
    h = (h ^ (h >> _S30)) * _MIX_1
    h = (h ^ (h >> _S27)) * _MIX_2
    return h ^ (h >> _S31)


@njit(cache=True, nogil=True)
def identities(
    direction: Any,
    every: Any,
    count: Any,
    conditions: Any,
    stops: Any,
    key: Any,
    stop_keys: Any,
    out: Any,
) -> None:
    """Write the identity of each genome of a population.

    Args:
        direction, every, count, conditions, stops: as in a Population.
        key: content hash of each condition, [C, 2].
        stop_keys: content hash of each stop level, [4, L, 2].
        out: uint64[G, 2], written.
    """
    for g in range(direction.size):
        for lane in range(2):
            h = _mixed(_SALT[lane] + np.uint64(direction[g]))
            for side in range(2):
                total = np.uint64(every[g, side])
                for k in range(count[g, side]):
                    total += key[conditions[g, side, k], lane]  # a sum: any order
                h = _mixed(h ^ _mixed(total + _SALT[1 - lane]))
            for kind in range(4):
                if stops[g, kind] >= 0:
                    h += stop_keys[kind, stops[g, kind], lane]
            out[g, lane] = _mixed(h)

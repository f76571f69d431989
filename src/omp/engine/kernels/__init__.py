"""The compiled kernels; each file is cached by numba on its own, so none calls into another.

The exception is `bits`, single machine instructions that do not change.
"""

from omp.engine.kernels.walk import signals, walk, walk_batch

__all__ = ["signals", "walk", "walk_batch"]

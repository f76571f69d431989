"""The compiled kernels; each file is cached by numba on its own, so none calls into another."""

from omp.engine.kernels.measure import measure_batch
from omp.engine.kernels.walk import signals, walk, walk_batch

__all__ = ["measure_batch", "signals", "walk", "walk_batch"]

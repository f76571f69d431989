"""OMP: a perpetual strategy-mining orchestrator whose Hall of Fame noise cannot enter."""

import os

__version__ = "0.1.0"

for _library in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_library] = "1"  # read when numpy loads; else a long sum's bits depend on the cores

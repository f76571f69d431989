"""OMP: a perpetual strategy-mining orchestrator whose Hall of Fame noise cannot enter."""

import os
from pathlib import Path

__version__ = "0.1.0"


def _settle_arithmetic() -> None:
    """Take from numpy's libraries what they would choose by the machine (decision 0070).

    They read these words when they are loaded, so this comes before the first `import numpy`. The
    last bits of a long sum would depend on the number of cores, those of exp, log and a product of
    matrices on whether the processor has AVX-512.
    """
    chosen = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    if os.uname().machine == "x86_64":
        chosen["NPY_DISABLE_CPU_FEATURES"] = "X86_V4 AVX512_ICL AVX512_SPR"
        if {"avx2", "fma"} <= _processor_flags():
            chosen["OPENBLAS_CORETYPE"] = "Haswell"
    os.environ.update(chosen)


def _processor_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return set()
    return set(next((one for one in lines if one.startswith("flags")), "").split())


_settle_arithmetic()

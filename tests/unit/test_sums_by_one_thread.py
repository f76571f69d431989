"""A long sum of products has the same bits whatever the machine's cores (decision 0070)."""

import os
import subprocess
import sys

SUMS = """
import numpy as np
draws = np.random.default_rng(1).standard_normal((20, 30_000))
print([float(np.dot(one, one)).hex() for one in draws])
"""


def _sums(first: str, threads: int) -> str:
    asked = {one: str(threads) for one in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    command = [sys.executable, "-c", first + SUMS]
    return subprocess.run(
        command, env=os.environ | asked, check=True, capture_output=True, text=True
    ).stdout


def test_sums_do_not_depend_on_the_threads_a_machine_offers() -> None:
    assert _sums("import omp", threads=2) == _sums("", threads=1)

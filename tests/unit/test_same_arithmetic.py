"""Numbers have the same bits whatever the cores and the generation of the processor (0070)."""

import importlib
import os
import subprocess
import sys

import pytest

import omp

SUMS = """
import numpy as np
draws = np.random.default_rng(1).standard_normal((20, 30_000))
print([float(np.dot(one, one)).hex() for one in draws])
"""
FEATURES = """
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
print([name for name in __cpu_dispatch__ if __cpu_features__[name]])
"""


def _run(program: str, **words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error::ImportWarning", "-c", program]
    return subprocess.run(
        command, env=os.environ | words, check=True, capture_output=True, text=True
    )


def _sums(first: str, threads: str) -> str:
    return _run(first + SUMS, OPENBLAS_NUM_THREADS=threads, MKL_NUM_THREADS=threads).stdout


def test_sums_do_not_depend_on_the_threads_a_machine_offers() -> None:
    assert _sums("import omp", threads="2") == _sums("", threads="1")


def test_the_widest_instructions_are_left_alone() -> None:
    """The names must be those of this numpy, else it warns and takes what the processor has."""
    found = _run("import omp" + FEATURES, NPY_DISABLE_CPU_FEATURES="").stdout
    assert "X86_V4" not in found
    assert "AVX512" not in found


@pytest.mark.skipif(
    "OPENBLAS_CORETYPE" not in os.environ, reason="this processor has no AVX2, or is no x86"
)
def test_products_of_matrices_are_those_of_one_kind_of_processor() -> None:
    words = {"OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_VERBOSE": "2"}
    assert "Core: Haswell" in _run("import omp\nimport numpy", **words).stderr
    assert "Core: Nehalem" in _run("import numpy", **words).stderr


def test_the_tests_themselves_run_so() -> None:
    assert omp.__version__
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    found = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__
    assert not found.get("X86_V4")

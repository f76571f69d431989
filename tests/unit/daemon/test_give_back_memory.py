"""The daemon hands memory that it freed back to the system."""

import platform
from pathlib import Path

import pytest

from omp.daemon.memory import give_back_memory


def resident_mb() -> float:
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in one)
    return int(line.split()[1]) / 1024


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="NO GLIBC: malloc_trim is its own")
def test_freed_memory_goes_back() -> None:
    small = [bytes(60_000) for _ in range(2_000)]
    kept = small[::50]
    full = resident_mb()
    del small
    give_back_memory()
    assert resident_mb() < full - 60
    assert len(kept) == 40

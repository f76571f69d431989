"""The memory of a daemon: one arena for all its threads, and what was freed goes back."""

import platform
import subprocess
import sys
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


THREADS = """
import sys, threading
from omp.daemon.memory import share_one_arena
if sys.argv[1] == "shared":
    assert share_one_arena()
ready, leave = threading.Barrier(9), threading.Event()
def work():
    kept = [bytes(2_000) for _ in range(2_000)]
    ready.wait()
    leave.wait()
for _ in range(8):
    threading.Thread(target=work, daemon=True).start()
ready.wait()
found = [line.split() for line in open("/proc/self/maps")]
spans = [[int(end, 16) for end in one[0].split("-")] for one in found if len(one) == 5]
heaps = {start >> 26 for start, _ in spans if start % 2**26 == 0}
print(len(heaps))
leave.set()
"""
"""Prints how many heaps of 64 MB, which glibc makes for the arenas of threads, there are."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="NO GLIBC: arenas are its own")
def test_threads_get_no_arenas_of_their_own() -> None:
    def heaps(how: str) -> int:
        command = [sys.executable, "-c", THREADS, how]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    assert heaps("shared") < heaps("apart")

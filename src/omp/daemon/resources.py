"""What the machine has left, read without waiting.

Processor use is measured between two readings; what our own runs used in that time is taken off,
so that a miner never blocks itself. Children that ended in between are counted by what the kernel
charged us for them, so that their last seconds do not look like somebody else's.
"""

import os
import resource
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from omp.config.setting_sections import Limits
from omp.daemon import process
from omp.daemon.process import Identity
from omp.domain.limits import Resources

MB, GB = 2**20, 10**9
SHORTEST_WINDOW_S = 0.5
"""A shorter window says more about scheduling than about load; the former reading stands."""


@dataclass(frozen=True)
class Meter:
    """Readings of the kernel's counters that one window starts or ends with, seconds."""

    at_s: float
    busy_s: float
    total_s: float
    own_s: float


@dataclass(frozen=True)
class Processor:
    """Shares of all cores, 0-100."""

    util_pct: float
    others_pct: float


IDLE = Processor(0.0, 0.0)


def between(first: Meter, last: Meter) -> Processor:
    """Processor use of a window, in all and without our own runs."""
    total = last.total_s - first.total_s
    if total <= 0:
        return IDLE
    util = _percent((last.busy_s - first.busy_s) / total)
    own = _percent(max(0.0, last.own_s - first.own_s) / total)
    return Processor(util, max(0.0, util - own))


class ResourceReader:
    """Reads the machine again and again; remembers where the last window began.

    Args:
        folder: A folder on the workspace's filesystem.
        monotonic: Seconds that never go back.
    """

    def __init__(self, folder: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._monotonic = monotonic
        self._begin = self._meter(frozenset())
        self._processor = IDLE

    def read(self, own: Iterable[Identity] = ()) -> Resources:
        """A reading; `own` are the processes of our runs."""
        meter = self._meter(frozenset(own))
        if meter.at_s - self._begin.at_s >= SHORTEST_WINDOW_S:
            self._processor = between(self._begin, meter)
            self._begin = meter
        disk = os.statvfs(self._folder)
        inodes = 100.0 if disk.f_files == 0 else 100.0 * disk.f_favail / disk.f_files
        return Resources(
            cpu_util_pct=round(self._processor.util_pct, 1),
            cpu_others_pct=round(self._processor.others_pct, 1),
            mem_available_mb=round(psutil.virtual_memory().available / MB, 1),
            disk_free_gb=round(disk.f_bavail * disk.f_frsize / GB, 3),
            inodes_free_pct=round(inodes, 2),
        )

    def _meter(self, own: frozenset[Identity]) -> Meter:
        times = psutil.cpu_times()
        idle = times.idle + times.iowait
        stolen = times.steal + times.guest + times.guest_nice
        total = sum(times) - times.guest - times.guest_nice
        reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours = process.cpu_seconds(own) + reaped.ru_utime + reaped.ru_stime
        return Meter(self._monotonic(), total - idle - stolen, total, ours)


def memory_total_mb() -> float:
    """All memory of the machine, MB."""
    return float(psutil.virtual_memory().total) / MB


def folder_bytes(folder: Path) -> int:
    """What the files below a folder take on the disk, bytes; links are not followed."""
    total, waiting = 0, [folder]
    while waiting:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(waiting.pop()) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                else:
                    with suppress(FileNotFoundError):
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def memory_share_mb(limits: Limits) -> float:
    """What one run may hold of the machine's memory, MB."""
    return (memory_total_mb() - limits.min_mem_available_mb) / limits.max_concurrent_campaigns


def as_stored(reading: Resources, *, at: str, **more: Any) -> dict[str, Any]:
    """A reading as the database keeps it for the status page, with its instant."""
    return {**asdict(reading), **more, "at": at}


def _percent(share: float) -> float:
    return max(0.0, min(100.0, 100.0 * share))

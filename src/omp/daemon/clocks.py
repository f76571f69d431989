"""Notices that the machine slept, or that somebody set its clock; nothing is blamed for either.

Every interval of the daemon is measured by a clock that stands still while the machine sleeps and
knows nothing of dates, so neither makes a run stuck or a window shorter. What happened is told all
the same: it explains a gap in the journal.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

SHORTEST_SLEEP_S = 2.0
SMALLEST_JUMP_S = 5.0


@dataclass(frozen=True)
class Clocks:
    """The machine's clocks, seconds.

    Args:
        monotonic: Stands still while the machine sleeps.
        boot: Goes on while it sleeps.
        wall: The date, which may be set.
    """

    monotonic: Callable[[], float] = time.monotonic
    boot: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
    wall: Callable[[], float] = time.time


@dataclass(frozen=True)
class Gap:
    """What happened between two looks.

    Args:
        slept_s: So long the machine slept; 0 if it did not.
        jumped_s: By so much its date was set, forwards or (negative) backwards; 0 if it was not.
    """

    slept_s: float = 0.0
    jumped_s: float = 0.0

    def __bool__(self) -> bool:
        return self.slept_s != 0 or self.jumped_s != 0


class ClockWatch:
    """Compares the clocks from look to look."""

    def __init__(self, clocks: Clocks | None = None) -> None:
        self._clocks = clocks or Clocks()
        self._slept, self._dated = self._read()

    def look(self) -> Gap:
        """What happened since the last look."""
        before = (self._slept, self._dated)
        self._slept, self._dated = self._read()
        slept = self._slept - before[0]
        slept = slept if slept >= SHORTEST_SLEEP_S else 0.0
        jumped = self._dated - before[1]
        return Gap(round(slept, 1), round(jumped, 1) if abs(jumped) >= SMALLEST_JUMP_S else 0.0)

    def _read(self) -> tuple[float, float]:
        boot = self._clocks.boot()
        return boot - self._clocks.monotonic(), self._clocks.wall() - boot

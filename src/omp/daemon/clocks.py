"""Notices that the machine slept, or that somebody set its clock; nothing is blamed for either.

Every interval of the daemon is measured by a clock that stands still while the machine sleeps and
knows nothing of dates, so neither makes a run stuck or a window shorter. What happened is told all
the same: it explains a gap in the journal.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from omp.daemon import process
from omp.ops.desk import Desk
from omp.ops.queue_dates import follow_date
from omp.store import meta

CLOCKS_KEY = "daemon.clocks"
"""Under this name it is kept how the clocks stood, so that the next daemon sees a jump as well."""

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
    """Compares the clocks from look to look, and from daemon to daemon while the machine is up."""

    def __init__(self, clocks: Clocks | None = None) -> None:
        self._clocks = clocks or Clocks()
        self._slept, self._dated = self._read()

    def resume(self, kept: Mapping[str, Any] | None) -> None:
        """Go on from how the clocks stood for an earlier daemon, if the machine was up since."""
        if kept and kept.get("boot_id") == process.boot_id():
            self._slept, self._dated = float(kept["slept_s"]), float(kept["dated_s"])

    def kept(self) -> dict[str, object]:
        """How the clocks stand, for `resume`."""
        return {"boot_id": process.boot_id(), "slept_s": self._slept, "dated_s": self._dated}

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


def tell(desk: Desk, watch: ClockWatch) -> Gap:
    """Journal what happened to the clocks, and let instants that are waited for follow the date.

    A back-off keeps its length, and a run that a later daemon adopts is not idle for the time in
    which the machine slept or which nobody lived through.
    """
    gap = watch.look()
    if gap:
        with desk.write() as tx:
            moved = follow_date(tx, jumped_s=gap.jumped_s, slept_s=gap.slept_s)
            desk.note(tx, "machine.gap", "daemon", {**asdict(gap), "moved": moved})
    return gap


def resume(desk: Desk, watch: ClockWatch) -> None:
    """Go on from what an earlier daemon saw of the clocks."""
    with desk.read() as tx:
        watch.resume(meta.get_json(tx, CLOCKS_KEY))

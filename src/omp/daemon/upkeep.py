"""Upkeep in a thread of its own, behind everything else: backups, scrubbing, tiers, trash.

One turn does at most one slice of each kind, so that the disk stays with those who mine. The
thread has the lowest rank; what goes wrong is told as an incident and does not end it.
"""

import logging
import os
import threading
from dataclasses import dataclass, field

from omp.daemon.memory import give_back_memory
from omp.domain.errors import OmpError
from omp.ops import upkeep
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.ops.upkeep import Duty

EVERY_S = 30.0
FIRST_S = 120.0
LOWEST = 19
_log = logging.getLogger("omp.daemon")


@dataclass
class Upkeep:
    """The worker over all duties.

    Args:
        desk: In whose name they are recorded.
        duties: By name; the whole table of `ops.upkeep` by default.
    """

    desk: Desk
    duties: dict[str, Duty] = field(default_factory=lambda: dict(upkeep.DUTIES))
    _leave: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def turn(self) -> None:
        """Every duty once; each says itself whether its time has come."""
        for name, duty in self.duties.items():
            if self._leave.is_set():
                return
            try:
                duty(self.desk)
            except Exception as error:  # noqa: BLE001 - the outer edge of this thread
                self._tell(name, error)

    def start(self) -> None:
        """Begin to work in the background."""
        self._thread = threading.Thread(target=self._forever, name="upkeep", daemon=True)
        self._thread.start()

    def stop(self, *, limit_s: float) -> bool:
        """Leave after the duty under way; True when it has."""
        self._leave.set()
        if self._thread is not None:
            self._thread.join(limit_s)
            return not self._thread.is_alive()
        return True

    def _forever(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST)
        wait_s = FIRST_S
        while not self._leave.wait(wait_s):
            self.turn()
            give_back_memory()
            wait_s = EVERY_S

    def _tell(self, name: str, error: Exception) -> None:
        told = error.sentence if isinstance(error, OmpError) else f"{type(error).__name__}: {error}"
        _log.error("upkeep %s failed: %s", name, told)
        try:
            open_incident(self.desk, f"upkeep.{name}", "SEV-2", f"{name} failed: {told}")
        except OmpError:
            _log.exception("the incident of %s could not be written", name)

"""Judges finished runs in a thread of its own, so that no look ever holds up the mining.

It keeps nothing in memory: which run waits stands in the database, and each step of
`promotion.advance` may be taken again after a crash. So a kill at any point only means that the
next daemon takes the same step once more.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from omp.domain.durable import disk_room
from omp.domain.errors import Conflict, DiskFull, DiskRefused, Frozen, OmpError, ResourceShort
from omp.ops import maintenance
from omp.ops.children import Children
from omp.ops.desk import Desk
from omp.ops.incidents import DISK_REFUSED, open_incident
from omp.ops.promotion import Step

_log = logging.getLogger("omp.daemon")

IDLE_S = 30.0
MOST_STEPS = 20
"""A run needs fewer steps than this; one that needs more goes round in a circle."""


class Judge(Protocol):
    """What is done with finished runs; `ops.promotion` does it."""

    def pending(self, desk: Desk) -> Sequence[str]:
        """Runs there is something to do for, the oldest first."""

    def advance(self, desk: Desk, run_id: str, children: Children) -> Step:
        """Take a run one durable step further."""


class Promoter:
    """One worker over the completed runs that wait to be judged.

    Args:
        desk: In whose name runs are judged.
        children: Where evidence and looks are computed.
        judge: Says which runs wait, and takes them further.
        trouble: Told of a shortage that must stop the mining too.
    """

    def __init__(
        self,
        desk: Desk,
        children: Children,
        *,
        judge: Judge,
        trouble: Callable[[OmpError], None],
    ) -> None:
        self.desk = desk
        self._children = children
        self._judge = judge
        self._trouble = trouble
        self._work = threading.Event()
        self._leave = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work in the background."""
        self._thread = threading.Thread(target=self._forever, name="promoter", daemon=True)
        self._thread.start()

    def nudge(self) -> None:
        """There may be something to do."""
        self._work.set()

    def stop(self, *, limit_s: float) -> bool:
        """Leave after the step under way; True when it has."""
        self._leave.set()
        self._work.set()
        if self._thread is not None:
            self._thread.join(limit_s)
            return not self._thread.is_alive()
        return True

    def work(self) -> None:
        """Take every run that waits as far as it goes now."""
        for run_id in self._judge.pending(self.desk):
            if self._leave.is_set() or maintenance.state(self.desk).on:
                return
            self._take(run_id)

    def _take(self, run_id: str) -> None:
        try:
            with disk_room(self.desk.workspace.root):
                for _ in range(MOST_STEPS):
                    if not self._judge.advance(self.desk, run_id, self._children).more:
                        return
                    if self._leave.is_set():
                        return
        except DiskFull as error:
            self._trouble(error)
        except DiskRefused as error:
            open_incident(
                self.desk,
                DISK_REFUSED,
                "SEV-1",
                f"run {run_id} waits to be judged: {error.sentence}",
                details={"runs": [run_id]},
            )
        except (ResourceShort, Frozen, Conflict) as error:
            # nothing the run can be blamed for; it is taken up again later
            _log.info("run %s waits: %s", run_id, error.sentence)
        except OmpError as error:
            open_incident(
                self.desk,
                f"promotion:{run_id}",
                "SEV-2",
                f"run {run_id} cannot be judged: {error.sentence}",
                details={"runs": [run_id]},
            )

    def _forever(self) -> None:
        while not self._leave.is_set():
            self._work.wait(IDLE_S)
            self._work.clear()
            try:
                self.work()
            except Exception as error:  # noqa: BLE001 - the outer edge of this thread
                self._report(error)

    def _report(self, error: Exception) -> None:
        try:
            open_incident(
                self.desk,
                f"promoter.{type(error).__name__}",
                "SEV-1",
                f"finished runs cannot be judged: {error}",
            )
        except DiskFull as second:
            self._trouble(second)
        except OmpError:
            _log.exception("the incident of the judging could not be written")

"""Judges finished runs in a thread of its own, so that no look ever holds up the mining.

It keeps nothing in memory: which run waits stands in the database, and each step of
`promotion.advance` may be taken again after a crash. So a kill at any point only means that the
next daemon takes the same step once more.
"""

import threading
from collections.abc import Callable

from omp.domain.errors import DiskFull, OmpError, ResourceShort
from omp.ops.children import Children
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.store import runs as rows
from omp.store.runs import Run

IDLE_S = 30.0
MOST_STEPS = 20
"""A run needs fewer steps than this; one that needs more goes round in a circle."""

Advance = Callable[[Desk, str, Children], object]
"""One step of a finished run's judgement; `ops.promotion.advance`."""


class Promoter:
    """One worker over the completed runs whose outcome is pending.

    Args:
        desk: In whose name runs are judged.
        children: Where evidence and looks are computed.
        advance: Takes a run one step further.
        trouble: Told of a shortage that must stop the mining too.
    """

    def __init__(
        self,
        desk: Desk,
        children: Children,
        *,
        advance: Advance,
        trouble: Callable[[OmpError], None],
    ) -> None:
        self.desk = desk
        self._children = children
        self._advance = advance
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
        """Take every pending run as far as it goes now."""
        with self.desk.read() as tx:
            pending = rows.find(
                tx, states=("completed",), outcome="pending", newest_first=False, limit=100
            )
        for run in pending:
            if self._leave.is_set():
                return
            self._judge(run)

    def _judge(self, run: Run) -> None:
        try:
            for _ in range(MOST_STEPS):
                self._advance(self.desk, run.id, self._children)
                before, run = run, self._now(run)
                is_done = run.outcome != "pending" or run.stage == before.stage
                if is_done or self._leave.is_set():
                    return
        except DiskFull as error:
            self._trouble(error)
        except ResourceShort:
            return  # tried again with the next nudge
        except OmpError as error:
            open_incident(
                self.desk,
                f"promotion:{run.id}",
                "SEV-2",
                f"run {run.id} cannot be judged: {error.sentence}",
                details={"runs": [run.id], "campaigns": [run.campaign_id]},
            )

    def _now(self, run: Run) -> Run:
        with self.desk.read() as tx:
            return rows.get(tx, run.id)

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
        except OmpError as second:
            self._trouble(second)

"""Children of finished runs: an ensemble's evidence, a look; one at a time, waited for."""

import threading
from collections.abc import Callable
from pathlib import Path

from omp.daemon.executors.base import Child, Executor
from omp.daemon.orders import Orders
from omp.daemon.supervisor import GRACE_S
from omp.domain.errors import ResourceShort
from omp.ops.children import ChildResult, read_result
from omp.ops.desk import Desk

LOOK_EVERY_S = 0.05
READ_BYTES = 1 << 20


class SlotChildren:
    """Runs children of finished runs in a slot of their own, beside the mining ones.

    Raises ResourceShort from `run` while another daemon's child still holds that slot.

    Args:
        desk: Its clock and its limits.
        executor: Where they run.
        orders: Their command lines.
        leave: Set when the daemon goes down; the child under way is ended then, and what it was
            asked for counts as not tried.
        slot: Name of the slot; two that work at the same time have two.
        most_min: Minutes after which a child is ended; `[limits] stuck_after_min` by default.
    """

    def __init__(
        self,
        desk: Desk,
        executor: Executor,
        orders: Orders,
        leave: threading.Event,
        slot: str = "child-0",
        most_min: Callable[[], float] | None = None,
    ) -> None:
        self.desk = desk
        self._executor = executor
        self._orders = orders
        self._leave = leave
        self._slot = slot
        self._most_min = most_min
        self._lock = threading.Lock()
        self.run_id: str | None = None

    def run(self, args: list[str], *, log: Path) -> ChildResult:
        """Run one child to its end; its output is kept in `log`."""
        with self._lock:
            self.run_id = _run_of(args)
            try:
                return self._run(args, self.run_id, log)
            finally:
                self.run_id = None

    def kill(self) -> None:
        """End the child under way at once."""
        if self.run_id is not None:
            self._executor.kill(self.run_id)

    def _run(self, args: list[str], run_id: str, log: Path) -> ChildResult:
        log.parent.mkdir(parents=True, exist_ok=True)
        start = log.stat().st_size if log.exists() else 0
        child = self._executor.launch(self._orders.finished(run_id, args, log, self._slot))
        self._wait(child)
        self._executor.kill(run_id, child)
        code = child.exit_code()
        if self._leave.is_set() and code != 0:
            raise ResourceShort(
                f"the daemon goes down before {args[:2]} of {run_id} has ended",
                remedy="start the daemon again: the same step is taken once more",
            )
        with log.open("rb") as file:
            file.seek(max(start, log.stat().st_size - READ_BYTES))
            text = file.read().decode("utf-8", errors="replace")
        return read_result(-9 if code is None else code, text)

    def _wait(self, child: Child) -> None:
        """Until it has ended; asked to leave when the daemon goes, or when it takes too long."""
        clock, asked_at = self.desk.clock, None
        own = self._most_min
        most_min = self.desk.settings.limits.stuck_after_min if own is None else own()
        too_late = clock.monotonic() + 60 * most_min
        while child.alive():
            now = clock.monotonic()
            if asked_at is None and (self._leave.is_set() or now >= too_late):
                self._executor.ask_to_leave(child)
                asked_at = now
            if asked_at is not None and now - asked_at >= GRACE_S:
                return
            threading.Event().wait(LOOK_EVERY_S)


def _run_of(args: list[str]) -> str:
    for name in ("--run", "--run-id"):
        if name in args:
            return args[args.index(name) + 1]
    return "run_child"

"""Daemons for the long campaigns: the real loop in a process of its own, ready in 50 ms.

They are forked from the driver, which has the product loaded and nothing else under way: no
thread, no open database. What they own, they open after the fork. A pipe arms fail-points.
"""

import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.finished import FakeChildren
from tests.long.pattern import SMALL

from omp.app import open_desk
from omp.daemon import outbox
from omp.daemon.executors.base import Order
from omp.daemon.executors.local import COMBINER, LocalExecutor
from omp.daemon.loop import Loop
from omp.daemon.orders import Orders
from omp.daemon.ownership import own
from omp.domain import failpoints
from omp.domain.errors import OmpError
from omp.domain.limits import Resources
from omp.ops import backup, incidents, miner, queue, sync
from omp.ops.desk import Desk
from omp.ops.runs import Claimed

QUIET = Resources(10.0, 5.0, 4000.0, 50.0, 80.0)
ROOT = Path(__file__).parents[2]

REAL_POINTS = ("mine.charged:2", "mine.evaluated:2", "mine.checkpointed:2", "mine.settled:2",
               "mine.written:1")  # fmt: skip
"""Where the built-in engine is killed: attempt 1 at the first, …, attempt 6 in peace."""


class QuietReader:
    """A machine that is never short of anything: other work on it is no matter here."""

    def read(self, own: object = ()) -> Resources:
        return QUIET


class TwoEngines(Orders):
    """The minimal engine for every campaign but those called `real`."""

    def mine(self, claimed: Claimed, digest: str, slot: str) -> Order:
        if claimed.campaign.campaign.name != "real":
            return super().mine(claimed, digest, slot)
        points = dict(enumerate(REAL_POINTS, start=1))
        point = points.get(claimed.run.attempt, "") if self.environment.get("KILL_REAL") else ""
        more = {"OMP_FAILPOINT": point} if point else {}
        real = Orders(self.workspace, combiner=COMBINER, environment=more)
        return real.mine(claimed, digest, slot)

    def prepare(self, claimed: Claimed, slot: str) -> Order:
        return Orders(self.workspace, combiner=COMBINER).prepare(claimed, slot)


def make_loop(desk: Desk, home: Path, environment: dict[str, str]) -> Loop:
    """The real loop, with the minimal engine and children of finished runs that answer at once."""
    orders = TwoEngines(
        desk.workspace,
        combiner=(sys.executable, "-S", str(SMALL)),
        environment={"OMP_SMALL": str(home), **environment},
    )
    executor = LocalExecutor(desk.workspace)
    loop = Loop(desk, executor, orders=orders, reader=QuietReader(), grace_s=1.0)
    loop._promoter._children = FakeChildren(
        desk.workspace, look_changes={"p_value": 1e-12, "circular_shift_p": 1e-12}
    )
    return loop


@dataclass
class Forked:
    """A daemon that was forked from here."""

    pid: int
    commands: int
    ready: int
    status: int | None = None

    def tell(self, line: str) -> None:
        """Give it a command, unless it has died meanwhile."""
        if self.status is not None:
            return
        with suppress(BrokenPipeError):
            os.write(self.commands, line.encode() + b"\n")

    def until_ready(self, limit_s: float = 30.0) -> bool:
        """Until it has recovered and taken its first turn; False when it died before."""
        readable, _, _ = select.select([self.ready], [], [], limit_s)
        return bool(readable) and os.read(self.ready, 1) == b"R"

    def over(self, limit_s: float) -> bool:
        """Whether it has died within the limit."""
        deadline = time.monotonic() + limit_s
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
                os.close(self.commands)
                os.close(self.ready)
            elif time.monotonic() >= deadline:
                return False
            else:
                time.sleep(0.004)
        return True

    @property
    def was_killed(self) -> bool:
        return self.status is not None and os.WIFSIGNALED(self.status)

    def kill(self) -> bool:
        """kill -9; True when it was this that ended it."""
        if self.over(0):
            return False
        os.kill(self.pid, signal.SIGKILL)
        self.over(30)
        return True

    def end(self) -> None:
        """Ask it to go down in peace."""
        if not self.over(0):
            os.kill(self.pid, signal.SIGTERM)
            if not self.over(30):
                self.kill()


def fork_daemon(
    root: Path,
    home: Path,
    log: Path,
    environment: dict[str, str] | None = None,
    *,
    prepare: Callable[[Desk, Loop], Any] | None = None,
    point: str = "",
    preloaded: dict[str, str] | None = None,
) -> Forked:
    """Start a daemon on a workspace.

    Args:
        point: A fail-point that is armed from the start.
        preloaded: Variables that the shim of `tests/shims` listens to, in the daemon alone.
        prepare: Called in the new process before the loop begins.
    """
    command_read, command_write = os.pipe()
    ready_read, ready_write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(command_read)
        os.close(ready_write)
        return Forked(pid, command_write, ready_read)
    code = 1
    try:
        os.close(command_write)
        os.close(ready_read)
        os.setsid()
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, 2)
        os.environ |= preloaded or {}
        failpoints._left.clear()
        if point:
            failpoints._left.update(failpoints._armed(point))
        _serve(root, home, environment or {}, command_read, ready_write, prepare)
        code = 0
    except BaseException:  # noqa: BLE001 - the child must never return into the driver
        traceback.print_exc()
    finally:
        os._exit(code)


def _start(desk: Desk) -> None:
    if miner.state(desk).state == "offline":
        miner.want(desk, "start")


def _alarm(desk: Desk) -> None:
    what = f"kill.{desk.clock.iso()}"
    incidents.open_incident(desk, what, "SEV-2", f"this is told: {what}")


def _reorder(desk: Desk) -> None:
    one = queue.list_queue(desk)[0]
    queue.change(desk, one.id, priority=1 + one.priority % 9, reason="a word of the test")


def _back_up(loop: Loop) -> None:
    loop._upkeep.duties = {"backup": backup.make}
    loop._upkeep.turn()


WORDS: dict[str, Callable[[Desk, Loop, str], object]] = {
    "arm": lambda _desk, _loop, point: failpoints._left.update(failpoints._armed(point)),
    "sync": lambda desk, _loop, _: sync.hof_sync(desk),
    "start": lambda desk, _loop, _: _start(desk),
    "alarm": lambda desk, _loop, _: _alarm(desk),
    "queue": lambda desk, _loop, _: _reorder(desk),
    "upkeep": lambda _desk, loop, _: loop._upkeep.turn(),
    "backup": lambda _desk, loop, _: _back_up(loop),
}
"""What a daemon can be told over its pipe."""


def _serve(
    root: Path,
    home: Path,
    environment: dict[str, str],
    commands: int,
    ready: int,
    prepare: Callable[[Desk, Loop], Any] | None,
) -> None:
    desk = open_desk(root, operator="tester")
    outbox.EVERY_S = 0.5  # nobody waits five seconds for a message here
    loop = make_loop(desk, home, environment)
    if prepare is not None:
        prepare(desk, loop)
    stop = threading.Event()

    def leave(*_: object) -> None:
        stop.set()
        desk.wake.set()

    def obey() -> None:
        with os.fdopen(commands) as lines:
            for line in lines:
                word, _, rest = line.strip().partition(" ")
                if word in WORDS:
                    with suppress(OmpError):
                        WORDS[word](desk, loop, rest)
                desk.wake.set()

    signal.signal(signal.SIGTERM, leave)
    with own(desk.workspace, host="127.0.0.1", port=1, started_at=desk.clock.iso()):
        loop.begin()
        loop.turn()
        os.write(ready, b"R")
        threading.Thread(target=obey, daemon=True).start()
        try:
            while not stop.is_set():
                loop.turn()
                if not stop.is_set():
                    desk.wake.wait(loop._pulse_s())
        finally:
            loop.end()

"""The loop that never sleeps: observe, decide, act.

A tick reconciles what is wanted with what is. It comes at least every `[loop] interval_s`, and at
once when a verb, a child or a hand edit asks for it; between ticks the children are looked at
several times a second. Start-up and recovery from a crash are ordinary ticks.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial

from omp.daemon import clocks
from omp.daemon.actions import Hands
from omp.daemon.children import SlotChildren
from omp.daemon.clocks import ClockWatch
from omp.daemon.executors.base import Executor
from omp.daemon.executors.local import LocalExecutor
from omp.daemon.herald import Herald
from omp.daemon.lookout import Lookout, Reader
from omp.daemon.make_good import DISK, MakeGood
from omp.daemon.memory import share_one_arena
from omp.daemon.orders import Orders
from omp.daemon.outbox import Outbox
from omp.daemon.promoter import Judge, Promoter
from omp.daemon.resources import ResourceReader, memory_share_mb
from omp.daemon.supervisor import GRACE_S, Supervisor
from omp.daemon.upkeep import Upkeep
from omp.domain.durable import disk_room, sweep_unfinished
from omp.domain.errors import Conflict, DiskFull, DiskRefused, InvalidConfiguration, OmpError
from omp.ops import (
    hall_check,
    luck_turn,
    maintenance,
    miner,
    promotion,
    queue,
    retention,
    run_moves,
    settings_versions,
    upkeep,
)
from omp.ops.desk import Desk
from omp.ops.incidents import DISK_REFUSED, open_incident
from omp.ops.workspace import hold_reserve, spend_reserve

PULSE_S, IDLE_PULSE_S = 0.2, 1.0
LUCK_PATIENCE = 6.0
"""Times what a measurement of luck should take, before it is ended: the mining goes first."""
_log = logging.getLogger("omp.daemon")


class Loop:
    """The daemon's loop over one workspace.

    Args:
        desk: The workspace, with the event that wakes the loop.
        executor: Where children run; by default on this machine.
        orders: Their command lines.
        reader: Reads the machine.
        grace_s: Time a child has for its checkpoint, seconds.
        judge: What is done with finished runs; by default `ops.promotion`.
    """

    def __init__(
        self,
        desk: Desk,
        executor: Executor | None = None,
        *,
        orders: Orders | None = None,
        reader: Reader | None = None,
        grace_s: float = GRACE_S,
        judge: Judge | None = None,
    ) -> None:
        self.desk = desk.acting_as("daemon", "daemon")
        self._executor = executor or LocalExecutor(
            desk.workspace, memory_mb=lambda: memory_share_mb(self.desk.settings.limits)
        )
        self._orders = orders or Orders(desk.workspace)
        self._grace_s = grace_s
        self._leave = threading.Event()
        self.hurry = threading.Event()
        self._supervisor = Supervisor(
            self.desk,
            self._executor,
            self._orders,
            grace_s=grace_s,
            base_delay_s=desk.settings.loop.interval_s,
        )
        self._lookout = Lookout(
            self.desk, self._supervisor, reader or ResourceReader(desk.workspace.root)
        )
        self._hands = Hands(self.desk, self._supervisor, _clean)
        self._children = SlotChildren(self.desk, self._executor, self._orders, self._leave)
        self._promoter = Promoter(
            self.desk, self._children, judge=judge or promotion, trouble=self._hear_of
        )
        self._outbox = Outbox(self.desk)
        self._luck = SlotChildren(
            self.desk,
            self._executor,
            self._orders,
            self._leave,
            slot="child-1",
            most_min=lambda: LUCK_PATIENCE * self.desk.settings.luck.most_min,
        )
        measure = partial(luck_turn.turn, children=self._luck)
        self._upkeep = Upkeep(self.desk, {**upkeep.DUTIES, "luck": measure})
        self._herald = Herald()
        self._full: OmpError | None = None
        self._make_good = MakeGood()
        self._heard: OmpError | None = None
        self._queue_seen: object = None
        self._later: str | None = None
        self._due_s = 0.0
        self._healthy = False
        self._clocks = ClockWatch()

    # --- from start to end ----------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then checkpoint everything and leave.

        `hurry` may be set meanwhile: then children are killed at once, with the checkpoints they
        have.
        """
        self.begin()
        try:
            while not stop.is_set():
                self.turn()
                if not stop.is_set():
                    self.desk.wake.wait(self._pulse_s())
        finally:
            self.end()

    def begin(self) -> None:
        """Come up: take over what an earlier daemon left, and say so."""
        share_one_arena()
        self.desk.live.set()
        self._guarded("start", lambda: self._make_good.log(self.desk))
        self._guarded("start", self.desk.db.open_readers)
        self._guarded("start", self._announce)
        self._guarded("start", lambda: clocks.resume(self.desk, self._clocks))
        self._guarded("start", self._tell_of_gap)
        self._take_stock()
        self._promoter.start()
        self._outbox.start()
        self._upkeep.start()
        self._herald.ready()

    def _take_stock(self) -> None:
        """Take over what lives, end what may not, adopt or move aside what has no row."""
        self._guarded("start", self._supervisor.reconcile)
        self._guarded("start", self._sweep)
        self._guarded("start", self._tidy)
        self._guarded("start", lambda: hall_check.reconcile(self.desk))
        self._guarded("start", lambda: run_moves.settle_all(self.desk))

    def _tidy(self) -> None:
        """Remove what processes left unfinished that were killed while they wrote a file."""
        for folder in (self.desk.workspace.state, self.desk.workspace.config_file.parent):
            sweep_unfinished(folder)

    def _announce(self) -> None:
        settings_versions.in_force(self.desk)
        with self.desk.write() as tx:
            self.desk.note(tx, "daemon.started", "daemon", {})

    def _sweep(self) -> None:
        orphans = self._supervisor.sweep()
        if orphans:
            with self.desk.write() as tx:
                payload = {"action": "kill", "cause": "orphan", "runs": list(orphans)}
                self.desk.note(tx, "watchdog.action", "daemon", payload)

    def end(self) -> None:
        """Go down: every run is checkpointed and goes back to the queue; what is wanted stays."""
        self._leave.set()
        self._herald.stopping()
        clock = self.desk.clock
        deadline = clock.monotonic() + self._grace_s
        self._guarded("stop", lambda: self._supervisor.end_all("the daemon was stopped"))
        while self._supervisor.busy and clock.monotonic() < deadline + 5.0:
            if self.hurry.is_set() or clock.monotonic() >= deadline:
                self._supervisor.kill_all()
            self._guarded("stop", self._supervisor.observe)
            threading.Event().wait(0.02)
        patience_s = 0.5 if self.hurry.is_set() else self._grace_s
        if not self._promoter.stop(limit_s=patience_s):
            self._guarded("stop", self._children.kill)
            self._promoter.stop(limit_s=2.0)
        self._outbox.stop(limit_s=2.0)
        if not self._upkeep.stop(limit_s=2.0):
            self._guarded("stop", self._luck.kill)
            self._upkeep.stop(limit_s=2.0)
        self._guarded("stop", self._farewell)
        self.desk.live.clear()

    def _farewell(self) -> None:
        with self.desk.write() as tx:
            self.desk.note(tx, "daemon.stopped", "daemon", {})

    # --- turns and ticks ------------------------------------------------------------------------

    def turn(self) -> None:
        """Look at the children, and tick if anything asks for it."""
        woken = self.desk.wake.is_set()
        self.desk.wake.clear()
        moved = self.desk.db.failed is None and self._guarded("observe", self._supervisor.observe)
        now_s = self.desk.clock.monotonic()
        backed_off = self._later is not None and self._later <= self.desk.clock.iso()
        if woken or moved or backed_off or now_s >= self._due_s or self._may_go_on():
            self.tick()
        self._herald.alive()  # only a loop that can turn, and tick when it is due, comes here

    def tick(self) -> None:
        """One tick: observe, decide, act; whatever goes wrong is told and survived."""
        began_s = self.desk.clock.monotonic()
        late_ticks = self._lateness(began_s)
        if self._heard is not None:
            heard, self._heard = self._heard, None
            self._trouble(heard)
        if self.desk.db.failed and not self._guarded("record", self._recover_record):
            self._supervisor.end_all("the database takes no writes")
            self._due_s = self.desk.clock.monotonic() + self._lookout.interval_s
            return
        if self._full is None:
            self._guarded("untold", lambda: self._make_good.tell_late(self.desk))
        self._guarded("anchor", lambda: self._make_good.anchor(self.desk))
        self._guarded("queue file", lambda: self._make_good.queue_file(self.desk))
        self._guarded("clock", self._tell_of_gap)
        self._guarded("settings", self._reload)
        self._guarded("queue", lambda: queue.ingest_file(self.desk))
        self._guarded("reconcile", self._supervisor.reconcile)
        self._guarded("observe", self._supervisor.observe)
        self._guarded("watchdog", lambda: self._watch(late_ticks))
        self._guarded("mine", self._mine)
        self._guarded("retention", self._keep_within_quota)
        self._promoter.nudge()
        self._due_s = self.desk.clock.monotonic() + self._lookout.interval_s

    def _recover_record(self) -> bool:
        """The disk refused the record: begin anew as soon as it takes it."""
        recovered = self._make_good.record(self.desk)
        if recovered:
            self._take_stock()
        return recovered

    def _tell_of_gap(self) -> None:
        """The machine slept, or its date was set: it explains what the journal says next."""
        clocks.tell(self.desk, self._clocks)
        self._lookout.clocks = self._clocks.kept()

    def _pulse_s(self) -> float:
        """How long to wait for a reason to turn again."""
        pulse_s = PULSE_S if self._supervisor.busy else IDLE_PULSE_S
        return min(pulse_s, max(0.02, self._due_s - self.desk.clock.monotonic()))

    def _lateness(self, now_s: float) -> float:
        """By how many intervals this tick comes too late; the first is never late."""
        if self._due_s == 0.0:
            return 0.0
        return max(0.0, now_s - self._due_s) / self._lookout.interval_s

    def _may_go_on(self) -> bool:
        """Whether the queue was edited, or the judging has caught up."""
        return self._queue_changed() or self._guarded("observe", self._lookout.judged_enough)

    def _queue_changed(self) -> bool:
        try:
            stat = self.desk.workspace.queue_file.stat()
        except OSError:
            return False
        seen, self._queue_seen = self._queue_seen, (stat.st_mtime_ns, stat.st_size)
        return seen is not None and seen != self._queue_seen

    def _reload(self) -> None:
        try:
            fresh = settings_versions.reload(self.desk)
        except InvalidConfiguration:
            return  # the health check names the faults, and nothing new is started
        self.desk = self._lookout.desk = self._children.desk = self._luck.desk = fresh
        self._promoter.desk = self._outbox.desk = self._upkeep.desk = fresh

    # --- watching and mining --------------------------------------------------------------------

    def _watch(self, late_ticks: float) -> None:
        for action in self._lookout.look(late_ticks):
            self._guarded(f"watchdog.{action.cause}", partial(self._hands.do, action))
        if self._lookout.has_room:
            hold_reserve(self.desk.workspace)
            self._full = None
        self._healthy = self._lookout.check().ok

    def _mine(self) -> None:
        if self.desk.db.failed:
            self._supervisor.end_all("the database takes no writes")
            return
        view = miner.state(self.desk)
        if view.state == "offline" or view.suspend:
            why = "stopped" if view.state == "offline" else "suspended"
            self._supervisor.end_all(f"the miner was {why}")
        at_work = maintenance.state(self.desk)
        if at_work.on and not at_work.drain:
            self._supervisor.end_all(f"maintenance: {at_work.reason}")
        miner.observed(self.desk, view.state)
        queue.ensure_runs(self.desk)
        may_start = view.state == "running" and not at_work.on
        if may_start and self._healthy and self._full is None:
            self._fill()
        self._later = self._next_back_off()

    def _keep_within_quota(self) -> None:
        if not maintenance.state(self.desk).on:
            retention.keep_within_quota(self.desk)

    def _fill(self) -> None:
        """Give every free slot the run that goes next."""
        tried: set[str] = set()
        while self._supervisor.busy < self.desk.settings.limits.max_concurrent_campaigns:
            following = queue.next_run(self.desk, excluding=frozenset(tried))
            if following is None:
                return
            tried.add(following.run.id)
            try:
                self._supervisor.start(following.run.id)
            except Conflict:
                continue

    def _next_back_off(self) -> str | None:
        with self.desk.read() as tx:
            return queue.wakes_at(self.desk, tx)

    # --- the outer edge -------------------------------------------------------------------------

    def _guarded(self, step: str, work: Callable[[], object]) -> bool:
        """Do one step; whatever it raises is told as an incident, and the loop goes on."""
        try:
            with disk_room(self.desk.workspace.root):
                return bool(work())
        except DiskFull as error:
            self._trouble(error)
        except DiskRefused as error:
            _log.error("the step %s of the loop: %s", step, error.sentence)
            self._report(DISK_REFUSED, error.sentence)
        except Exception as error:  # noqa: BLE001 - the one place that catches everything
            _log.exception("the step %s of the loop failed", step)
            fault = type(error).__name__
            told = error.sentence if isinstance(error, OmpError) else f"{fault}: {error}"
            self._report(f"loop.{step}.{fault}"[:96], f"the step {step} of the loop failed: {told}")
        return False

    def _report(self, fingerprint: str, told: str) -> None:
        if self.desk.db.failed:
            return  # told once the record can be written again
        try:
            open_incident(self.desk, fingerprint, "SEV-1", told)
        except Exception:  # noqa: BLE001 - nothing can be written: the log is all there is
            _log.exception("the incident %s could not be written", fingerprint)

    def _hear_of(self, error: OmpError) -> None:
        """Another thread met a full disk; the next tick, which is at once, acts on it."""
        self._heard = error
        self.desk.wake.set()

    def _trouble(self, error: OmpError) -> None:
        """The disk is full: stop mining, and pay for the last record from the reserve."""
        _log.error("the disk is full: %s", error.sentence)
        is_news, self._full = self._full is None, error
        self._supervisor.end_all("the disk is full")
        spend_reserve(self.desk.workspace)
        try:
            self._go_offline(error)
            self._make_good.untold = None
        except Exception:  # noqa: BLE001 - even the reserve did not do: the daemon answers on
            _log.exception("the full disk could not be recorded")
            self._make_good.untold = error
        if is_news:
            self.desk.wake.set()

    def _go_offline(self, error: OmpError) -> None:
        watchman = self.desk.acting_as("watchdog", "daemon")
        if miner.state(watchman).state != "offline":
            miner.want(watchman, "stop", reason=error.sentence)
        open_incident(watchman, DISK, "SEV-1", f"mining stops: {error.sentence}")


def _clean(desk: Desk) -> None:
    retention.relieve(desk)

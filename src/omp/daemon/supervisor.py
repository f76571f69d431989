"""Starts runs in slots, follows them, ends them and closes them.

A slot goes through stages, each with a child of its own: a fresh market is prepared where the
campaign asks for one, then the run is mined, then the claims of a strange engine are measured. The
child that ends hands the slot to the next stage, or to the run's ending. Nothing here waits: each
turn looks once and goes on, so one child can never hold up the others.
"""

from collections.abc import Callable
from dataclasses import replace

from omp.daemon import autopsy, process
from omp.daemon.closing import Closing, Followed
from omp.daemon.executors.base import Executor, Order
from omp.daemon.follow import Follower
from omp.daemon.orders import Orders, needs_market
from omp.daemon.process import Identity
from omp.daemon.resources import folder_bytes
from omp.daemon.slot import Ending, GoneChild, Slot
from omp.daemon.watchdog import LiveRun
from omp.domain.errors import Conflict, DiskFull, DiskRefused, IllegalMove, OmpError, ResourceShort
from omp.domain.failpoints import hit
from omp.ops import runs
from omp.ops.desk import Desk
from omp.ops.runs import Claimed
from omp.store import runs as rows
from omp.store.runs import Run
from omp.wire.rundir import RunDirectory

GRACE_S = 10.0
"""How long a child may take to write its checkpoint after TERM."""

TAIL_BYTES = 1 << 20
MB = 2**20


class Supervisor:
    """The slots of this daemon.

    Args:
        desk: In whose name runs are changed.
        executor: Where children run.
        orders: Their command lines.
        grace_s: Time between TERM and KILL, seconds.
        base_delay_s: Back-off after the first vain attempt of a run, seconds.
    """

    def __init__(
        self,
        desk: Desk,
        executor: Executor,
        orders: Orders,
        *,
        grace_s: float = GRACE_S,
        base_delay_s: float = 30.0,
    ) -> None:
        self._desk = desk
        self._executor = executor
        self._orders = orders
        self._grace_s = grace_s
        self._slots: dict[str, Slot] = {}
        self._closing = Closing(desk, orders, base_delay_s=base_delay_s)

    @property
    def busy(self) -> int:
        """How many slots are taken."""
        return len(self._slots)

    @property
    def run_ids(self) -> tuple[str, ...]:
        return tuple(slot.run_id for slot in self._slots.values())

    def trees(self) -> dict[str, frozenset[Identity]]:
        """Run id -> its live processes."""
        return {
            slot.run_id: process.tree(slot.run_id, slot.child.identity, self._desk.workspace.root)
            for slot in self._slots.values()
        }

    def live_runs(self, trees: dict[str, frozenset[Identity]]) -> tuple[LiveRun, ...]:
        """What the watchdog asks about each run."""
        now = self._desk.clock.monotonic()
        return tuple(
            LiveRun(
                run_id=slot.run_id,
                campaign_id=slot.claimed.run.campaign_id,
                idle_s=now - slot.progress_s,
                memory_mb=process.memory_bytes(trees.get(slot.run_id, frozenset())) / MB,
                ending=slot.ending is not None,
                disk_mb=folder_bytes(self._desk.workspace.run(slot.run_id)) / MB,
            )
            for slot in self._slots.values()
        )

    # --- starting -------------------------------------------------------------------------------

    def start(self, run_id: str) -> bool:
        """Claim a run and start its first child; False when it could not begin.

        A configuration, data or program that cannot be used fails the run with its sentence; a
        shortage puts it back in the queue.
        """
        try:
            claimed = runs.claim(self._desk, run_id)
        except (ResourceShort, Conflict):
            raise
        except OmpError as error:
            runs.reject(self._desk, run_id, cause=error.sentence, exit_code=error.exit_code)
            return False
        hit("run.claimed")
        self._executor.kill(run_id)  # whatever an earlier attempt may have left
        return self._guarded(claimed, lambda name: self._first(name, claimed))

    def _first(self, name: str, claimed: Claimed) -> Followed:
        if needs_market(claimed):
            return claimed, self._orders.prepare(claimed, name)
        return claimed, self._orders.mine(claimed, str(claimed.run.data_digest), name)

    def _guarded(self, claimed: Claimed, order: Callable[[str], Followed]) -> bool:
        """Start a child, or end the run with the reason why it cannot be started."""
        name = self._free_name()
        try:
            self._launch(name, *order(name))
        except DiskFull:
            self._closing.put_back(claimed, "the disk is full", blameless=True, waits=False)
            raise
        except ResourceShort as error:
            self._closing.put_back(claimed, error.sentence, blameless=True, waits=True)
            if isinstance(error, DiskRefused):
                raise  # people are told
            return False
        except Conflict:
            return False  # somebody else has the run now
        except OmpError as error:
            self._closing.fail(claimed, error.sentence, error.exit_code)
            return False
        return True

    def _launch(self, name: str, claimed: Claimed, order: Order) -> None:
        offset = order.output.stat().st_size if order.output.exists() else 0
        child = self._executor.launch(order)
        hit("run.launched")
        identity = child.identity
        kept = runs.record_process(
            self._desk,
            order.run_id,
            claimed.attempt,
            stage=order.stage,
            pid=identity.pid,
            boot=identity.boot_id,
            start_ticks=identity.start_ticks,
        )
        if not kept:
            self._executor.kill(order.run_id, child)
            raise Conflict(f"run {order.run_id} is no longer at attempt {claimed.attempt}")
        now = self._desk.clock.monotonic()
        follower = Follower(order.output, offset, claimed.run.generation)
        self._slots[name] = Slot(name, claimed, order.stage, child, follower, now)

    def _free_name(self) -> str:
        taken = set(self._slots)
        return next(name for i in range(len(taken) + 1) if (name := f"slot-{i}") not in taken)

    # --- reconciling ----------------------------------------------------------------------------

    def reconcile(self) -> None:
        """Make slots and record agree: take over what runs, close what does not, end what may not.

        This is start-up, crash recovery and every tick alike.
        """
        with self._desk.read() as tx:
            running = {run.id: run for run in rows.find(tx, states=("running",), limit=10_000)}
        mine = set(self.run_ids)
        for run in running.values():
            if run.id not in mine:
                self._take_over(run)
        for slot in list(self._slots.values()):
            run_now = running.get(slot.run_id)
            if run_now is None or run_now.attempt != slot.attempt:
                if slot.run_id in mine:
                    self._executor.kill(slot.run_id, slot.child)
                    del self._slots[slot.name]
            elif run_now.stage == runs.CANCELLING:
                self.end(slot.run_id, run_now.cause or "cancelled", cancel=True, blameless=True)

    def sweep(self) -> tuple[str, ...]:
        """Kill every process tree of this workspace that works for no run of ours."""
        mine = set(self.run_ids)
        found = process.runs_alive(self._desk.workspace.root)
        orphans = tuple(sorted((set(found) | self._executor.contained()) - mine))
        for run_id in orphans:
            self._executor.kill(run_id)
        return orphans

    def _take_over(self, run: Run) -> None:
        """Follow a live child of an earlier daemon, or close what a dead one left."""
        claimed = runs.reread(self._desk, run.id)
        identity = Identity(run.boot_id or "", run.pid or 0, run.start_ticks or 0, run.id)
        child = self._executor.adopt(identity) if run.pid else None
        stage = run.stage if run.stage in ("prepare", "evidence") else "mine"
        output = self._orders.output(run, stage)
        size = output.stat().st_size if output.exists() else 0
        follower = Follower(output, max(0, size - TAIL_BYTES), run.generation)
        now = self._desk.clock.monotonic()
        if child is None:
            self._executor.kill(run.id)
            name = f"gone-{run.id}"
            gone = GoneChild(identity)
            self._slots[name] = Slot(name, claimed, stage, gone, follower, now)
            return
        name = self._executor.slot_of(child) or self._free_name()
        idle_s = min(runs.idle_s(self._desk, run), process.age_s(identity))
        self._slots[name] = Slot(name, claimed, stage, child, follower, now - idle_s)
        runs.note_adopted(self._desk, run.id, run.attempt, identity.pid)

    def autopsy(self, run_id: str) -> dict[str, list[str]]:
        """What a run's processes look like now, for the incident that ends it."""
        for slot in self._slots.values():
            if slot.run_id == run_id:
                members = process.tree(run_id, slot.child.identity, self._desk.workspace.root)
                errors = RunDirectory(self._desk.workspace.run(run_id)).stderr
                return {
                    "processes": autopsy.processes(members),
                    "stack": autopsy.stack(slot.child.identity, errors),
                }
        return {}

    # --- ending ---------------------------------------------------------------------------------

    def end(
        self,
        run_id: str,
        cause: str,
        *,
        blameless: bool,
        cancel: bool = False,
        grace_s: float | None = None,
    ) -> None:
        """Ask a run for its checkpoint and its end; after the grace its tree is killed."""
        patience_s = self._grace_s if grace_s is None else grace_s
        for slot in self._slots.values():
            if slot.run_id == run_id and (slot.ending is None or cancel > slot.ending.cancel):
                deadline = self._desk.clock.monotonic() + patience_s
                slot.ending = Ending(cause, blameless, cancel, deadline)
                self._executor.ask_to_leave(slot.child)

    def kill_all(self) -> None:
        """End every tree at once; their last checkpoints stand."""
        for slot in self._slots.values():
            self._executor.kill(slot.run_id, slot.child)

    def end_all(self, cause: str) -> None:
        """Ask every run for its checkpoint; each goes back to the queue without blame."""
        for run_id in self.run_ids:
            self.end(run_id, cause, blameless=True)

    # --- observing ------------------------------------------------------------------------------

    def observe(self) -> bool:
        """Look at each child once; True when a run ended or came to its next stage."""
        moved = False
        for slot in list(self._slots.values()):
            moved |= self._look_at(slot)
        return moved

    def _look_at(self, slot: Slot) -> bool:
        now = self._desk.clock.monotonic()
        living = slot.child.alive()
        slot.take(slot.follower.read() if living else slot.follower.read_all(), now)
        if slot.due(now, at_once=not living) and not self._write(slot, now):
            self._executor.kill(slot.run_id, slot.child)  # its token is spent
            del self._slots[slot.name]
            return True
        if living:
            if slot.ending and now >= slot.ending.deadline_s:
                self._executor.kill(slot.run_id, slot.child)
            return False
        if slot.ending is None and self._executor.over_memory(slot.run_id):
            cause = "memory: the kernel ended it at its share of memory"
            slot.ending = Ending(cause, blameless=False, cancel=False, deadline_s=now)
        self._executor.kill(slot.run_id, slot.child)  # what it may have left behind
        followed = self._close(slot)
        del self._slots[slot.name]
        if followed is not None:
            claimed, order = followed
            self._guarded(claimed, lambda name: (claimed, replace(order, slot=name)))
        return True

    def _close(self, slot: Slot) -> Followed | None:
        try:
            return self._closing.close(slot)
        except ResourceShort:
            raise  # the slot stays as it is, and the next turn tries again
        except (Conflict, IllegalMove):
            return None  # its token is spent: whoever has it goes on
        except OmpError as error:
            self._closing.fail(slot.claimed, error.sentence, error.exit_code)
            return None

    def _write(self, slot: Slot, now: float) -> bool:
        latest, advanced, new_generation = slot.settled(now)
        return runs.progress(
            self._desk,
            slot.run_id,
            slot.attempt,
            latest,
            advanced=advanced,
            new_generation=new_generation,
        )

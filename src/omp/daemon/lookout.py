"""The loop's eyes: reads the machine and the record, asks the watchdog, keeps what status shows."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol

from omp.daemon import health, watchdog
from omp.daemon.clocks import CLOCKS_KEY
from omp.daemon.forecast import DiskForecast
from omp.daemon.health import Health
from omp.daemon.process import Identity
from omp.daemon.resources import as_stored, memory_share_mb
from omp.daemon.supervisor import Supervisor
from omp.daemon.watchdog import JUDGING, JUDGING_SHARE, Action, Bounds, Memory, Observation
from omp.domain.limits import Resources
from omp.ops import backlog, miner
from omp.ops.desk import Desk
from omp.ops.miner_status import LOOP_KEY, RESOURCES_KEY
from omp.ops.queue_why import BLOCKED_KEY
from omp.ops.workspace import RESERVE_BYTES
from omp.store import campaigns, journal, meta, runs

SPARE_RESERVES = 4
"""The reserve is kept back (again) while so many times its size is free."""

THROTTLED = 4.0
"""A throttled loop comes so many times less often."""


class Reader(Protocol):
    """Reads the machine."""

    def read(self, own: Iterable[Identity] = ()) -> Resources:
        """A reading; `own` are the processes of our runs."""


class Lookout:
    """Observes and decides; what is to be done is left to others.

    Args:
        desk: The workspace.
        supervisor: The slots.
        reader: Reads the machine.

    `clocks` is how the machine's clocks stand to one another, kept for the next daemon.
    """

    def __init__(self, desk: Desk, supervisor: Supervisor, reader: Reader) -> None:
        self.desk = desk
        self._supervisor = supervisor
        self._reader = reader
        self._memory = Memory()
        self._reading: Resources | None = None
        self._forecast = DiskForecast()
        self._unjudged = 0
        self.clocks: dict[str, object] = {}

    @property
    def has_room(self) -> bool:
        """Whether the disk is not critical, and has the reserve's room to spare."""
        free_bytes = 0.0 if self._reading is None else self._reading.disk_free_gb * 1e9
        return self._memory.disk != "critical" and free_bytes > SPARE_RESERVES * RESERVE_BYTES

    @property
    def interval_s(self) -> float:
        """Seconds between two ticks at most; longer while throttled."""
        throttled = self._memory.throttled_until_s is not None
        return self.desk.settings.loop.interval_s * (THROTTLED if throttled else 1.0)

    def look(self, late_ticks: float) -> tuple[Action, ...]:
        """One observation, and what the watchdog asks for."""
        trees = self._supervisor.trees()
        self._reading = self._reader.read(one for tree in trees.values() for one in tree)
        self._unjudged = self._count_unjudged()
        seen = Observation(
            now_s=self.desk.clock.monotonic(),
            resources=self._reading,
            mining=miner.state(self.desk).state == "running",
            runs=self._supervisor.live_runs(trees),
            unjudged=self._unjudged,
            failures=self._failures(),
            failing=self._failing(),
            late_ticks=late_ticks,
            disk_full_in_s=self._full_in_s(),
        )
        decision = watchdog.decide(seen, self._bounds(), self._memory)
        self._memory = decision.memory
        return decision.actions

    def judged_enough(self) -> bool:
        """Whether new runs wait for the judging, and it has caught up since the last tick."""
        if JUDGING not in self._memory.blocked:
            return False
        limit = self.desk.settings.limits.max_unjudged_runs
        return backlog.at_most(self.desk) <= limit // JUDGING_SHARE

    def _count_unjudged(self) -> int:
        limit = self.desk.settings.limits.max_unjudged_runs
        held_back = JUDGING in self._memory.blocked
        return backlog.unjudged(self.desk, limit // JUDGING_SHARE if held_back else limit)

    def _full_in_s(self) -> float | None:
        if self._reading is not None:
            self._forecast.note(self.desk.clock.monotonic(), self._reading.disk_free_gb)
        return self._forecast.full_in_s(self.desk.settings.limits.min_disk_free_gb)

    def check(self) -> Health:
        """The health check before mining, kept for status, why and health."""
        found = health.check(
            self.desk, self._memory, self._reading, self._bounds(), unjudged=self._unjudged
        )
        now = self.desk.clock.iso()
        reasons = [one.sentence for one in found.failing]
        facts = {
            "interval_s": self.interval_s,
            "throttled": self._memory.throttled_until_s is not None,
            "last_tick_at": now,
        }
        checks = [one.__dict__ for one in found.checks]
        with self.desk.db.write() as tx:
            if self._reading is not None:
                full_in_s = self._forecast.full_in_s(self.desk.settings.limits.min_disk_free_gb)
                reading = as_stored(self._reading, at=now, disk_full_in_s=full_in_s)
                meta.put_json(tx, RESOURCES_KEY, reading)
            meta.put_json(tx, BLOCKED_KEY, {"reasons": reasons, "at": now} if reasons else None)
            meta.put_json(tx, LOOP_KEY, facts)
            meta.put_json(tx, CLOCKS_KEY, self.clocks or None)
            meta.put_json(tx, health.KEY, {"ok": found.ok, "checks": checks, "at": now})
        return found

    def _bounds(self) -> Bounds:
        limits = self.desk.settings.limits
        return Bounds(
            max_cpu_util_pct=limits.max_cpu_util_pct,
            min_mem_available_mb=limits.min_mem_available_mb,
            min_disk_free_gb=limits.min_disk_free_gb,
            warn_disk_free_gb=limits.warn_disk_free_gb,
            stuck_after_s=60 * limits.stuck_after_min,
            error_burst=limits.error_burst,
            error_window_s=60 * limits.error_window_min,
            memory_share_mb=memory_share_mb(limits),
            max_unjudged_runs=limits.max_unjudged_runs,
            run_disk_mb=1000.0 * limits.max_run_disk_gb,
        )

    def _failures(self) -> int:
        """Failed runs in the error window, since the miner was last set going."""
        window = timedelta(minutes=self.desk.settings.limits.error_window_min)
        now = self.desk.clock.now()
        since, until = journal.iso(now - window), journal.iso(now)
        with self.desk.read() as tx:
            told = journal.records(tx, kinds=("miner.wanted",), newest_first=True, limit=20)
            failed = runs.find(tx, states=("failed",), limit=1000)
        going = [one.ts for one in told if one.payload.get("action") in ("start", "resume")]
        since = max(since, *going[:1], "")
        return sum(1 for run in failed if since < (run.finished_at or "") <= until)

    def _failing(self) -> tuple[tuple[str, int], ...]:
        with self.desk.read() as tx:
            return tuple(
                (one.id, one.consecutive_failures)
                for one in campaigns.listed(tx)
                if one.state != "quarantined" and one.consecutive_failures
            )

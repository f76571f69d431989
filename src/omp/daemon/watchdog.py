"""When to hold back, warn, kill, pause or stop: a pure table, one row a condition.

`decide` compares an observation with the limits and with what it remembers from the last tick, and
answers with actions. It touches nothing, so every row can be tried in a test. Limits that switch
something off switch it on again only beyond a margin, so that a reading on the edge does not flap.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from omp.domain.limits import Resources, pace_in_words

Kind = Literal[
    "block", "unblock", "warn", "clean", "offline", "kill", "pause", "quarantine",
    "throttle", "unthrottle",
]  # fmt: skip

CPU_MARGIN_PCT = 5.0
MEMORY_MARGIN = 1.25
DISK_MARGIN = 1.1
JUDGING = "judging"
JUDGING_SHARE = 2
"""Runs start again once no more than this part of the limit waits to be judged."""
INODES_WARN_PCT, INODES_CRITICAL_PCT = 5.0, 1.0
LATE_TICKS = 2.0
OVERLOAD_S = 300.0
THROTTLE_S = 300.0
CLEAN_EVERY_S = 600.0
CAMPAIGN_FAILURES = 3


@dataclass(frozen=True)
class Bounds:
    """The limits of `omp_config.toml` that the watchdog keeps, in its units."""

    max_cpu_util_pct: float
    min_mem_available_mb: float
    min_disk_free_gb: float
    warn_disk_free_gb: float
    stuck_after_s: float
    error_burst: int
    error_window_s: float
    memory_share_mb: float
    run_disk_mb: float = float("inf")
    max_unjudged_runs: int = 1000


@dataclass(frozen=True)
class LiveRun:
    """A run that has a child.

    Args:
        idle_s: Seconds since it last made progress, or since it started.
        memory_mb: Resident memory of its whole tree; None where it was not measured.
        ending: It was told to leave already.
        disk_mb: What its directory holds; None where it was not measured.
    """

    run_id: str
    campaign_id: str
    idle_s: float
    memory_mb: float | None = None
    ending: bool = False
    disk_mb: float | None = None


@dataclass(frozen=True)
class Observation:
    """What the loop saw in one tick.

    Args:
        now_s: Monotonic instant, seconds.
        mining: Whether the miner is running.
        failures: Runs that failed in the error window since the miner was last set going.
        failing: Campaign id -> failures in a row.
        late_ticks: By how many intervals the last tick came or ended too late.
        unjudged: Finished runs that wait to be judged, and for no person.
        disk_full_in_s: When the disk reaches its limit at the present pace; None: not in sight.
    """

    now_s: float
    resources: Resources
    mining: bool = True
    runs: tuple[LiveRun, ...] = ()
    failures: int = 0
    failing: tuple[tuple[str, int], ...] = ()
    late_ticks: float = 0.0
    unjudged: int = 0
    disk_full_in_s: float | None = None


@dataclass(frozen=True)
class Action:
    """One thing to do, and why, in a sentence for the journal and the user.

    Args:
        subject: `miner`, a run id or a campaign id; for (un)block what holds runs back.
        cause: A word for the record: cpu, memory, judging, disk, stuck, burst, failures, load.
    """

    kind: Kind
    subject: str
    cause: str
    sentence: str


@dataclass(frozen=True)
class Memory:
    """What the watchdog remembers from tick to tick.

    Args:
        blocked: What holds new runs back: cpu, memory, judging.
        disk: The step of the ladder the disk stands on.
        cleaned_s: When old runs were last cleaned up, while the disk is low.
        overloaded_since_s: Since when the load has been above its limit.
        throttled_until_s: Until when the loop goes slower.
    """

    blocked: frozenset[str] = frozenset()
    disk: Literal["ok", "warn", "critical"] = "ok"
    cleaned_s: float | None = None
    overloaded_since_s: float | None = None
    throttled_until_s: float | None = None


@dataclass(frozen=True)
class Decision:
    """What to do now, and what to remember."""

    actions: tuple[Action, ...]
    memory: Memory

    @property
    def may_start(self) -> bool:
        """Whether a new run may start, as far as the machine goes."""
        return not self.memory.blocked and self.memory.disk != "critical"


@dataclass
class _Draft:
    memory: Memory
    actions: list[Action] = field(default_factory=list)

    def act(self, kind: Kind, subject: str, cause: str, sentence: str) -> None:
        self.actions.append(Action(kind, subject, cause, sentence))

    def hold(self, name: str, short: bool, fine: bool, why: str) -> None:
        """Block on `short`, unblock on `fine`, and in between leave it as it was."""
        blocked = self.memory.blocked
        if short and name not in blocked:
            self.memory = replace(self.memory, blocked=blocked | {name})
            self.act("block", name, name, f"no new run starts: {why}")
        elif fine and name in blocked:
            self.memory = replace(self.memory, blocked=blocked - {name})
            self.act("unblock", name, name, f"new runs may start again: {why}")


def _processor(seen: Observation, bounds: Bounds, draft: _Draft) -> None:
    """Other programs use more of the processors than `max_cpu_util_pct` | no new run starts |
    by itself, 5 points below the limit
    """
    used, limit = seen.resources.cpu_others_pct, bounds.max_cpu_util_pct
    why = f"other programs use {used:.0f} % of the processors, the limit is {limit:g} %"
    draft.hold("cpu", used > limit, used <= limit - CPU_MARGIN_PCT, why)


def _memory(seen: Observation, bounds: Bounds, draft: _Draft) -> None:
    """Less memory is available than `min_mem_available_mb` | no new run starts | by itself, a
    quarter above the limit
    """
    left, limit = seen.resources.mem_available_mb, bounds.min_mem_available_mb
    why = f"{left:.0f} MB of memory are available, the limit is {limit:g} MB"
    draft.hold("memory", left < limit, left >= limit * MEMORY_MARGIN, why)


def _judging(seen: Observation, bounds: Bounds, draft: _Draft) -> None:
    """More than `max_unjudged_runs` finished runs wait to be judged; those that wait for a person
    do not count | no new run starts | by itself, at half the limit
    """
    waiting, limit = seen.unjudged, bounds.max_unjudged_runs
    why = f"{waiting} finished runs wait to be judged, the limit is {limit}"
    draft.hold(JUDGING, waiting > limit, waiting <= limit // JUDGING_SHARE, why)


def _disk(seen: Observation, bounds: Bounds, draft: _Draft) -> None:
    """The disk has less than `warn_disk_free_gb`, or 5 % of its inodes: a warning, and old runs
    are cleaned up by retention. Less than `min_disk_free_gb`, or 1 % | mining stops, the daemon
    answers on | the warning by itself, a tenth above the limit; mining by hand: `omp start`
    """
    free, inodes = seen.resources.disk_free_gb, seen.resources.inodes_free_pct
    critical = free < bounds.min_disk_free_gb or inodes < INODES_CRITICAL_PCT
    warn = free < bounds.warn_disk_free_gb or inodes < INODES_WARN_PCT
    recovered = free >= bounds.min_disk_free_gb * DISK_MARGIN and inodes >= INODES_CRITICAL_PCT * 2
    fine = free >= bounds.warn_disk_free_gb * DISK_MARGIN and inodes >= INODES_WARN_PCT * 2
    before = draft.memory.disk
    left = f"{free:.2f} GB and {inodes:.0f} % of the inodes are free on the workspace's disk"
    left += pace_in_words(seen.disk_full_in_s)
    step = before
    if critical or (before == "critical" and not recovered):
        step = "critical"
    elif warn or (before != "ok" and not fine):
        step = "warn"
    else:
        step = "ok"
    draft.memory = replace(draft.memory, disk=step)
    if step == "critical" and seen.mining:
        limit = bounds.min_disk_free_gb
        draft.act("offline", "miner", "disk", f"mining stops: {left}, the limit is {limit:g} GB")
    if step == "warn" and before == "ok":
        draft.act("warn", "miner", "disk", f"{left}, below {bounds.warn_disk_free_gb:g} GB")
    cleaned_s = draft.memory.cleaned_s
    if step == "ok":
        draft.memory = replace(draft.memory, cleaned_s=None)
    elif cleaned_s is None or seen.now_s - cleaned_s >= CLEAN_EVERY_S:
        draft.memory = replace(draft.memory, cleaned_s=seen.now_s)
        draft.act("clean", "miner", "disk", f"old runs are cleaned up by retention: {left}")


def _stuck(seen: Observation, bounds: Bounds, draft: _Draft) -> None:
    """A run made no *progress* for `stuck_after_min` | TERM, then KILL of its whole tree; it
    goes back to the queue | a new attempt after a back-off; three without a new generation fail
    """
    for run in seen.runs:
        if run.idle_s > bounds.stuck_after_s and not run.ending:
            minutes = run.idle_s / 60
            why = f"{run.run_id} made no progress for {minutes:.1f} min"
            draft.act("kill", run.run_id, "stuck", f"{why}: it is ended with its whole tree")


def _share(seen: Observation, bounds: Bounds, draft: _Draft) -> None:
    """A run holds more memory than its share | it is ended, with the cause `memory` (the daemon
    stays up) | a new attempt after a back-off
    """
    share = bounds.memory_share_mb
    for run in seen.runs:
        if run.memory_mb is not None and run.memory_mb > share and not run.ending:
            why = f"{run.run_id} holds {run.memory_mb:.0f} MB of memory, its share is {share:.0f}"
            draft.act("kill", run.run_id, "memory", f"{why} MB: it is ended")


def _quota(seen: Observation, bounds: Bounds, draft: _Draft) -> None:
    """A run wrote more than `max_run_disk_gb` | it is ended, with the cause `disk quota` | a
    new attempt after a back-off
    """
    quota = bounds.run_disk_mb
    for run in seen.runs:
        if run.disk_mb is not None and run.disk_mb > quota and not run.ending:
            why = f"{run.run_id} wrote {run.disk_mb:.0f} MB, its share of the disk is {quota:.0f}"
            draft.act("kill", run.run_id, "disk quota", f"{why} MB: it is ended")


def _burst(seen: Observation, bounds: Bounds, draft: _Draft) -> None:
    """`error_burst` runs failed within `error_window_min` | mining pauses | by hand: `omp
    resume`
    """
    if seen.mining and seen.failures >= bounds.error_burst:
        minutes = bounds.error_window_s / 60
        why = f"{seen.failures} runs failed within {minutes:g} min"
        draft.act("pause", "miner", "burst", f"mining pauses: {why}")


def _failing(seen: Observation, bounds: Bounds, draft: _Draft) -> None:  # noqa: ARG001 - a row
    """A campaign failed three times in a row | it is quarantined | by hand: `omp queue lift`"""
    for campaign_id, failures in seen.failing:
        if failures >= CAMPAIGN_FAILURES:
            why = f"{campaign_id} failed {failures} times in a row"
            draft.act("quarantine", campaign_id, "failures", f"{why}: it is quarantined")


def _load(seen: Observation, bounds: Bounds, draft: _Draft) -> None:
    """The loop is more than 2 ticks late, or other programs stay above the limit for 5 min |
    the loop goes four times slower | by itself, after 5 min without it
    """
    memory = draft.memory
    over = seen.resources.cpu_others_pct > bounds.max_cpu_util_pct
    since = None
    if over:
        since = seen.now_s if memory.overloaded_since_s is None else memory.overloaded_since_s
    late = seen.late_ticks > LATE_TICKS
    strained = late or (since is not None and seen.now_s - since >= OVERLOAD_S)
    until = memory.throttled_until_s
    if strained:
        why = f"the loop is {seen.late_ticks:.1f} ticks late" if late else "the load stays high"
        if until is None:
            draft.act("throttle", "miner", "load", f"the loop goes slower for 5 min: {why}")
        until = seen.now_s + THROTTLE_S
    elif until is not None and seen.now_s >= until:
        until = None
        draft.act("unthrottle", "miner", "load", "the loop goes at its normal pace again")
    draft.memory = replace(memory, overloaded_since_s=since, throttled_until_s=until)


ROWS: tuple[Callable[[Observation, Bounds, _Draft], None], ...] = (
    _processor,
    _memory,
    _judging,
    _disk,
    _stuck,
    _share,
    _quota,
    _burst,
    _failing,
    _load,
)
"""The watchdog's table, in its order."""


def decide(seen: Observation, bounds: Bounds, memory: Memory) -> Decision:
    """What the observation asks for.

    Args:
        seen: What the loop saw.
        bounds: The limits in force.
        memory: What was remembered after the last decision.
    """
    draft = _Draft(memory)
    for row in ROWS:
        row(seen, bounds, draft)
    return Decision(tuple(draft.actions), draft.memory)

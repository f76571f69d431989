"""One control group a run, where the kernel lets us: nothing leaves it, nothing outgrows it.

A process may leave its session, wipe its environment and outlive its parents; it cannot leave its
control group. So the tree of a run is killed by its group where there is one (version 2 has
`cgroup.kill`; elsewhere its members are killed until none is left), and by sweeping `/proc` as
well. Where the group has a limit of memory, the kernel keeps it between two looks of the watchdog.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from omp.daemon import process

PREFIX = "omp"
KILL_LIMIT_S = 5.0
NICE, NICE_FILE = 15, "cpu.weight.nice"
"""Within a group with processor shares the niceness of a process weighs only among its own kind."""


@dataclass(frozen=True)
class Memory:
    """Where a version of control groups keeps its limit of memory, and what it says of it."""

    limit: str
    events: str


V1 = Memory("memory.limit_in_bytes", "memory.oom_control")
V2 = Memory("memory.max", "memory.events")


class Cgroups:
    """The control groups of one workspace's runs.

    Args:
        workspace: Its root, by which its groups are told from another workspace's.
        parents: Folders in which groups may be made; by default those of this process.
    """

    def __init__(self, workspace: Path, *, parents: tuple[Path, ...] | None = None) -> None:
        self._mark = f"{PREFIX}-{blake2b(str(workspace).encode(), digest_size=6).hexdigest()}-"
        found = own_groups() if parents is None else parents
        self._parents = tuple(one for one in found if os.access(one, os.W_OK))

    @property
    def words(self) -> str:
        """How the tree of a run is held together on this machine."""
        if not self._parents:
            return "no control groups: a run's tree is found by environment, session and descent"
        probe = [self._limit(parent) for parent in self._parents]
        limit = ", with a limit of memory" if any(probe) else ", without a limit of memory"
        return f"control groups below {', '.join(map(str, self._parents))}{limit}"

    def enter(self, run_id: str, pid: int, *, memory_bytes: int | None = None) -> bool:
        """Put a process into its run's group; False where there is none to be made."""
        entered = False
        for parent in self._parents:
            group = parent / f"{self._mark}{run_id}"
            with suppress(OSError):  # the tree is swept by /proc all the same
                group.mkdir(exist_ok=True)
                self._bound(group, memory_bytes)
                (group / "cgroup.procs").write_text(str(pid))
                entered = True
        return entered

    def members(self, run_id: str) -> frozenset[int]:
        """Pids in the run's group."""
        found: set[int] = set()
        for parent in self._parents:
            found |= _procs(parent / f"{self._mark}{run_id}")
        return frozenset(found)

    def over_memory(self, run_id: str) -> bool:
        """Whether the kernel killed a process of the run for its limit of memory."""
        for parent in self._parents:
            for memory in (V1, V2):
                path = parent / f"{self._mark}{run_id}" / memory.events
                with suppress(OSError):
                    told = dict(line.split()[:2] for line in path.read_text().splitlines())
                    if int(told.get("oom_kill", 0)) > 0:
                        return True
        return False

    def runs(self) -> frozenset[str]:
        """Runs that have a group with members."""
        found = {
            group.name.removeprefix(self._mark)
            for parent in self._parents
            for group in parent.glob(f"{self._mark}*")
        }
        return frozenset(run_id for run_id in found if self.members(run_id))

    def kill(
        self,
        run_id: str,
        *,
        limit_s: float = KILL_LIMIT_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> bool:
        """KILL everything in the run's group and take it away; True when nothing is left."""
        deadline, pause_s = time.monotonic() + limit_s, 0.005
        for parent in self._parents:
            with suppress(OSError):
                (parent / f"{self._mark}{run_id}" / "cgroup.kill").write_text("1")
        while (members := self.members(run_id)) and time.monotonic() < deadline:
            known = (process.identify(pid, run_id) for pid in members)
            process.kill_now(frozenset(one for one in known if one is not None))
            sleep(pause_s)
            pause_s = min(0.1, pause_s * 2)
        for parent in self._parents:
            with suppress(OSError):  # not made, or a zombie is in it still: the next kill takes it
                (parent / f"{self._mark}{run_id}").rmdir()
        return not self.members(run_id)

    def tidy(self) -> None:
        """Take away the groups that a daemon which was killed left empty."""
        for parent in self._parents:
            for group in parent.glob(f"{self._mark}*"):
                with suppress(OSError):  # somebody is in it
                    group.rmdir()

    def _bound(self, group: Path, memory_bytes: int | None) -> None:
        if (group / NICE_FILE).exists():
            with suppress(OSError):
                (group / NICE_FILE).write_text(str(NICE))
        if memory_bytes is None:
            return
        for memory in (V1, V2):
            if (group / memory.limit).exists():
                with suppress(OSError):
                    (group / memory.limit).write_text(str(memory_bytes))

    def _limit(self, parent: Path) -> bool:
        return any((parent / memory.limit).exists() for memory in (V1, V2))


def own_groups() -> tuple[Path, ...]:
    """The folders of this process's groups of version 2 and of the version 1 memory controller."""
    own: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, where = line.split(":", 2)
        own[controllers] = where
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        fields, kind, options = before.split(), after.split()[0], after.split()[-1]
        path: str | None
        if kind == "cgroup2":
            path = own.get("")
        elif kind == "cgroup" and "memory" in options.split(","):
            path = own.get("memory")
        else:
            continue
        if path is None:
            continue
        root = fields[3].rstrip("/")
        below = path.removeprefix(root) if path.startswith(root) else ""
        folder = Path(fields[4] + below)
        if folder.is_dir():
            found.append(folder)
    return tuple(found)


def _procs(group: Path) -> set[int]:
    try:
        text = (group / "cgroup.procs").read_text(encoding="ascii")
    except OSError:
        return set()
    pids = {int(one) for one in text.split()}
    return {pid for pid in pids if (stat := process.read_stat(pid)) and stat.state not in "ZXx"}

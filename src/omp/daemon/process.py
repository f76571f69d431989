"""What a process is: boot id, pid, start ticks and the run it works for.

A pid alone is no name: it is given again after the process has gone, and every pid is given again
after a reboot. All four together never come back, so a restarted daemon can tell its own child
from a stranger that happens to have its number.
"""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

RUN_VARIABLE = "OMP_RUN_ID"
"""Environment variable every child and its descendants carry; the sweep finds them by it."""

WORKSPACE_VARIABLE = "OMP_WORKSPACE"

_PROC = Path("/proc")
_GONE = (FileNotFoundError, ProcessLookupError, NotADirectoryError)
_DEAD_STATES = frozenset("ZXx")


@dataclass(frozen=True)
class Identity:
    """One process, for ever.

    Args:
        boot_id: The kernel's name for this boot.
        pid: Process id.
        start_ticks: Clock ticks between boot and the start of the process.
        run_id: Run it works for, as its environment says.
    """

    boot_id: str
    pid: int
    start_ticks: int
    run_id: str


@dataclass(frozen=True)
class Stat:
    """The fields of /proc/PID/stat that matter here."""

    state: str
    parent: int
    session: int
    start_ticks: int


@lru_cache(maxsize=1)
def boot_id() -> str:
    """The kernel's name for this boot."""
    return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def read_stat(pid: int) -> Stat | None:
    """State, parent, session and start of a process; None where there is none."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (*_GONE, PermissionError):
        return None
    fields = text[text.rfind(")") + 2 :].split()  # the name may hold spaces and brackets
    return Stat(fields[0], int(fields[1]), int(fields[3]), int(fields[19]))


def run_of(pid: int) -> str | None:
    """The run that a process works for, by its environment; None where it says none."""
    return variables(pid, (RUN_VARIABLE,)).get(RUN_VARIABLE)


def variables(pid: int, names: tuple[str, ...]) -> dict[str, str]:
    """These variables of a process's environment, where it has them and may be read."""
    try:
        environment = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    found: dict[str, str] = {}
    for entry in environment.split(b"\0"):
        name, mark, value = entry.decode("utf-8", errors="replace").partition("=")
        if mark and name in names:
            found[name] = value
    return found


def identify(pid: int, run_id: str) -> Identity | None:
    """The identity of a live process; None when it has gone already."""
    stat = read_stat(pid)
    if stat is None:
        return None
    return Identity(boot_id(), pid, stat.start_ticks, run_id)


def alive(identity: Identity) -> bool:
    """Whether this very process still runs; a zombie does not."""
    if identity.boot_id != boot_id():
        return False
    stat = read_stat(identity.pid)
    return (
        stat is not None
        and stat.state not in _DEAD_STATES
        and stat.start_ticks == identity.start_ticks
    )


def ours(identity: Identity, workspace: Path | None = None) -> bool:
    """Whether it is alive and its environment names its run, so that it may be adopted.

    Args:
        workspace: It must not name another one: a copy of a workspace holds the same runs.
    """
    return alive(identity) and _works_for(identity.pid, identity.run_id, workspace)


def _works_for(pid: int, run_id: str, workspace: Path | None) -> bool:
    return run_of(pid) == run_id and _is_here(pid, workspace)


def _is_here(pid: int, workspace: Path | None) -> bool:
    """Whether a process names this workspace, or none."""
    named = variables(pid, (WORKSPACE_VARIABLE,)).get(WORKSPACE_VARIABLE)
    return workspace is None or named is None or named == str(workspace)


def tree(
    run_id: str, root: Identity | None = None, workspace: Path | None = None
) -> frozenset[Identity]:
    """Every live process of a run: by environment, by session and by descent.

    A grandchild that left with `setsid` keeps the environment; one that wiped its environment
    keeps its session or its parents, so sweep before the root is collected. Ourselves and our
    ancestors are never among them.

    Args:
        run_id: The run whose variable is looked for.
        root: The child that was started for it, where it is known.
        workspace: Processes of another one are never among them, whatever run they name.
    """
    stats = {pid: stat for pid in _pids() if (stat := read_stat(pid)) is not None}
    spared = _ancestors(os.getpid(), stats)
    found = {pid for pid in stats if _works_for(pid, run_id, workspace)}
    if root is not None and root.boot_id == boot_id():
        stat = stats.get(root.pid)
        is_root = stat is not None and stat.start_ticks == root.start_ticks
        if is_root and _is_here(root.pid, workspace):
            # while its leader is there, be it as a zombie, a session's number is nobody else's
            found |= {pid for pid, one in stats.items() if one.session == root.pid} | {root.pid}
    grown = True
    while grown:
        children = {pid for pid, one in stats.items() if one.parent in found} - found
        found |= children
        grown = bool(children)
    return frozenset(
        Identity(boot_id(), pid, stats[pid].start_ticks, run_id)
        for pid in found - spared
        if stats[pid].state not in _DEAD_STATES
    )


def runs_alive(workspace: Path) -> dict[str, frozenset[int]]:
    """Run id -> pids of live processes of this workspace that carry it."""
    found: dict[str, set[int]] = {}
    spared = _ancestors(os.getpid(), {})
    for pid in _pids():
        carried = variables(pid, (RUN_VARIABLE, WORKSPACE_VARIABLE))
        run_id = carried.get(RUN_VARIABLE)
        if not run_id or carried.get(WORKSPACE_VARIABLE) != str(workspace) or pid in spared:
            continue
        stat = read_stat(pid)
        if stat is not None and stat.state not in _DEAD_STATES:
            found.setdefault(run_id, set()).add(pid)
    return {run_id: frozenset(pids) for run_id, pids in found.items()}


def held_name(pid: int, folder: Path) -> str | None:
    """The name (without suffix) of a file of `folder` that the process holds open, or None."""
    try:
        handles = list((_PROC / str(pid) / "fd").iterdir())
    except (*_GONE, PermissionError):
        return None
    for handle in handles:
        with suppress(OSError):
            target = handle.readlink()
            if target.parent == folder:
                return target.stem
    return None


def send(identity: Identity, number: signal.Signals) -> bool:
    """Signal this very process through a pidfd; False when it has gone."""
    try:
        handle = os.pidfd_open(identity.pid)
    except OSError:
        return False
    try:
        if not alive(identity):  # the number may have been given away before the handle was open
            return False
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, number)
        return True
    finally:
        os.close(handle)


def ask_to_leave(identity: Identity) -> bool:
    """TERM, and CONT so that a stopped process can follow it; False when it has gone."""
    asked = send(identity, signal.SIGTERM)
    send(identity, signal.SIGCONT)
    return asked


def kill_now(members: frozenset[Identity]) -> None:
    """KILL each of these processes, itself and no namesake."""
    for member in members:
        send(member, signal.SIGKILL)


def age_s(identity: Identity) -> float:
    """Seconds since the process was started."""
    uptime = float((_PROC / "uptime").read_text(encoding="ascii").split()[0])
    return max(0.0, uptime - identity.start_ticks / os.sysconf("SC_CLK_TCK"))


def memory_bytes(members: frozenset[Identity]) -> int:
    """Resident memory of these processes together, bytes."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    for member in members:
        try:
            text = (_PROC / str(member.pid) / "statm").read_text(encoding="ascii")
        except (*_GONE, PermissionError):
            continue
        total += int(text.split()[1]) * page
    return total


def cpu_seconds(members: frozenset[Identity]) -> float:
    """Processor time these processes and their reaped children used so far, seconds."""
    ticks_per_s = os.sysconf("SC_CLK_TCK")
    total = 0
    for member in members:
        try:
            text = (_PROC / str(member.pid) / "stat").read_text(encoding="utf-8", errors="replace")
        except (*_GONE, PermissionError):
            continue
        fields = text[text.rfind(")") + 2 :].split()
        total += sum(int(field) for field in fields[11:15])
    return total / ticks_per_s


def _pids() -> tuple[int, ...]:
    return tuple(int(entry) for entry in os.listdir(_PROC) if entry.isdigit())  # noqa: PTH208 - names, not paths


def _ancestors(pid: int, stats: dict[int, Stat]) -> frozenset[int]:
    found = {pid}
    while (stat := stats.get(pid) or read_stat(pid)) is not None and stat.parent > 0:
        pid = stat.parent
        found.add(pid)
    return frozenset(found)

"""What a run looked like when it was ended: its processes and, of our engine, where it stood.

Read before anything is signalled. A process that is about to be killed tells no more afterwards.
"""

import time
from contextlib import suppress
from pathlib import Path

from omp.daemon import process
from omp.daemon.process import Identity
from omp.wire.lines import STACK_SIGNAL

STACK_WAIT_S = 0.5
MOST_PROCESSES, MOST_LINES = 12, 60
_FIELDS = ("State", "VmRSS", "Threads", "voluntary_ctxt_switches")


def processes(members: frozenset[Identity]) -> list[str]:
    """A line for each process: what it is, what it does, where in the kernel it waits."""
    lines = []
    for one in sorted(members, key=lambda each: each.pid)[:MOST_PROCESSES]:
        folder = Path("/proc") / str(one.pid)
        with suppress(OSError):
            said = (folder / "status").read_text(errors="replace")
            status = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
            told = ", ".join(
                f"{name} {' '.join(status.get(name, '?').split())}" for name in _FIELDS
            )
            waits = (folder / "wchan").read_text() or "-"
            command = (
                (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
            lines.append(f"{one.pid}: {told}, waits in {waits}: {command.strip()[:160]}")
    return lines


def stack(root: Identity, errors: Path) -> list[str]:
    """The stacks of the threads of a built-in engine; empty where it does not answer.

    Args:
        root: The engine's process.
        errors: The file its standard error goes to.
    """
    if not _listens(root.pid):
        return []
    start = errors.stat().st_size if errors.exists() else 0
    if not process.send(root, STACK_SIGNAL):
        return []
    deadline = time.monotonic() + STACK_WAIT_S
    text = ""
    while time.monotonic() < deadline and "most recent call first" not in text:
        time.sleep(0.02)
        with suppress(OSError), errors.open("rb") as file:
            file.seek(start)
            text = file.read(1 << 16).decode(errors="replace")
    return text.splitlines()[:MOST_LINES]


def _listens(pid: int) -> bool:
    """Whether a process catches the signal; one that does not would die of it."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (STACK_SIGNAL - 1) & 1)
    return False

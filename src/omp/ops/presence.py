"""Is there a daemon? By its own word in `state/daemon.json`, and the kernel's."""

import json
from dataclasses import dataclass
from pathlib import Path

from omp.ops.desk import Desk
from omp.wire.workspace import Workspace


@dataclass(frozen=True)
class Presence:
    """A live daemon of the workspace."""

    pid: int
    host: str
    port: int
    started_at: str


def daemon(workspace: Workspace) -> Presence | None:
    """The daemon that works for the workspace; None where none is alive."""
    try:
        said = json.loads((workspace.state / "daemon.json").read_bytes())
        pid, ticks = int(said["pid"]), int(said["start_ticks"])
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    fields = stat[stat.rfind(")") + 2 :].split()
    if said.get("boot_id") != boot or int(fields[19]) != ticks or fields[0] in "ZXx":
        return None
    return Presence(pid, str(said.get("host")), int(said["port"]), str(said.get("started_at", "")))


def is_live(desk: Desk) -> bool:
    """Whether a daemon's loop runs, in this process or another."""
    return desk.live.is_set() or daemon(desk.workspace) is not None

"""Two ways to the same verbs: HTTP to a live daemon, or `ops` under the workspace lock."""

import fcntl
import json
import os
import time
from dataclasses import dataclass
from typing import Any, Protocol

from omp.domain.errors import NotFound, WorkspaceBusy
from omp.wire.workspace import Workspace

LOCK_NAME = "daemon.lock"
DAEMON_NAME = "daemon.json"
LOCK_WAIT_S = 5.0


class Door(Protocol):
    """Where a command takes its verb."""

    is_live: bool

    def call(self, verb: str, given: dict[str, Any]) -> Any:
        """The verb's answer as plain JSON values."""

    def close(self) -> None:
        """Give back what is held."""


@dataclass(frozen=True)
class Daemon:
    """A live daemon of a workspace, by its own word and the kernel's."""

    pid: int
    host: str
    port: int
    started_at: str

    @property
    def address(self) -> str:
        """Where a program on this machine reaches it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def live_daemon(workspace: Workspace) -> Daemon | None:
    """The daemon that answers for the workspace; None where there is none alive."""
    from omp.daemon.process import Identity, alive

    try:
        said = json.loads((workspace.state / DAEMON_NAME).read_bytes())
        identity = Identity(said["boot_id"], int(said["pid"]), int(said["start_ticks"]), "")
        daemon = Daemon(identity.pid, said["host"], int(said["port"]), said.get("started_at", ""))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return daemon if alive(identity) else None


def check_workspace(workspace: Workspace) -> None:
    """Refuse a folder that is no workspace.

    Raises:
        NotFound: If it lacks its configuration file.
    """
    if not workspace.config_file.is_file():
        raise NotFound(
            f"there is no workspace at {workspace.root}",
            allowed="a folder made by omp init",
            remedy="omp up creates it and starts mining; or name another one with --workspace",
        )


class Lock:
    """The workspace's lock, held by one daemon or one command at a time."""

    def __init__(self, workspace: Workspace) -> None:
        self._path = workspace.state / LOCK_NAME
        self._handle: int | None = None

    def take(self, *, wait_s: float = LOCK_WAIT_S) -> None:
        """Hold it.

        Raises:
            WorkspaceBusy: If another process holds it for longer than `wait_s` seconds.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(handle)
                    raise WorkspaceBusy(
                        f"another process works on {self._path.parent.parent}",
                        remedy="wait until it has finished, or ask the daemon: omp status",
                    ) from None
                time.sleep(0.05)
        self._handle = handle

    def give_back(self) -> None:
        """Let the next one have it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def open_door(workspace: Workspace) -> Door:
    """The way to the verbs of a workspace.

    Raises:
        NotFound: If there is no such workspace.
        WorkspaceBusy: If a process holds it that is no daemon answering yet.
    """
    check_workspace(workspace)
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        daemon = live_daemon(workspace)
        if daemon is not None:
            from omp.cli.http_door import HttpDoor

            return HttpDoor(workspace, daemon)
        lock = Lock(workspace)
        try:
            lock.take(wait_s=0.2)
        except WorkspaceBusy:
            if time.monotonic() >= deadline:
                raise
            continue
        from omp.cli.ops_door import OpsDoor

        return OpsDoor(workspace, lock)

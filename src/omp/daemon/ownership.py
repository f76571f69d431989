"""One daemon for a workspace: the lock, and the note that says who holds it."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from omp.daemon import process
from omp.daemon.process import Identity
from omp.domain.durable import write_durable
from omp.domain.errors import WorkspaceBusy
from omp.wire.workspace import Workspace

LOCK_NAME, NOTE_NAME = "daemon.lock", "daemon.json"


@dataclass(frozen=True)
class Note:
    """`state/daemon.json`: where the daemon of a workspace is to be found."""

    pid: int
    host: str
    port: int
    boot_id: str
    start_ticks: int
    started_at: str


@contextmanager
def own(workspace: Workspace, *, host: str, port: int, started_at: str) -> Iterator[Note]:
    """Hold a workspace as its daemon, with the note written; both go when the block ends.

    Raises:
        WorkspaceBusy: If another process holds it; names it.
    """
    lock = take_lock(workspace)
    try:
        note = write_note(workspace, host=host, port=port, started_at=started_at)
        try:
            yield note
        finally:
            (workspace.state / NOTE_NAME).unlink(missing_ok=True)
    finally:
        os.close(lock)


def take_lock(workspace: Workspace) -> int:
    """The handle of the workspace's lock; it is ours until it is closed or we end.

    Raises:
        WorkspaceBusy: If another process holds it; names it.
    """
    handle = os.open(workspace.state / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise _busy(workspace) from None
    return handle


def write_note(workspace: Workspace, *, host: str, port: int, started_at: str) -> Note:
    """Say who we are and where we listen; call it again when the port is known."""
    me = process.identify(os.getpid(), "")
    ticks = me.start_ticks if me is not None else 0
    note = Note(os.getpid(), host, port, process.boot_id(), ticks, started_at)
    write_durable(workspace.state / NOTE_NAME, json.dumps(note.__dict__).encode() + b"\n")
    return note


def read_note(workspace: Workspace) -> Note | None:
    """The note of a daemon that is alive; None where there is none."""
    try:
        note = Note(**json.loads((workspace.state / NOTE_NAME).read_bytes()))
        identity = Identity(note.boot_id, int(note.pid), int(note.start_ticks), "")
    except (OSError, ValueError, TypeError):
        return None
    return note if process.alive(identity) else None


def _busy(workspace: Workspace) -> WorkspaceBusy:
    note = read_note(workspace)
    if note is None:
        return WorkspaceBusy(
            f"another process works on the workspace {workspace.root}",
            allowed="one daemon or command at a time",
            remedy="wait until it has finished, then try again",
        )
    return WorkspaceBusy(
        f"the daemon with pid {note.pid} works on the workspace {workspace.root}",
        allowed="one daemon for a workspace",
        remedy=f"use it at http://{note.host}:{note.port}, or stop it with: kill {note.pid}",
    )

"""End a whole process tree and prove that it has gone."""

import time
from collections.abc import Callable
from pathlib import Path

from omp.daemon import process
from omp.daemon.process import Identity


def kill_tree(
    run_id: str,
    root: Identity | None = None,
    *,
    workspace: Path | None = None,
    limit_s: float = 5.0,
    sleep: Callable[[float], None] = time.sleep,
) -> frozenset[Identity]:
    """KILL every process of a run until none is left; gives those that would not go.

    The tree is read again after each round, because a process may fork while it is being killed.

    Args:
        run_id: The run whose processes shall go.
        root: The child that was started for it, where it is known.
        workspace: Processes of another one are left alone, whatever run they name.
        limit_s: How long to go on trying, seconds.
        sleep: Waits between two rounds.
    """
    deadline = time.monotonic() + limit_s
    members = process.tree(run_id, root, workspace)
    pause_s = 0.005
    while members and time.monotonic() < deadline:
        process.kill_now(members)
        sleep(pause_s)
        pause_s = min(0.1, pause_s * 2)
        members = process.tree(run_id, root, workspace)
    return members


def end_tree(
    run_id: str,
    root: Identity,
    *,
    grace_s: float = 10.0,
    sleep: Callable[[float], None] = time.sleep,
) -> frozenset[Identity]:
    """TERM, wait for the checkpoint, then KILL what is left; gives those that would not go."""
    process.ask_to_leave(root)
    deadline = time.monotonic() + grace_s
    while process.alive(root) and time.monotonic() < deadline:
        sleep(0.02)
    return kill_tree(run_id, root, sleep=sleep)

"""A daemon in the background: `omp up` in a session of its own, its words in `logs/daemon.log`."""

import os
import subprocess
import sys
import time

from omp.cli.doors import Daemon, check_workspace, live_daemon
from omp.domain.errors import ResourceShort
from omp.wire.workspace import Workspace

START_S = 60.0


def start_daemon(workspace: Workspace) -> Daemon:
    """Start one and wait until it answers.

    Raises:
        NotFound: If there is no such workspace.
        ResourceShort: If it ends, or does not come up in time; says what it wrote last.
    """
    check_workspace(workspace)
    workspace.logs.mkdir(parents=True, exist_ok=True)
    log = workspace.logs / "daemon.log"
    command = [sys.executable, "-m", "omp.cli.omp", "up", "--workspace", str(workspace.root)]
    with log.open("ab") as output:
        start = output.tell()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=workspace.root,
            env={**os.environ, "NO_COLOR": "1"},
        )
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        daemon = live_daemon(workspace)
        if daemon is not None and daemon.pid == child.pid and _answers(daemon):
            return daemon
        if child.poll() is not None:
            break
        time.sleep(0.05)
    with log.open("rb") as file:
        file.seek(start)
        said = file.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
    raise ResourceShort(
        f"the daemon did not come up: {said[-1] if said else 'it said nothing'}",
        remedy=f"see {log}, or run omp up in the foreground",
    )


def _answers(daemon: Daemon) -> bool:
    import httpx2

    try:
        answer = httpx2.get(f"{daemon.address}/healthz", timeout=1.0, trust_env=False)
    except httpx2.HTTPError:
        return False
    return bool(answer.status_code == 200)

"""`omp up`: workspace, daemon loop, API and pages in one foreground process.

Loop and API never import one another; they share the desk, and are put together here. The first
Ctrl-C (or TERM, or a closed terminal) checkpoints what runs and leaves; a second leaves at once.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING

from omp.cli.doors import Lock, live_daemon
from omp.cli.face import note, say
from omp.cli.printing import clean
from omp.domain.errors import WorkspaceBusy
from omp.wire.workspace import Workspace

if TYPE_CHECKING:
    import socket

    from omp.ops.desk import Desk
    from omp.ops.workspace import Created

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LEAVE_S = 30.0
INTERRUPTED = 130


def come_up(
    workspace: Workspace,
    *,
    host: str | None,
    port: int | None,
    demo: bool,
    idle: bool,
    is_json: bool,
) -> int:
    """Mine until a signal; gives the exit code.

    Raises:
        WorkspaceBusy: If a daemon works on the workspace already.
        PortTaken: If another program listens on the port.
        OmpError: If the workspace cannot be created or opened.
    """
    _refuse_second(workspace)
    _ensure(workspace, demo=demo, idle=idle)
    from omp.api.listener import listen
    from omp.config.settings import load_settings
    from omp.daemon.ownership import own
    from omp.ops.desk import SystemClock

    api = load_settings(workspace.config_file).settings.api
    address = host or api.host
    listener = listen(address, api.port if port is None else port)
    try:
        bound = int(listener.getsockname()[1])
        started_at = SystemClock().iso()
        with own(workspace, host=address, port=bound, started_at=started_at):
            return _serve(workspace, listener, address, is_json=is_json)
    finally:
        listener.close()


def _refuse_second(workspace: Workspace) -> None:
    daemon = live_daemon(workspace)
    if daemon is not None:
        raise WorkspaceBusy(
            f"a daemon (process {daemon.pid}) works on {workspace.root} already",
            allowed="one daemon for a workspace",
            remedy=f"use it at {daemon.address}, or end it: kill {daemon.pid}",
        )


def _ensure(workspace: Workspace, *, demo: bool, idle: bool) -> None:
    if not workspace.config_file.is_file():
        note(f"creating the workspace {workspace.root} …")
    create_workspace(workspace, demo=demo, idle=idle)


def create_workspace(workspace: Workspace, *, demo: bool, idle: bool = False) -> "Created":
    """Make a workspace, or complete a half-made one, under its lock."""
    from omp.ops.workspace import create

    workspace.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = Lock(workspace)
    lock.take(wait_s=0.5)
    try:
        return create(workspace.root, demo=demo, idle=idle)
    finally:
        lock.give_back()


class Stopping:
    """The signals that end `omp up`: the first politely, the second at once, a third regardless."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.hurry = threading.Event()

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self.hurry.is_set():
            os._exit(INTERRUPTED)
        if self.asked.is_set():
            self.hurry.set()
            note("leaving at once, with the checkpoints there are")
            return
        self.asked.set()
        note(f"{signal.Signals(number).name}: checkpointing what runs; once more leaves at once")


@contextmanager
def _signals(stopping: Stopping) -> Iterator[None]:
    before = {number: signal.signal(number, stopping) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _serve(workspace: Workspace, listener: "socket.socket", host: str, *, is_json: bool) -> int:
    from omp.api.listener import make_server, serve
    from omp.api.server import create_app
    from omp.app import open_desk
    from omp.cli.live import follow
    from omp.daemon.loop import Loop
    from omp.ops import miner_status
    from omp.web.pages import router

    desk = open_desk(workspace.root)
    loop, stopping = Loop(desk), Stopping()
    loop.hurry = stopping.hurry

    def current() -> "Desk":
        return replace(desk, settings=loop.desk.settings, loaded=loop.desk.loaded)

    server = make_server(create_app(current, extra_routers=[router(current)], host=host))
    fault: list[BaseException] = []

    def mine() -> None:
        try:
            loop.run(stopping.asked)
        except BaseException as error:  # noqa: BLE001 - carried to the main thread, raised there
            fault.append(error)
        finally:
            stopping.asked.set()

    api = threading.Thread(target=serve, args=(server, listener), name="api", daemon=True)
    mining = threading.Thread(target=mine, name="loop", daemon=True)
    with _signals(stopping):
        api.start()
        mining.start()
        daemon = live_daemon(workspace)
        address = daemon.address if daemon else ""
        _greet(desk, address, is_json=is_json)
        follow(lambda: miner_status.status(current()), address, stopping.asked, is_json=is_json)
        mining.join()
        server.should_exit = True
        api.join(timeout=LEAVE_S)
    desk.db.close()
    if fault:
        raise fault[0]
    if not is_json and not stopping.hurry.is_set():
        say("stopped; what ran is in the queue with its checkpoint")
    return INTERRUPTED if stopping.hurry.is_set() else 0


def _greet(desk: "Desk", address: str, *, is_json: bool) -> None:
    if is_json:
        return
    from omp.config.demo_campaigns import DEMO_CAMPAIGNS
    from omp.ops import queue

    say(f"OMP {address}")
    say(f"workspace {desk.workspace.root}")
    dials = {demo.name for demo in DEMO_CAMPAIGNS}
    for campaign in queue.list_queue(desk)[:10]:
        told = " (demo)" if campaign.name in dials else ""
        say(clean(f"  {campaign.environment:<9}  {campaign.state:<8}  {campaign.name}{told}"))
    sys.stdout.flush()

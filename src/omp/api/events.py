"""The record as it grows: server-sent events, replayed from the journal after a break.

One task looks at the record for all listeners. A journal record is an event `journal` whose id is
its number, so a browser that comes back with Last-Event-ID misses nothing. The state of the miner
and of what runs is an event `status` without an id: the latest replaces every earlier one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from omp.api.activity import as_item
from omp.api.edge import MAX_WHOLE, dumps
from omp.ops.desk import Desk
from omp.ops.miner_status import status
from omp.store import journal

LOOK_EVERY_S = 0.5
HEARTBEAT_S = 10.0
RETRY_MS = 2000
PAGE = 200


class Pulse:
    """Looks at the record while anybody listens, and wakes the listeners when it has changed.

    Args:
        source: Gives the desk.
        every_s: Seconds between looks.
    """

    def __init__(self, source: Callable[[], Desk], *, every_s: float = LOOK_EVERY_S) -> None:
        self._source = source
        self._every_s = every_s
        self._changed = asyncio.Event()
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None
        self.seq = 0
        self.shown = ""
        self.closed = False

    async def join(self) -> None:
        """Begin to listen; the first listener starts the looking."""
        self._listeners += 1
        if self._task is None or self._task.done():
            await self._look()
            self._task = asyncio.create_task(self._watch())

    def leave(self) -> None:
        """Cease to listen; the last one ends the looking."""
        self._listeners -= 1
        if self._listeners == 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    def close(self) -> None:
        """End every stream: the server goes down, and listeners come back to the next one."""
        self.closed = True
        self._changed.set()

    async def changed(self, timeout_s: float) -> bool:
        """Wait for a change; False when none came in time."""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self._look()

    async def _look(self) -> None:
        seq, shown = await run_in_threadpool(self._read)
        if (seq, shown) != (self.seq, self.shown):
            self.seq, self.shown = seq, shown
            before, self._changed = self._changed, asyncio.Event()
            before.set()

    def _read(self) -> tuple[int, str]:
        desk = self._source()
        with desk.read() as tx:
            seq = journal.head(tx).seq
        now = status(desk)
        now.pop("activityLog")
        now.pop("uptimeS")
        now["resources"].pop("ageS", None)
        for run in now["currentRuns"]:
            run.pop("runningS", None)
        return seq, dumps(now)


def _records(desk: Desk, after: int) -> list[tuple[int, str]]:
    with desk.read() as tx:
        found = journal.records(tx, after=after, limit=PAGE)
    return [(one.seq, dumps(as_item(one))) for one in found]


async def stream(pulse: Pulse, desk: Desk, after: int | None) -> AsyncIterator[str]:
    """The events of one listener, until it or the server leaves.

    Args:
        after: Number of the last record it has; None begins with what happens from now on.
    """
    await pulse.join()
    try:
        seen = pulse.seq if after is None else after
        shown = ""
        yield f"retry: {RETRY_MS}\n\n"
        while not pulse.closed:
            while records := await run_in_threadpool(_records, desk, seen):
                for seq, text in records:
                    yield f"id: {seq}\nevent: journal\ndata: {text}\n\n"
                    seen = seq
            if pulse.shown != shown:
                shown = pulse.shown
                yield f"event: status\ndata: {shown}\n\n"
            if not await pulse.changed(HEARTBEAT_S):
                yield ": heartbeat\n\n"
    finally:
        pulse.leave()


router = APIRouter(tags=["activity"])


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def listen(
    request: Request,
    after: Annotated[int | None, Query(ge=0, le=MAX_WHOLE)] = None,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> Response:
    """Server-sent events: `journal` with the record's number as id, and `status`.

    With Last-Event-ID (or `after`) the records after it are sent first.
    """
    desk: Desk = request.app.state.desk()
    pulse: Pulse = request.app.state.pulse
    start = after
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit():
        start = min(int(last_event_id), MAX_WHOLE)
    return StreamingResponse(
        stream(pulse, desk, start),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )

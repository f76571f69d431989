"""The miner: a person says what it shall do; the daemon's next tick makes it so.

The wanted state is kept in the record and survives a reboot. Without a daemon the miner is
offline, whatever is wanted.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from omp.domain.errors import IllegalMove
from omp.domain.miner import MINER
from omp.ops.desk import Desk
from omp.ops.presence import is_live
from omp.store import meta

WANTED_KEY = "miner.wanted"
_REASON_KEY = "miner.reason"
_SUSPEND_KEY = "miner.suspend"
_SHOWN_KEY = "miner.shown"


@dataclass(frozen=True)
class MinerView:
    """The miner as a person sees it.

    Args:
        state: offline, running or paused.
        wanted: The state that is kept, and restored when a daemon starts.
        suspend: What runs shall be checkpointed too.
        reason: Why it is as it is; empty where nobody said.
        actions: What may be asked for now.
    """

    state: str
    wanted: str
    suspend: bool
    reason: str
    actions: tuple[str, ...]


def state(desk: Desk) -> MinerView:
    """What the miner does, what is wanted, and what may be asked for."""
    live = is_live(desk)
    with desk.read() as tx:
        return _view(tx, live=live)


def _view(tx: Connection, *, live: bool) -> MinerView:
    wanted = meta.get(tx, WANTED_KEY) or MINER.start
    now = wanted if live else MINER.start
    return MinerView(
        state=now,
        wanted=wanted,
        suspend=meta.get(tx, _SUSPEND_KEY) == "yes",
        reason=meta.get(tx, _REASON_KEY) or "",
        actions=MINER.allowed(now),
    )


def want(desk: Desk, action: str, *, reason: str | None = None, suspend: bool = False) -> MinerView:
    """Say what the miner shall do: start, stop, pause or resume.

    Without a daemon an action is also judged by what is wanted, so that `stop` keeps the next
    daemon from mining.

    Args:
        suspend: With `pause`: checkpoint what runs, back to queued.

    Raises:
        IllegalMove: The action is not possible now; names those that are.
    """
    live = is_live(desk)
    with desk.write() as tx:
        before = _view(tx, live=live)
        try:
            after = MINER.after(before.state, action)
        except IllegalMove:
            if live or before.wanted == before.state:
                raise
            after = MINER.after(before.wanted, action)
        suspended = action == "stop" or (action == "pause" and suspend)
        meta.put(tx, WANTED_KEY, after)
        meta.put(tx, _SUSPEND_KEY, "yes" if suspended else None)
        meta.put(tx, _REASON_KEY, reason)
        desk.note(
            tx,
            "miner.wanted",
            "miner",
            {
                "action": action,
                "previous": before.wanted,
                "new": after,
                "suspend": suspended,
                "reason": reason or "not given",
            },
        )
        found = _view(tx, live=live)
    desk.wake.set()
    return found


def status(desk: Desk, *, environment: str | None = None) -> dict[str, Any]:
    """The status of the API, in its published spelling (docs/reference/api.md)."""
    from omp.ops.miner_status import status as whole

    return whole(desk, environment=environment)


def observed(desk: Desk, now: str) -> None:
    """Journal the state the daemon has brought about; says nothing twice."""
    with desk.read() as tx:
        if meta.get(tx, _SHOWN_KEY) == now:
            return
    with desk.write() as tx:
        before = meta.get(tx, _SHOWN_KEY) or MINER.start
        meta.put(tx, _SHOWN_KEY, now)
        desk.note(tx, "miner.state", "miner", {"previous": before, "new": now})

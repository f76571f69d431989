"""Maintenance: a person works on the machine, so nothing is started until he says he is done.

It stands beside what is wanted of the miner and does not change it: when maintenance ends, a miner
that was running goes on. It survives a restart of the daemon and of the machine.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from omp.domain.errors import IllegalMove, InvalidInput
from omp.ops.desk import Desk
from omp.store import meta, runs

KEY = "maintenance"


@dataclass(frozen=True)
class Maintenance:
    """Whether somebody works on the machine.

    Args:
        on: Nothing new is started: no run, no promotion, no clean-up by itself.
        drain: What runs may come to its end; else it is checkpointed back to the queue.
        since: When it began; None while it is off.
        busy: Runs that have processes still; work on the machine when there are none.
    """

    on: bool
    drain: bool = False
    reason: str = ""
    operator: str = ""
    since: str | None = None
    busy: int = 0


def state(desk: Desk) -> Maintenance:
    """Whether maintenance is on, and what still runs."""
    with desk.read() as tx:
        return of(tx)


def of(tx: Connection) -> Maintenance:
    """The same within the caller's transaction."""
    kept = meta.get_json(tx, KEY)
    busy = len(runs.find(tx, states=("running",), limit=1000))
    return Maintenance(on=False, busy=busy) if not kept else Maintenance(**kept, busy=busy)


def turn(desk: Desk, on: bool, *, reason: str | None = None, drain: bool = False) -> Maintenance:
    """Begin maintenance, or end it.

    Raises:
        InvalidInput: It is to begin without a reason.
        IllegalMove: It is to end and is not on.
    """
    if on:
        return begin(desk, reason=reason or "", drain=drain)
    return finish(desk, reason=reason)


def begin(desk: Desk, *, reason: str, drain: bool = False) -> Maintenance:
    """Start nothing new from now on; what runs is checkpointed, or may end with `drain`.

    Begun again, it takes the new reason and the new way.

    Raises:
        InvalidInput: No reason was given.
    """
    if not reason.strip():
        raise InvalidInput(
            "maintenance without a reason", allowed="a reason", remedy="give --reason"
        )
    with desk.write() as tx:
        since = of(tx).since or desk.clock.iso()
        now = Maintenance(True, drain, reason.strip(), desk.operator, since)
        kept = {key: value for key, value in asdict(now).items() if key != "busy"}
        meta.put_json(tx, KEY, kept)
        desk.note(tx, "maintenance.on", "miner", {"reason": now.reason, "drain": drain})
    desk.wake.set()
    return state(desk)


def finish(desk: Desk, *, reason: str | None = None) -> Maintenance:
    """End maintenance: what is wanted of the miner is done again.

    Raises:
        IllegalMove: It is not on.
    """
    with desk.write() as tx:
        before = of(tx)
        if not before.on:
            raise IllegalMove("maintenance is not on", allowed="on", remedy="nothing is to be done")
        meta.put(tx, KEY, None)
        payload = {"reason": reason or "not given", "since": before.since}
        desk.note(tx, "maintenance.off", "miner", payload)
    desk.wake.set()
    return state(desk)

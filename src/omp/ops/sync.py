"""Delivery of the Hall of Fame to PostgreSQL; never promotion, since the record here is whole."""

import os
from dataclasses import dataclass

from omp.domain.errors import Conflict, OmpError
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.store import journal, meta, outbox_rows
from omp.store.mirror import Mirror
from omp.store.outbox_rows import Lag, Parcel

BATCH = 100
HEAD_EVERY_S = 60.0

DRIFT_KEY = "sync.drift"
"""Under this name the last comparison with the mirror is kept: at, found."""

HEAD_KEY = "sync.head"
"""Under this name the journal's head that the mirror last got is kept: seq, at (monotonic)."""

LAGGING = "sync.lagging"
"""Fingerprint of the incident that a mirror opens which is away for long."""

REFUSED = "sync.refused"
"""How fingerprints of incidents begin that a delivery opens which the mirror refuses."""

LONG_LAG_S = 3600.0


@dataclass(frozen=True)
class Synced:
    """What a delivery round did.

    Args:
        configured: There is a mirror to deliver to.
        delivered: How many this round delivered.
        pending: How many still wait, the oldest since `oldest`.
        note: The whole in a sentence.
    """

    configured: bool
    delivered: int
    pending: int
    oldest: str | None
    last_delivered: str | None
    error: str | None
    note: str


def mirror_url(desk: Desk) -> str | None:
    """Where the mirror is, from the environment; None where there is none."""
    return os.environ.get(desk.settings.sync.url_env) or None


def pending(desk: Desk) -> Lag:
    """What the mirror has not confirmed."""
    with desk.read() as tx:
        return outbox_rows.lag(tx)


def hof_sync(desk: Desk) -> Synced:
    """Deliver what is pending, oldest first, until all is delivered or the mirror fails.

    Without a mirror it says so; that is no error. A failure is kept with the delivery and told in
    the answer, never raised: the Hall itself is whole without its mirror.
    """
    url = mirror_url(desk)
    if url is None:
        lag = pending(desk)
        return _told(
            lag,
            configured=False,
            note=f"no PostgreSQL is configured ({desk.settings.sync.url_env} is not set); "
            f"{lag.pending} deliveries wait, the Hall here is whole without it",
        )
    delivered, refused, last = 0, None, 0
    try:
        mirror = Mirror(url, workspace_name(desk))
    except OmpError as error:
        return _told(pending(desk), configured=True, error=error.sentence, note=error.sentence)
    while True:
        with desk.read() as tx:
            parcels = outbox_rows.pending(tx, BATCH, after=last)
        if not parcels:
            break
        for parcel in parcels:
            last = parcel.seq
            try:
                mirror.deliver(parcel.seq, parcel.payload)
            except Conflict as error:  # this one is refused; the others go on
                refused = _refused(desk, parcel, error)
                continue
            except OmpError as error:
                return _failed(desk, parcel, delivered, error)
            with desk.write() as tx:
                if outbox_rows.delivered(tx, parcel.seq, desk.clock.iso()):
                    delivered += 1
                    desk.note(
                        tx, "sync.delivered", parcel.key, {"seq": parcel.seq, "kind": parcel.kind}
                    )
    try:
        put_head(desk, mirror)
    except OmpError as error:
        refused = error.sentence
    lag = pending(desk)
    note = f"{delivered} delivered, nothing waits" if not lag.pending else f"{lag.pending} wait"
    note = f"{note}: {refused}" if refused else note
    return _told(lag, configured=True, delivered=delivered, error=refused, note=note)


def head_is_due(desk: Desk) -> bool:
    """Whether the mirror should get the journal's head: it moved, and a minute has passed."""
    with desk.read() as tx:
        kept = meta.get_json(tx, HEAD_KEY) or {}
        if kept.get("seq") == journal.head(tx).seq:
            return False
    passed_s = desk.clock.monotonic() - float(kept.get("at", 0.0))
    return not 0 <= passed_s < HEAD_EVERY_S


def put_head(desk: Desk, mirror: Mirror) -> None:
    """Give the mirror the journal's head, so that it is anchored on another machine.

    Raises:
        OmpError: The mirror cannot be reached.
    """
    with desk.read() as tx:
        if journal.behind(tx, desk.workspace) is not None:
            return  # a record that is cut short must not become the anchor
        head = journal.head(tx)
    mirror.put_head(head.seq, head.hash)
    with desk.db.write() as tx:
        meta.put_json(tx, HEAD_KEY, {"seq": head.seq, "at": desk.clock.monotonic()})


def _refused(desk: Desk, parcel: Parcel, error: OmpError) -> str:
    """Keep why a delivery is refused for good, and tell people."""
    with desk.write() as tx:
        outbox_rows.failed(tx, parcel.seq, error.sentence)
        if parcel.last_error != error.sentence[:500]:
            desk.note(tx, "sync.failed", parcel.key, {"why": error.sentence})
            summary = f"the mirror refuses {parcel.key}: {error.sentence}"
            open_incident(desk, f"{REFUSED}:{parcel.key}"[:96], "SEV-2", summary, tx=tx)
    return error.sentence


def _failed(desk: Desk, parcel: Parcel, delivered: int, error: OmpError) -> Synced:
    with desk.write() as tx:
        outbox_rows.failed(tx, parcel.seq, error.sentence)
        if parcel.last_error != error.sentence[:500]:  # told once, not at each attempt
            desk.note(tx, "sync.failed", str(parcel.seq), {"why": error.sentence})
    lag = pending(desk)
    note = f"{delivered} delivered, {lag.pending} wait: {error.sentence}"
    return _told(lag, configured=True, delivered=delivered, error=error.sentence, note=note)


def _told(
    lag: Lag, *, configured: bool, note: str, delivered: int = 0, error: str | None = None
) -> Synced:
    return Synced(
        configured=configured,
        delivered=delivered,
        pending=lag.pending,
        oldest=lag.oldest,
        last_delivered=lag.last_delivered,
        error=error,
        note=note,
    )


def workspace_name(desk: Desk) -> str:
    """The workspace's own name, by which the mirror tells it from others."""
    with desk.read() as tx:
        return meta.get(tx, "workspace.id") or str(desk.workspace.root)

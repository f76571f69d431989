"""Delivery of the Hall of Fame to PostgreSQL; never promotion, since the record here is whole."""

import os
from dataclasses import dataclass

from omp.domain.errors import OmpError
from omp.ops.desk import Desk
from omp.store import meta, outbox_rows
from omp.store.mirror import Mirror
from omp.store.outbox_rows import Lag

BATCH = 100


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
    mirror = Mirror(url, _workspace_name(desk))
    delivered = 0
    while True:
        with desk.read() as tx:
            parcels = outbox_rows.pending(tx, BATCH)
        if not parcels:
            break
        for parcel in parcels:
            try:
                mirror.deliver(parcel.seq, parcel.payload)
            except OmpError as error:
                return _failed(desk, parcel.seq, delivered, error)
            with desk.write() as tx:
                if outbox_rows.delivered(tx, parcel.seq, desk.clock.iso()):
                    delivered += 1
                    desk.note(
                        tx, "sync.delivered", parcel.key, {"seq": parcel.seq, "kind": parcel.kind}
                    )
    lag = pending(desk)
    note = f"{delivered} delivered, nothing waits" if not lag.pending else f"{lag.pending} wait"
    return _told(lag, configured=True, delivered=delivered, note=note)


def _failed(desk: Desk, seq: int, delivered: int, error: OmpError) -> Synced:
    with desk.write() as tx:
        outbox_rows.failed(tx, seq, error.sentence)
        desk.note(tx, "sync.failed", str(seq), {"why": error.sentence})
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


def _workspace_name(desk: Desk) -> str:
    """The workspace's own name, by which the mirror tells it from others."""
    with desk.read() as tx:
        return meta.get(tx, "workspace.id") or str(desk.workspace.root)

"""The PostgreSQL mirror of the Hall of Fame."""

from omp.daemon.channels.base import Channel, Round
from omp.ops import sync
from omp.ops.desk import Desk


def ready(desk: Desk) -> bool:
    """A mirror is configured, and something waits for it."""
    return sync.mirror_url(desk) is not None and sync.pending(desk).pending > 0


def deliver(desk: Desk) -> Round:
    """Deliver what waits."""
    done = sync.hof_sync(desk)
    return Round(done.delivered, done.pending, done.error)


CHANNEL = Channel(name="postgres", ready=ready, deliver=deliver)

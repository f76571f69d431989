"""What a channel is: a name, and one round of delivering what waits for it."""

from collections.abc import Callable
from dataclasses import dataclass

from omp.ops.desk import Desk


def _nothing(_desk: Desk) -> None:
    """Where there is nothing to take up."""


@dataclass(frozen=True)
class Round:
    """How a round went.

    Args:
        delivered: How many deliveries were confirmed.
        pending: How many still wait.
        error: Why it stopped before all were delivered; None when nothing went wrong.
    """

    delivered: int
    pending: int
    error: str | None


@dataclass(frozen=True)
class Channel:
    """One place that is told.

    Args:
        name: Its name on the shelf.
        ready: Whether it is configured and has something to deliver.
        deliver: One round; never raises for a place that cannot be reached.
        begin: Called once, when the daemon comes up.
    """

    name: str
    ready: Callable[[Desk], bool]
    deliver: Callable[[Desk], Round]
    begin: Callable[[Desk], None] = _nothing

"""Delivers what waits, in a thread of its own, so that a slow mirror never holds up the loop.

A channel that fails is left alone for a while, twice as long after each failure in a row.
"""

import threading
from dataclasses import dataclass, field

from omp.daemon.channels.base import Channel
from omp.domain.errors import OmpError
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.shelf import shelf

EVERY_S = 5.0
FIRST_DELAY_S = 5.0
LONGEST_DELAY_S = 300.0


@dataclass
class Patience:
    """How long a channel is left alone."""

    failures: int = 0
    until: float = 0.0

    def failed(self, now: float) -> None:
        self.failures += 1
        delay = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (self.failures - 1))
        self.until = now + delay

    def went_well(self) -> None:
        self.failures, self.until = 0, 0.0


@dataclass
class Outbox:
    """One worker over all channels.

    Args:
        desk: In whose name deliveries are recorded.
        channels: By name; the whole shelf by default.
    """

    desk: Desk
    channels: dict[str, Channel] = field(
        default_factory=lambda: dict(shelf("omp.daemon.channels", "CHANNEL"))
    )
    _patience: dict[str, Patience] = field(default_factory=dict)
    _leave: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def tick(self) -> int:
        """One round over the channels whose time has come; gives how much was delivered."""
        delivered = 0
        for name, channel in self.channels.items():
            patience = self._patience.setdefault(name, Patience())
            now = self.desk.clock.monotonic()
            if now < patience.until or not channel.ready(self.desk):
                continue
            done = channel.deliver(self.desk)
            delivered += done.delivered
            if done.error is None:
                patience.went_well()
            else:
                patience.failed(now)
        return delivered

    def start(self) -> None:
        """Begin to work in the background."""
        self._thread = threading.Thread(target=self._forever, name="outbox", daemon=True)
        self._thread.start()

    def stop(self, *, limit_s: float) -> bool:
        """Leave after the delivery under way; True when it has."""
        self._leave.set()
        if self._thread is not None:
            self._thread.join(limit_s)
            return not self._thread.is_alive()
        return True

    def _forever(self) -> None:
        while not self._leave.wait(EVERY_S):
            try:
                self.tick()
            except OmpError:
                continue  # the record could not be written now; the next round tries again
            except Exception as error:  # noqa: BLE001 - the outer edge of this thread
                open_incident(
                    self.desk, "outbox.failed", "SEV-2", f"nothing can be delivered: {error}"
                )
                return

"""Delivers what waits, a thread a channel, so that a slow place never holds up loop or neighbour.

A channel that fails is left alone for a while, twice as long after each failure in a row.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from omp.config.code_identity import code_digest
from omp.daemon import recoveries
from omp.daemon.channels.base import Channel
from omp.domain.errors import OmpError
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.shelf import shelf

EVERY_S = 5.0
FIRST_DELAY_S = 5.0
LONGEST_DELAY_S = 300.0
_log = logging.getLogger("omp.daemon")


@dataclass
class Patience:
    """How long a channel is left alone."""

    failures: int = 0
    until: float = 0.0

    def failed(self, now: float) -> None:
        self.failures += 1
        delay = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self.failures - 1, 10))
        self.until = now + delay

    def went_well(self) -> None:
        self.failures, self.until = 0, 0.0


@dataclass
class Outbox:
    """The channels at work.

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
    _threads: list[threading.Thread] = field(default_factory=list)

    def tick(self) -> int:
        """One round over the channels whose time has come; gives how much was delivered."""
        return sum(self.round(name) for name in self.channels)

    def round(self, name: str) -> int:
        """One round of one channel, if its time has come; gives how much it delivered."""
        channel = self.channels[name]
        patience = self._patience.setdefault(name, Patience())
        now = self.desk.clock.monotonic()
        if now < patience.until or not channel.ready(self.desk):
            return 0
        done = channel.deliver(self.desk)
        if done.error is None:
            patience.went_well()
        else:
            patience.failed(now)
        return done.delivered

    def start(self) -> None:
        """Begin to work in the background."""
        code_digest()  # the code this daemon was started with
        for name, channel in self.channels.items():
            self._guarded(name, lambda channel=channel: channel.begin(self.desk))  # type: ignore[misc]
            self._spawn(f"outbox-{name}", name, lambda name=name: self.round(name))  # type: ignore[misc]
        self._spawn("recoveries", "recoveries", lambda: recoveries.look(self.desk))

    def stop(self, *, limit_s: float) -> bool:
        """Leave after the deliveries under way; True when all have."""
        self._leave.set()
        share_s = limit_s / max(1, len(self._threads))
        for thread in self._threads:
            thread.join(share_s)
        return not any(thread.is_alive() for thread in self._threads)

    def _spawn(self, title: str, name: str, work: Callable[[], object]) -> None:
        thread = threading.Thread(target=self._forever, args=(name, work), name=title, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _forever(self, name: str, work: Callable[[], object]) -> None:
        while not self._leave.wait(EVERY_S):
            self._guarded(name, work)

    def _guarded(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except OmpError as error:
            # the record could not be read or written now; the next round tries again
            _log.info("the channel %s waits: %s", name, error.sentence)
        except Exception as error:  # noqa: BLE001 - the outer edge of these threads
            _log.exception("the channel %s failed", name)
            self._patience.setdefault(name, Patience()).failed(self.desk.clock.monotonic())
            self._report(name, error)

    def _report(self, name: str, error: Exception) -> None:
        try:
            open_incident(
                self.desk,
                f"outbox.failed:{name}",
                "SEV-2",
                f"the channel {name} cannot deliver: {type(error).__name__}: {error}",
            )
        except OmpError:
            _log.exception("the incident of the channel %s could not be written", name)

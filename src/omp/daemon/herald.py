"""Tells the service manager that the loop is alive: systemd's notify protocol, by hand.

systemd gives a service of `Type=notify` a datagram socket in `NOTIFY_SOCKET`, and with
`WatchdogSec` the time within which it wants to hear `WATCHDOG=1`. Without them nothing is said.
See sd_notify(3) and sd_watchdog_enabled(3).
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

SHARE = 4.0
"""The watchdog is fed so many times within its limit."""


class Herald:
    """Speaks to the service manager.

    Args:
        environment: Where `NOTIFY_SOCKET` and `WATCHDOG_USEC` stand; ours by default.
        monotonic: Seconds for intervals.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        given = os.environ if environment is None else environment
        address = given.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._monotonic = monotonic
        self._every_s = _watchdog_s(given) / SHARE
        self._next_s = 0.0

    def ready(self) -> None:
        """The service has come up."""
        self._say(f"READY=1\nMAINPID={os.getpid()}\nSTATUS=the loop ticks")

    def alive(self) -> None:
        """The loop has turned; said as often as the watchdog asks for."""
        if not self._every_s:
            return
        now = self._monotonic()
        if now >= self._next_s:
            self._next_s = now + self._every_s
            self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """The service goes down in order."""
        self._say("STOPPING=1\nSTATUS=checkpointing what runs")

    def _say(self, words: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.settimeout(1.0)
            line.sendto(words.encode(), self._address)


def _watchdog_s(given: Mapping[str, str]) -> float:
    """Seconds within which the manager wants to hear of this very process; 0 where it does not."""
    try:
        limit_s = int(given.get("WATCHDOG_USEC", "0")) / 1e6
        meant = int(given.get("WATCHDOG_PID", "0"))
    except ValueError:
        return 0.0
    return limit_s if limit_s > 0 and meant in (0, os.getpid()) else 0.0

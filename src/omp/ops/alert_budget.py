"""How many messages go out now, and what is gathered in a digest: a pure rule.

Within the budget each alert is a message of its own, the gravest first. The last message that the
budget allows tells of everything that is left. What comes later waits until the hour has moved on,
and then goes out as one digest; a SEV-0 does not wait, within a second budget of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from omp.store.alerts import Alert

HOUR = timedelta(hours=1)
URGENT = "SEV-0"


@dataclass(frozen=True)
class Plan:
    """What is sent now.

    Args:
        singles: Alerts with a message of their own.
        digest: Alerts that share one message.
    """

    singles: tuple[Alert, ...]
    digest: tuple[Alert, ...]


def spent(sent: Sequence[datetime], now: datetime) -> int:
    """How many messages went out within the last hour."""
    return sum(1 for one in sent if now - HOUR < one <= now)


def plan(waiting: Sequence[Alert], sent: Sequence[datetime], now: datetime, budget: int) -> Plan:
    """What of the waiting alerts goes out now.

    Args:
        waiting: In the order of their posting.
        sent: When messages went out.
        budget: Messages in an hour.
    """
    left = budget - spent(sent, now)
    ordered = sorted(waiting, key=lambda one: (one.severity, one.seq))
    unsure = tuple(one for one in ordered if one.state == "unconfirmed")
    plain = [one for one in ordered if one.state != "unconfirmed"]
    needed = len(plain) + bool(unsure)
    if needed <= left:
        return Plan(tuple(plain), unsure)
    if left >= 1:
        room = left - 1
        return Plan(tuple(plain[:room]), (*unsure, *plain[room:]))
    urgent = [one for one in plain if one.severity == URGENT]
    return Plan(tuple(urgent[: max(0, left + budget)]), ())

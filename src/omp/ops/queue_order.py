"""Who goes next: a pure function of priority, place and waiting time.

Priority 1 goes first, 10 last. A waiting campaign rises by one level for each half hour, up to the
first; among equals the smaller position goes first, and a campaign that is queued again goes
behind all others. So every waiting campaign reaches the first level after at most four and a half
hours, those ahead of it there are finitely many, and none that comes later passes it: none starves.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from omp.domain.campaign import PRIORITY_FIRST, PRIORITY_LAST

AGEING_STEP_S = 1800.0
"""Seconds of waiting that raise a campaign by one level."""


@dataclass(frozen=True)
class Waiting:
    """A campaign with a queued run.

    Args:
        priority: As the operator set it, 1 first, 10 last.
        position: Place among equals.
        waiting_s: Seconds since its run was queued.
    """

    campaign_id: str
    run_id: str
    priority: int
    position: int
    waiting_s: float

    @property
    def level(self) -> int:
        """The priority after ageing, 1 to 10."""
        return level(self.priority, self.waiting_s)


def level(priority: int, waiting_s: float) -> int:
    """The priority after ageing, 1 to 10."""
    return max(PRIORITY_FIRST, priority - int(max(0.0, waiting_s) // AGEING_STEP_S))


def ordered(waiting: Iterable[Waiting]) -> tuple[Waiting, ...]:
    """In the order in which they are run."""
    return tuple(sorted(waiting, key=lambda one: (one.level, one.position, one.campaign_id)))


def priority_for(level_wanted: int, waiting_s: float) -> int:
    """The priority that a campaign needs to stand at a level now, after what it has waited."""
    raised = int(max(0.0, waiting_s) // AGEING_STEP_S)
    return max(PRIORITY_FIRST, min(PRIORITY_LAST, level_wanted + raised))

"""The clock: contestants in turn, CPU time, a ratio for every round, then the median."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROUNDS = 7
"""Rounds at least; one round alone says nothing on a machine that others use too."""


@dataclass(frozen=True)
class Contestant:
    """One engine with one task.

    Args:
        name: as the table shows it.
        run: does the work of a round, given the round's number.
        items: pieces of work in one run, such as strategies.
        note: what the reader must know, such as a smaller sample.
    """

    name: str
    run: Callable[[int], object]
    items: int
    note: str = ""


@dataclass(frozen=True)
class Times:
    """CPU seconds per item of one contestant, round by round."""

    name: str
    seconds: tuple[float, ...]
    items: int
    note: str

    @property
    def median_s(self) -> float:
        """Median CPU seconds per item."""
        return statistics.median(self.seconds)

    @property
    def best_s(self) -> float:
        """The fastest round's CPU seconds per item."""
        return min(self.seconds)

    def against(self, reference: "Times") -> tuple[float, float]:
        """How many times the reference's time this one takes: median and minimum of the rounds."""
        ratios = [a / b for a, b in zip(self.seconds, reference.seconds, strict=True)]
        return statistics.median(ratios), min(ratios)


def race(contestants: Sequence[Contestant], rounds: int = ROUNDS) -> list[Times]:
    """Let everybody run once a round, each round starting with another one.

    Args:
        contestants: the first is the reference of `Times.against` by custom.
        rounds: how often each runs.
    """
    seconds: list[list[float]] = [[] for _ in contestants]
    order = list(range(len(contestants)))
    for number in range(rounds):
        turn = number % len(order)
        for at in order[turn:] + order[:turn]:
            one = contestants[at]
            gc.collect()
            gc.disable()
            try:
                begun = time.process_time()
                one.run(number)
                seconds[at].append((time.process_time() - begun) / one.items)
            finally:
                gc.enable()
    return [
        Times(one.name, tuple(taken), one.items, one.note)
        for one, taken in zip(contestants, seconds, strict=True)
    ]

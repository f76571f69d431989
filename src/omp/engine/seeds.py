"""Randomness that can be taken up again anywhere: one stream per seed and generation."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
_BLOCK = 4096


def stream(seed: int, *place: int) -> np.random.Generator:
    """A generator for one place of one run, the same on every machine and after every restart.

    Args:
        seed: the campaign's registered seed, 0 or more.
        place: further whole numbers, such as the generation.
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *place])))


def key(seed: int, *place: int) -> int:
    """A number of 64 bits for one place of one run, from which compiled code draws its own."""
    return int(np.random.SeedSequence([seed, *place]).generate_state(1, np.uint64)[0])


class Dice:
    """Fast single draws from a generator, taken from it in blocks.

    Args:
        generator: the source; it belongs to the dice from now on.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._left: list[float] = []

    def share(self) -> float:
        """A number from 0 up to, without, 1."""
        if not self._left:
            self._left = self._generator.random(_BLOCK).tolist()
        return self._left.pop()

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.share() < probability

    def below(self, n: int) -> int:
        """A whole number from 0 up to, without, n."""
        return int(self.share() * n)

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, each equally likely."""
        return items[int(self.share() * len(items))]

"""The bars that a calibration is held against, by what was measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A bar for power.

    Args:
        least: Rate that must be reached.
        simulated: Rate in the simulations the procedure was designed on.
    """

    least: float
    simulated: float


@dataclass(frozen=True)
class NullBar:
    """A bar for noise: at most so many markets contaminated out of so many."""

    most: int
    of: int

    @property
    def rate(self) -> float:
        return self.most / self.of


FIRST_LOOK: dict[tuple[int, float], Bar] = {
    (1, 1.0): Bar(0.10, 0.16),
    (1, 1.5): Bar(0.50, 0.56),
    (1, 2.0): Bar(0.75, 0.83),
    (5, 1.0): Bar(0.55, 0.73),
    (5, 1.5): Bar(0.90, 0.97),
    (5, 2.0): Bar(0.95, 1.0),
}
"""(symbols, dial) -> the bar of one campaign."""

AFTER_TWENTY: dict[tuple[int, float], Bar] = {
    (1, 1.0): Bar(0.12, 0.18),
    (1, 1.5): Bar(0.55, 0.68),
    (1, 2.0): Bar(0.80, 0.87),
}
"""(symbols, dial) -> the bar of twenty campaigns."""

POWER: dict[int, dict[tuple[int, float], Bar]] = {1: FIRST_LOOK, 20: AFTER_TWENTY}
"""Campaigns on each market -> the bars of their power."""

NOISE: dict[int, NullBar] = {1: NullBar(2, 1260), 100: NullBar(3, 124)}
"""Campaigns on each market -> how many nulls may be contaminated."""

NULL_RATE = NOISE[1].rate
"""At most this rate of nulls may be promoted, one campaign each."""

DYING_RATE: dict[str, float] = {"ensemble": 0.05, "champion": 0.03}
"""What a run offers -> the most of the markets whose edge dies with the mining part it promotes."""

PRECISION = 0.95
"""At least this share of the promotions at dials 1.5 and 2.0 is true."""

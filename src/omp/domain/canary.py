"""The canaries' sequential test: is noise promoted more often than it should be?

Wald's sequential probability ratio test (Wald 1945) of a promotion rate of 0.0007 against 0.005 at
5 % errors: each clean canary moves the score a little down, each promoted one far up.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class SequentialTest:
    """Two rates and two error levels of the canaries' test."""

    rate_good: float = 0.0007
    rate_bad: float = 0.005
    error: float = 0.05

    @property
    def step_clean(self) -> float:
        """Added by a canary market that promoted nothing (-0.0043)."""
        return math.log((1 - self.rate_bad) / (1 - self.rate_good))

    @property
    def step_hit(self) -> float:
        """Added by a canary market that promoted something (+1.97)."""
        return math.log(self.rate_bad / self.rate_good)

    @property
    def bound(self) -> float:
        """Accept at minus this, alarm at plus this (2.94)."""
        return math.log((1 - self.error) / self.error)

    def judge(self, clean: int, hits: int) -> tuple[float, str]:
        """Score, and `accept`, `alarm` or `undecided`, after so many canaries."""
        score = clean * self.step_clean + hits * self.step_hit
        if score >= self.bound:
            return score, "alarm"
        if score <= -self.bound:
            return score, "accept"
        return score, "undecided"

"""The budget of a sealed window: an error level for life, spent look by look.

Evidence procedure, step 7: the k-th look at a window has level alpha_k = alpha * 6 / (pi^2 k^2);
the levels sum to alpha, so by the union bound the chance that a window of pure noise ever passes a
look is at most alpha, whatever the dependence between looks. Under `recycling` a promoted look
hands its level on.
"""

import math
from collections.abc import Sequence

MIN_COMMON = 30
"""Bars or days that two subjects must share, or their likeness is not known."""


def weight(k: int) -> float:
    """w_k = 6 / (pi^2 k^2), k = 1, 2, …; sums to one."""
    if k < 1:
        raise ValueError(f"looks are counted from 1, got {k}")
    return 6.0 / (math.pi * math.pi * k * k)


def level(k: int, *, alpha: float, spending: str = "fixed", promoted: Sequence[int] = ()) -> float:
    """Error level of the k-th look at a sealed window.

    Args:
        k: Ordinal of the look on this window, from 1.
        alpha: Level of the window for life.
        spending: `fixed`, or `recycling`: levels of promoted looks are handed on.
        promoted: Ordinals of earlier looks that ended in a promotion (recycling only).
    """
    base = alpha * weight(k)
    if spending == "fixed":
        return base
    levels: dict[int, float] = {}
    for i in range(1, k + 1):
        handed_on = sum(weight(i - j) * levels[j] for j in promoted if j < i)
        levels[i] = alpha * weight(i) + handed_on
    return levels[k]


def spent(k: int, *, alpha: float) -> float:
    """Sum of the fixed levels of the first k looks."""
    return sum(alpha * weight(i) for i in range(1, k + 1))

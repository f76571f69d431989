"""The budget of a sealed window: an error level for life, spent look by look.

Evidence procedure, step 7: the k-th look at a window has level alpha_k = alpha * 6 / (pi^2 k^2);
the levels sum to alpha, so by the union bound the chance that a window of pure noise ever passes a
look is at most alpha, whatever the dependence between looks. Under `recycling` a promoted look
hands its level on.
"""

import math
from collections.abc import Iterable, Sequence

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


def standing_alpha(asked: float, first_levels: Iterable[float]) -> float:
    """Level for life of a window that may have been looked at: never more than it began with.

    What a window may spend was fixed by its first look; a higher setting is for the next window, a
    lower one holds at once.

    Args:
        asked: The setting.
        first_levels: Level of each look with ordinal 1; several where lineages were joined.
    """
    began = [one / weight(1) for one in first_levels]
    least = min(began, default=asked)
    return asked if least > asked or math.isclose(least, asked, rel_tol=1e-12) else least


def spent(k: int, *, alpha: float) -> float:
    """Sum of the fixed levels of the first k looks."""
    return sum(alpha * weight(i) for i in range(1, k + 1))

"""How figures are written for people: separators, a true minus sign, never a bare None."""

import math
from typing import Any

NOTHING = "\N{EN DASH}"


def number(value: Any, digits: int = 2) -> str:
    """A number with so many decimals and a true minus sign."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return NOTHING
    if not math.isfinite(value):
        return NOTHING
    return f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def count(value: Any) -> str:
    """A whole number with separators."""
    return number(value, 0)


def figure(value: Any) -> str:
    """A measure of any size: whole numbers whole, others to four significant digits."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return NOTHING
    if not math.isfinite(value):
        return NOTHING
    if value == int(value) and abs(value) < 1e9:
        return number(value, 0)
    size = abs(value)
    if size < 1e-4 or size >= 1e9:
        return f"{value:.1e}".replace("-", "\N{MINUS SIGN}")
    return number(value, max(0, 3 - math.floor(math.log10(size))) if size < 1000 else 0)


def percent(value: Any, digits: int = 1) -> str:
    """A fraction as a percentage."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return NOTHING
    return f"{number(100 * value, digits)} %"


def probability(value: Any) -> str:
    """A probability or level: four decimals, small ones in powers of ten."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    return f"{value:.4f}" if value >= 0.0001 else f"{value:.1e}"

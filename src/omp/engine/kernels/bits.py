"""Single machine instructions on 64-bit words, and numbers that kernels need as such.

Numba's cache of a kernel does not notice a change in another file. What stands here is final: a
change needs the caches (`__pycache__/*.nbi`) deleted.
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

ZERO, ONE, SIX = np.uint64(0), np.uint64(1), np.uint64(6)
TOP = np.uint64(63)


@intrinsic
def trailing_zeros(_typing: Any, _value: Any) -> Any:
    """Zero bits below the lowest set bit; 64 for an empty word."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(types.boolean, 0))

    return types.uint64(types.uint64), build


@intrinsic
def leading_zeros(_typing: Any, _value: Any) -> Any:
    """Zero bits above the highest set bit; 64 for an empty word."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], context.get_constant(types.boolean, 0))

    return types.uint64(types.uint64), build


@intrinsic
def ones(_typing: Any, _value: Any) -> Any:
    """Set bits of a word."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), build

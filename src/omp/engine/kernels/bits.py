"""Single machine instructions on 64-bit words, and numbers that kernels need as such.

Numba's cache of a kernel does not notice a change in another file. What stands here is final: a
change needs the caches (`__pycache__/*.nbi`) deleted.
"""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
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
def add_records(_typing: Any, records: Any, _one: Any, _other: Any, running: Any, _at: Any) -> Any:
    """running[at : at + 4] = running[at - 4 : at] + (records[one : one + 4] + records[other : …]).

    Four sums at once; each in the order in which they would be added one by one.
    """
    four = ir.VectorType(ir.DoubleType(), 4)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds, (held, one, other, sums, at) = signature.args, arguments
        base = context.make_array(kinds[0])(context, builder, value=held).data
        total = context.make_array(kinds[3])(context, builder, value=sums).data

        def place(array: Any, index: Any, away: int = 0) -> Any:
            moved = builder.add(index, ir.Constant(index.type, away)) if away else index
            return builder.bitcast(builder.gep(array, [moved]), four.as_pointer())

        both = builder.fadd(
            builder.load(place(base, one), align=8), builder.load(place(base, other), align=8)
        )
        so_far = builder.load(place(total, at, -4), align=8)
        builder.store(builder.fadd(so_far, both), place(total, at), align=8)
        return context.get_dummy_value()

    index = types.uint64
    return types.void(records, index, index, running, index), build


@intrinsic
def add_to_side(_typing: Any, records: Any, _one: Any, _other: Any, running: Any, _at: Any) -> Any:
    """As `add_records`, where the sums of two sides stand side by side, eight numbers a trade.

    running[at : at + 4] = running[at - 8 : at - 4] + (records[one : one + 4] + records[other : …]).
    """
    four = ir.VectorType(ir.DoubleType(), 4)

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kinds, (held, one, other, sums, at) = signature.args, arguments
        base = context.make_array(kinds[0])(context, builder, value=held).data
        total = context.make_array(kinds[3])(context, builder, value=sums).data

        def place(array: Any, index: Any, away: int = 0) -> Any:
            moved = builder.add(index, ir.Constant(index.type, away)) if away else index
            return builder.bitcast(builder.gep(array, [moved]), four.as_pointer())

        both = builder.fadd(
            builder.load(place(base, one), align=8), builder.load(place(base, other), align=8)
        )
        so_far = builder.load(place(total, at, -8), align=8)
        builder.store(builder.fadd(so_far, both), place(total, at), align=8)
        return context.get_dummy_value()

    index = types.uint64
    return types.void(records, index, index, running, index), build


@intrinsic
def prefetch(_typing: Any, array: Any, _at: Any) -> Any:
    """Ask for the cache line of array[at], which is needed soon; any place is allowed."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, value=arguments[0])
        byte = ir.IntType(8).as_pointer()
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        where = builder.bitcast(builder.gep(held.data, [arguments[1]]), byte)
        builder.call(ask, [where, *(ir.Constant(number, k) for k in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(array, types.uint64), build


@intrinsic
def ones(_typing: Any, _value: Any) -> Any:
    """Set bits of a word."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), build

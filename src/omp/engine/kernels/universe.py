"""Trades of one symbol of a universe, added to the pooled series of their genomes.

Long positions without stops: their returns between entry and exit are the symbol's own, so that a
genome costs one addition for each bar it holds and one for each bar of the window.
"""

from typing import Any

import numpy as np
from numba import njit

_NOISE = 1e-12  # omp.engine.fills.NOISE
_SIGNAL, _END = 0, 5  # of the order of fills.REASONS
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LANE_1 = np.uint64(0x9E3779B97F4A7C15)  # lanes and codes of tokens: as omp.engine.tokens
_LANE_2 = np.uint64(0xD1B54A32D192ED03)
_ENTRY = (1 << 16) + 2
_S32, _S29 = np.uint64(32), np.uint64(29)
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@njit(cache=True, nogil=True)
def _mix(h: Any, value: Any) -> Any:
    h = (h ^ value) * _MIX_1
    h ^= h >> _S32
    h *= _MIX_2
    return h ^ (h >> _S29)


@njit(cache=True, nogil=True)
def _token(lane: Any, stamp: Any, level: Any, what: Any) -> Any:
    """One lane of the token of an entry or an exit."""
    return _mix(_mix(_mix(lane, stamp), level), what)


@njit(cache=True, nogil=True)
def _spread(held: Any) -> None:
    """Fill the words between each odd set bit and the next even one, the latter left out."""
    inside = _ZERO
    for w in range(held.size):
        word = held[w]
        for shift in (1, 2, 4, 8, 16, 32):
            word ^= word << np.uint64(shift)
        word ^= inside
        held[w] = word
        inside = _ZERO - (word >> np.uint64(63))


@njit(cache=True, nogil=True)
def _add_held(target: Any, rows: Any, held: Any, values: Any) -> None:
    """target[rows[t]] += values[t] where bit t is set."""
    n = values.size
    whole = rows[n - 1] - rows[0] == n - 1  # no bar is missing in between
    shift = rows[0]
    for w in range(held.size):
        word = held[w]
        if word == _ZERO:
            continue
        begin, end = 64 * w, min(n, 64 * w + 64)
        if whole:
            place, part = target[begin + shift : end + shift], values[begin:end]
            for t in range(part.size):
                place[t] += part[t] * np.float64((word >> np.uint64(t)) & _ONE)
        else:
            for t in range(begin, end):
                target[rows[t]] += values[t] * np.float64((word >> np.uint64(t - begin)) & _ONE)


@njit(cache=True, nogil=True)
def _take(target: Any, rows: Any, values: Any, factor: float) -> None:
    """target[rows[t]] -= factor * values[t]."""
    n = values.size
    if rows[n - 1] - rows[0] == n - 1:
        place = target[rows[0] : rows[0] + n]
        for t in range(n):
            place[t] -= factor * values[t]
    else:
        for t in range(n):
            target[rows[t]] -= factor * values[t]


@njit(cache=True, nogil=True)
def add_trades(
    order: Any,
    lo: int,
    hi: int,
    first: Any,
    size: Any,
    bars: Any,
    rows_of_exit: Any,
    prices: Any,
    over_cash: Any,
    stamps: Any,
    level_bits: Any,
    rows: Any,
    fee: float,
    slip: float,
    seed: Any,
    pool_return: Any,
    pool_over_cash: Any,
    pool_excess: Any,
    counts: Any,
    sums: Any,
    hashes: Any,
    base: int,
) -> None:
    """Add genomes order[lo:hi] of one symbol to the pool.

    Args:
        first, size, bars, rows_of_exit: as `list_trades` writes them.
        prices: open, high, low, close, close-to-close return, [5, T].
        over_cash: that return less the yield of cash, [T].
        level_bits: bits of the opens, and behind them of the last close, [T + 1].
        rows: place of each bar in the pool. seed: of the symbol's tokens.
        pool_return, pool_over_cash: [., T], from row lo - base on; added to.
        pool_excess: gets what is to be taken off the return over cash to make x.
        counts: [G] trades. sums: [G, 3] bars held, gains, losses. hashes: uint64[G, 2].
    """
    open_, close, change = prices[0], prices[3], prices[4]
    n = close.size
    held = np.empty((n + 64) // 64, np.uint64)
    has_cash = pool_over_cash.shape[0] > 0
    bought, sold = (1.0 + slip) * (1.0 + fee), (1.0 - slip) * (1.0 - fee)
    one, two = _LANE_1 ^ seed, _LANE_2 ^ seed
    enters = np.uint64(_ENTRY)
    for i in range(lo, hi):
        g = order[i]
        if size[i - lo] == 0:
            continue
        at = i - base
        bars_held, gains, losses = 0, 0.0, 0.0
        held[:] = _ZERO
        for k in range(first[i - lo], first[i - lo] + size[i - lo]):
            e, x = np.int64(bars[2 * k]), np.int64(bars[2 * k + 1])
            # an exit by signal is at an open; the only other one is at the window's last close
            ended = rows_of_exit[k] >= 2 * n
            price = close[x] if ended else open_[x]
            if e == x:
                leg = price * sold / (open_[e] * bought) - 1.0
                pool_return[at, rows[e]] += leg
                if has_cash:
                    pool_over_cash[at, rows[e]] += leg - (change[e] - over_cash[e])
            else:
                entry = close[e] / (open_[e] * bought) - 1.0
                leave = price * sold / close[x - 1] - 1.0
                pool_return[at, rows[e]] += entry
                pool_return[at, rows[x]] += leave
                held[(e + 1) >> 6] ^= _ONE << np.uint64((e + 1) & 63)
                held[x >> 6] ^= _ONE << np.uint64(x & 63)
                if has_cash:
                    pool_over_cash[at, rows[e]] += entry - (change[e] - over_cash[e])
                    pool_over_cash[at, rows[x]] += leave - (change[x] - over_cash[x])
            net = price * sold / (open_[e] * bought) - 1.0
            gains += net if net > _NOISE else 0.0
            losses -= net if net < -_NOISE else 0.0
            bars_held += int(x - e + 1)
            level = level_bits[n] if ended else level_bits[x]
            leaves = np.uint64((_END if ended else _SIGNAL) * 4 + 2)
            begins, ends = np.uint64(stamps[e]), np.uint64(stamps[x])
            hashes[g, 0] += _token(one, begins, _ZERO, enters) + _token(one, ends, level, leaves)
            hashes[g, 1] += _token(two, begins, _ZERO, enters) + _token(two, ends, level, leaves)
        counts[g] += size[i - lo]
        sums[g, 0] += bars_held
        sums[g, 1] += gains
        sums[g, 2] += losses
        _spread(held)
        _add_held(pool_return[at], rows, held, change)
        if has_cash:
            _add_held(pool_over_cash[at], rows, held, over_cash)
        _take(pool_excess[at], rows, over_cash, bars_held / n)

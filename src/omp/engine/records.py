"""What it does to an account to enter, or to leave, at each bar: the tables that kernels add up.

A record is eight numbers, 64 bytes, one cache line; `omp.engine.kernels.account` says what they
are. Rows 0 to T - 1 are entries at each bar, the next T exits by signal at each bar's open, then
follow the two exits at the window's last close (held before, or entered in that bar), and after
these whatever stops, targets, time and session ends the genomes met so far ask for.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omp.engine.fills import END, SIGNAL, STOP, TARGET, TIME, TRAIL, Costs, Float
from omp.engine.tokens import entry_tokens, exit_tokens, symbol_seed
from omp.engine.window import SymbolWindow

Int = NDArray[np.int64]
_Table = tuple[NDArray[np.int32], Float, Float]  # keys, levels, exits of each entry bar

KINDS = (STOP, TARGET, TRAIL)
_SESSION_KIND, _TIMED_KIND = 8, 9
NEVER = np.int32(2**31 - 1)  # as in the kernels
_MOST = 1e6  # a larger bar return would drown the others in prefix sums


@dataclass(frozen=True)
class _Legs:
    """Columns of one side, [T]: see the record."""

    d: Float
    sum_d: Float
    sum_dd: Float
    delta: Float
    base: Float
    paid: Float


class Records:
    """The records of one symbol and one side.

    Args:
        one: the symbol's window.
        costs: costs per side.
        side: 1 long, -1 short.

    Attributes:
        safe: whether entries and exits by signal can be told in records: no ruin, no return
            beyond all bounds.
        doubtful: for each table of stops whether its exits cannot be told so.
        asked: what `stop_tables` knows already, by the levels of a codebook.
    """

    def __init__(self, one: SymbolWindow, costs: Costs, side: int) -> None:
        self._one, self.side = one, side
        self.n = one.rows.size
        self._fee, self._slip = costs.commission_bps / 1e4, costs.slippage_bps / 1e4
        self._seed = symbol_seed(one.symbol)
        open_, _, _, close, change = one.table
        self.safe = True
        with np.errstate(all="ignore"):
            first = self._leg_of_entry(open_, close)
            d = change - one.cash
            level = np.log(close / close[0]) if side > 0 else np.cumsum(np.log1p(-change))
            self.level: Float = np.ascontiguousarray(level)
            base = self.level - np.log1p(first)
            paid = open_ * ((1 + self._slip) * (1 + self._fee)) if side > 0 else np.exp(base)
            if side > 0:
                base = np.log(paid / close[0])
            delta = first - side * change
            self._legs = _Legs(d, np.cumsum(d), np.cumsum(d * d), delta, base, paid)
            entries = np.empty((self.n, 8))
            entries[:, 0] = delta - side * _before(self._legs.sum_d)
            entries[:, 1] = -_before(self._legs.sum_dd)
            entries[:, 2] = delta * d
            entries[:, 3] = delta * delta
            entries[:, 4], entries[:, 5] = paid, base
        entries.view(np.uint64)[:, 6:] = entry_tokens(self._seed, one.stamps, side)
        self._watch(np.concatenate([first[1:], side * change]), entries[1:])
        bar = np.arange(self.n)
        end = np.array([self.n - 1, self.n - 1])
        parts = [
            entries,
            self._exits(bar, np.full(self.n, -1), open_, SIGNAL),
            self._exits(end, np.array([-1, self.n - 1]), close[end], END),
        ]
        self._parts = parts
        self._known: dict[tuple[int, float], int] = {}
        # table 0 is met by none: it stands for a stop that is not used
        self._keys: list[NDArray[np.int32]] = [np.full(self.n, NEVER, dtype=np.int32)]
        self._levels: list[Float] = [np.zeros(self.n)]
        self._codes: list[NDArray[np.int32]] = []
        self._coded: dict[tuple[object, ...], int] = {}
        self.doubtful: list[bool] = [False]
        self.asked: dict[tuple[tuple[float, ...], ...], Any] = {}
        self.settle()

    # ------------------------------------------------------------------ what kernels read

    def settle(self) -> None:
        """Lay the tables asked for so far next to one another, as kernels read them."""
        if len(self._parts) == 1:
            return
        rows = aligned((sum(len(one) for one in self._parts), 8))
        self._parts = [np.concatenate(self._parts, out=rows)]
        self.flat: Float = rows.reshape(-1)
        self.tokens: NDArray[np.uint64] = self.flat.view(np.uint64)

    def powers(self) -> Float:
        """Sums of d, d**2, d**3 and d**4 over the bars before each bar, [T + 1, 4]."""
        legs = self._legs
        columns = [legs.sum_d, legs.sum_dd, np.cumsum(legs.d**3), np.cumsum(legs.d**4)]
        made = np.zeros((self.n + 1, 4))
        made[1:] = np.stack(columns, axis=1)
        return made

    def table(self, kind: int, level: float) -> int:
        """The number of a stop's table (kind: place in KINDS), made when it is first asked for."""
        return self._table((kind, level), lambda: self._touches(kind, level))

    def session_table(self) -> int:
        """The number of the table of session ends, 0 where positions may stay over them."""
        if not self._one.session_end.size:
            return 0
        return self._table((_SESSION_KIND, 0.0), self._session_ends)

    def timed(self) -> int:
        """The first row of the exits by time at the open of each bar."""
        return self.n + 2 + self.n * self._table((_TIMED_KIND, 0.0), self._times)

    def codes(self) -> NDArray[np.int32]:
        """The rows of codes asked for so far, one after the other."""
        if len(self._codes) > 1:
            self._codes = [np.concatenate(self._codes)]
        return self._codes[0]

    def gains(self, table: int) -> int:
        """The row of codes of a table of targets (0: none)."""
        return self._code((table,), lambda: _shifted(self._keys[table], 0))

    def pair(self, loss: int, trail: int, loss_level: float) -> int:
        """The row of codes of a stop loss and a trailing stop, whichever is met first.

        Args:
            loss, trail: their tables, 0 for none. loss_level: distance of the stop loss.
        """
        return self._code((loss, trail), lambda: self._paired(loss, trail, loss_level))

    def _code(self, key: tuple[object, ...], make: Callable[[], NDArray[np.int32]]) -> int:
        if key not in self._coded:
            self._coded[key] = len(self._coded)
            self._codes.append(make())
        return self._coded[key]

    def _paired(self, loss: int, trail: int, loss_level: float) -> NDArray[np.int32]:
        ours, theirs = self._keys[loss], self._keys[trail]
        fixed = self._one.table[0] * (1.0 - self.side * loss_level)
        nearer = self.side * self._levels[trail] > self.side * fixed
        by_trail = (theirs < ours) | ((theirs == ours) & nearer)
        met = np.where(by_trail, _shifted(theirs, 1), _shifted(ours, 0))
        return np.minimum(met, _shifted(self._keys[self.session_table()], 0))

    def _table(self, key: tuple[int, float], make: Callable[[], _Table]) -> int:
        if key not in self._known:
            before, self.safe = self.safe, True
            keys, levels, exits = make()
            self.doubtful.append(not self.safe)
            self.safe = before
            self._known[key] = len(self._keys)
            self._keys.append(np.asarray(keys, dtype=np.int32))
            self._levels.append(levels)
            self._parts.append(exits)
        return self._known[key]

    # ------------------------------------------------------------------ how they are made

    def _touches(self, kind: int, fraction: float) -> _Table:
        from omp.engine.kernels.touch import first_touch

        keys = np.empty(self.n, dtype=np.int32)
        prices, levels = np.empty(self.n), np.empty(self.n)
        open_, high, low = self._one.table[:3]
        first_touch(kind, self.side, fraction, open_, high, low, keys, prices, levels)
        met = np.flatnonzero((keys != NEVER) & (np.arange(self.n) > 0))
        exits = np.zeros((self.n, 8))
        exits[met] = self._exits(keys[met].astype(np.int64) >> 3, met, prices[met], KINDS[kind])
        return keys, levels, exits

    def _times(self) -> _Table:
        bar = np.arange(self.n)
        exits = self._exits(bar, np.full(self.n, -1), self._one.table[0], TIME)
        return self._keys[0], self._levels[0], exits

    def _session_ends(self) -> _Table:
        at = np.flatnonzero(self._one.session_end)
        bar = np.arange(self.n)
        end = at[np.searchsorted(at, bar)]
        close = self._one.table[3]
        return (
            (8 * end + 4).astype(np.int32),
            np.zeros(self.n),
            self._exits(end, bar, close[end], TIME),
        )

    def _exits(self, x: Int, entry: Int, price: Float, reason: int) -> Float:
        """Records of exits in bars x at these prices; where entry == x, of trades of one bar."""
        side, legs, close = self.side, self._legs, self._one.table[3]
        change, open_ = self._one.table[4], self._one.table[0]
        with np.errstate(all="ignore"):
            same = entry == x
            before = np.where(same, open_[x], close[np.maximum(x - 1, 0)])
            leg = self._leg_of_exit(price, before, same, side)
            delta = leg - side * change[x]
            known = np.where(same, legs.delta[x], 0.0)  # what the entry's record counted already
            made = np.empty((x.size, 8))
            made[:, 0] = (delta - known) + side * legs.sum_d[x]
            made[:, 1] = legs.sum_dd[x]
            made[:, 2] = (delta - known) * legs.d[x]
            made[:, 3] = delta * delta - known * known
            if side > 0:
                got = price * ((1 - self._slip) * (1 - self._fee))
                made[:, 4], made[:, 5] = got, np.log(got / close[0])
            else:
                held = np.where(same, legs.base[x], self.level[np.maximum(x - 1, 0)])
                made[:, 5] = held + np.log1p(leg)
                made[:, 4] = np.exp(made[:, 5])
        reasons = np.full(x.size, reason)
        stamps = self._one.stamps[x]
        made.view(np.uint64)[:, 6:] = exit_tokens(self._seed, stamps, price, reasons, side)
        inside = x > 0
        self._watch(leg[inside], made[inside])
        return made

    def _leg_of_entry(self, open_: Float, close: Float) -> Float:
        if self.side > 0:
            return close / (open_ * (1 + self._slip) * (1 + self._fee)) - 1
        return -(close / (open_ * (1 - self._slip)) - 1) - self._fee

    def _leg_of_exit(
        self, price: Float, before: Float, same: NDArray[np.bool_], side: int
    ) -> Float:
        fee, slip = self._fee, self._slip
        if side > 0:
            bought = np.where(same, before * (1 + slip) * (1 + fee), before)
            return price * (1 - slip) * (1 - fee) / bought - 1
        sold = np.where(same, before * (1 - slip), before)
        return -(price * (1 + slip) / sold - 1) - np.where(same, 2 * fee, fee)

    def _watch(self, legs: Float, made: Float) -> None:
        """Note what sums and logarithms cannot express: ruin, and numbers beyond all bounds."""
        numbers = np.isfinite(made[:, :6]).all() and (made[:, 4] > 0.0).all()
        legal = (legs > -1.0) & (legs < _MOST)
        self.safe = bool(self.safe and numbers and legal.all())


def _shifted(keys: NDArray[np.int32], flag: int) -> NDArray[np.int32]:
    """Keys with a flag as their lowest bit."""
    return np.where(keys == NEVER, NEVER, 2 * keys + np.int32(flag)).astype(np.int32)


def aligned(shape: tuple[int, ...], line_bytes: int = 64) -> Float:
    """Room for numbers that begins with a cache line, so that a record never lies in two."""
    size = math.prod(shape)
    room = np.empty(size + line_bytes // 8)
    first = (-room.ctypes.data % line_bytes) // 8
    return room[first : first + size].reshape(shape)


def _before(sums: Float) -> Float:
    """Sums up to the bar before."""
    return np.concatenate([[0.0], sums[:-1]])


def deep_falls(level: Float) -> tuple[Float, Float]:
    """The tables of `omp.engine.kernels.account.falls`."""
    from omp.engine.kernels.account import falls

    words = (level.size + 63) // 64
    inside = np.empty((2, level.size, 3))
    across = np.zeros((max(1, (words - 1).bit_length()), words, 3))
    falls(level, inside, across)
    return inside, across


def spans(level: Float) -> Float:
    """Highest and lowest value among the 2**k from each place on, [k, T, 2]."""
    steps = max(1, level.size.bit_length())
    made = np.empty((steps, level.size, 2))
    made[0] = level[:, None]
    for k in range(1, steps):
        half = 1 << (k - 1)
        made[k] = made[k - 1]
        reach = level.size - half
        made[k, :reach, 0] = np.maximum(made[k - 1, :reach, 0], made[k - 1, half:, 0])
        made[k, :reach, 1] = np.minimum(made[k - 1, :reach, 1], made[k - 1, half:, 1])
    return made

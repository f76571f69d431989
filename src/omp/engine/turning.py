"""Positions on both sides of one symbol: genomes that turn are evaluated from their trades, too.

A signal of the other kind ends a trade at the open of a bar and begins the next one there, so that
this bar compounds two legs. The whole bar stands in the record of the entry, which is another one
where a position is entered by a turn, and the exit leaves the bar out.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from omp.engine.evaluation import Results
from omp.engine.fills import Costs, Float
from omp.engine.records import Records, aligned, deep_falls, spans
from omp.engine.solo import Int, Job, Scratch
from omp.engine.stop_tables import stop_tables
from omp.engine.window import SymbolWindow

_TURN_KIND = 10


class TurnRecords(Records):
    """The records of one side of positions that turn: every exit by signal is a turn.

    Args:
        one, costs, side: as of `Records`.

    Attributes:
        left: what leaving the other side at the open of each bar earns in it, [T].
        turned: first row of the entries by a turn.
    """

    def __init__(self, one: SymbolWindow, costs: Costs, side: int) -> None:
        super().__init__(one, costs, side)
        n, legs, open_ = self.n, self._legs, one.table[0]
        before = np.concatenate([[one.table[3, 0]], one.table[3, :-1]])
        with np.errstate(all="ignore"):
            rows = self._parts[0][n : 2 * n]
            rows[1:, 0], rows[1:, 1] = side * legs.sum_d[:-1], legs.sum_dd[:-1]
            rows[:, 2:4] = 0.0
            self.left = self._leg_of_exit(open_, before, np.zeros(n, np.bool_), -side)
            delta = (1.0 + self.left) * (1.0 + legs.delta + side * one.table[4]) - 1.0
            delta -= side * one.table[4]
            entries = self._parts[0][:n].copy()
            entries[:, 0] += delta - legs.delta
            entries[:, 2], entries[:, 3] = delta * legs.d, delta * delta
        self.turned = n + 2 + n * self._table((_TURN_KIND, 0.0), lambda: self._turns(entries))
        self.safe = self.safe and not self.doubtful[-1]
        self.settle()

    def _turns(self, entries: Float) -> tuple[NDArray[np.int32], Float, Float]:
        self._watch(self.left[1:], entries[1:])
        return self._keys[0], self._levels[0], entries

    def lay(self, rows: Float) -> None:
        """Move the records into rows of a larger table."""
        rows[:] = self._parts[0]
        self._parts = [rows]
        self.flat = rows.reshape(-1)
        self.tokens = self.flat.view(np.uint64)


class Both:
    """The tables of a symbol's two sides, one behind the other.

    Args:
        one: a window of one symbol. costs: costs per side.
    """

    def __init__(self, one: SymbolWindow, costs: Costs) -> None:
        self.sides = [TurnRecords(one, costs, side) for side in (1, -1)]
        self.safe = all(records.safe for records in self.sides)
        self.powers = self.sides[0].powers()
        self.change = one.table[4]
        self.bar_d = self.change - one.cash
        self.left = np.stack([records.left for records in self.sides])
        self.level = np.stack([records.level for records in self.sides])
        falls = [deep_falls(records.level) for records in self.sides]
        span = np.stack([spans(records.level) for records in self.sides])
        self.falls = (
            self.level,
            span.reshape(-1),
            *(np.stack(part) for part in zip(*falls, strict=True)),
        )
        self._rows = np.empty((0, 8))
        self._codes: tuple[Any, ...] = ()
        self.settle()

    @property
    def others(self) -> int:
        """First row of the short side."""
        return self.sides[0].flat.size // 8

    def settle(self) -> None:
        """Lay the records of both sides into one table, where one has grown."""
        sizes = [records.flat.size // 8 for records in self.sides]
        if sum(sizes) == len(self._rows):
            return
        rows = aligned((sum(sizes), 8))
        for records, begin in zip(self.sides, (0, sizes[0]), strict=True):
            records.lay(rows[begin : begin + records.flat.size // 8])
        self._rows = rows

    @property
    def flat(self) -> Float:
        """The records of both sides."""
        return self._rows.reshape(-1)

    def stop_tables(self, job: Job) -> tuple[tuple[Any, ...], NDArray[np.bool_]]:
        """The arguments of `list_turned`, and which genomes cannot be told in records."""
        found = [stop_tables(records, job.population, job.order) for records in self.sides]
        self.settle()
        (ours, no_long), (theirs, no_short) = found
        stops, longest = ours[0], ours[5]
        table, pairs, gains = (np.stack([ours[k], theirs[k]]) for k in (1, 3, 4))
        codes = ours[2], theirs[2]
        if not self._codes or any(a is not b for a, b in zip(codes, self._codes, strict=False)):
            self._codes = (*codes, np.concatenate(codes))
        pairs[1] += codes[0].size // self.sides[0].n
        gains[1] += codes[0].size // self.sides[0].n
        timed, session = (np.array([ours[k], theirs[k]], np.int64) for k in (6, 7))
        given = (stops, table, self._codes[2], pairs, gains, longest, timed, session)
        return given, no_long | no_short


class TurnGroup:
    """Genomes that turn, all without or all with stops, and the tables they need.

    Args:
        both: tables. job: genomes. bounds: of blocks. stops: of `list_turned`, None without.
    """

    def __init__(self, both: Both, job: Job, bounds: Int, stops: tuple[Any, ...] | None) -> None:
        self.order = job.order
        self._both, self._job, self._bounds, self._stops = both, job, bounds, stops
        self._at_bounds = np.ascontiguousarray(both.powers[bounds, :2])
        total, square = float(both.powers[-1, 0]), float(both.powers[-1, 1])
        self._totals = total, square, square - total * total / both.sides[0].n

    def _list(self, lo: int, hi: int, room: Scratch) -> int:
        from omp.engine.kernels.latch import list_turns
        from omp.engine.kernels.stops import list_turned

        population, both = self._job.population, self._both
        given = (
            self.order,
            lo,
            hi,
            both.sides[0].n,
            self._job.words[0],
            self._job.place,
            population.count,
            population.every,
            population.conditions,
            self._bounds,
            room.first,
            room.size,
            room.bars,
            room.rows,
            room.cuts,
            room.entries,
            both.sides[0].turned,
            both.others,
        )
        if self._stops is None:
            return int(list_turns(*given))
        return int(list_turned(*given, *self._stops))

    def account(self, out: Results, lo: int, hi: int, room: Scratch) -> None:
        """Evaluate genomes number lo to hi - 1 of the group into their rows of the results."""
        from omp.engine.kernels.turned import account_turned

        both = self._both
        while lo < hi:
            done = self._list(lo, hi, room)
            account_turned(
                self.order,
                lo,
                done,
                room.first,
                room.size,
                room.bars,
                room.rows,
                room.cuts,
                room.entries,
                both.others,
                room.running_both,
                room.width,
                both.flat,
                both.flat.view(np.uint64),
                *both.falls,
                both.bar_d,
                both.change,
                both.left,
                self._at_bounds,
                *self._totals,
                out.counts,
                out.sums,
                out.measures,
                out.hashes,
                out.block_sum,
                out.block_sum_sq,
                out.general,
            )
            lo = done

    def moments(self, out: Results, lo: int, hi: int, room: Scratch) -> None:
        """The moments of x of genomes number lo to hi - 1 of the group."""
        from omp.engine.kernels.turned import moments_turned

        both = self._both
        while lo < hi:
            done = self._list(lo, hi, room)
            moments_turned(
                self.order,
                lo,
                done,
                room.first,
                room.size,
                room.bars,
                room.rows,
                room.entries,
                both.others,
                both.flat,
                both.left,
                both.powers,
                out.moments,
                out.general,
            )
            lo = done

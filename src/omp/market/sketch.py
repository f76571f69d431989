"""An instrument known by its moves: the same bars under another name are the same instrument.

A sketch holds the close-to-close log returns of every symbol on a third of all dates, drawn by the
date alone, so that any two sketches speak of the same dates. Bars shorter than a day count by the
last close of their UTC date. Factors of adjustment cancel in returns, except on ex-dates.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from omp.market.bars import Bars, Panel

DAY_NS = 86_400_000_000_000
ONE_DATE_IN = 3
TOLERANCE = 1e-4
"""Greatest difference of two log returns that count as one: what rounding leaves between prices
as traded and adjusted ones; two different shares come as near on 7 dates of 100 at most."""
OF_A_MOVE = 0.1
"""Nor more than this part of a common move: the cash funds of two houses hardly move at all."""
MIN_DATES = 20
MIN_SHARE = 0.5

Moves = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sketch:
    """Moves of several symbols on the drawn dates.

    Args:
        symbols: their names, [n].
        days: days since 1970 that were drawn, ascending, [d].
        moves: log returns, NaN where a symbol has no bar or did not move, [d, n].
    """

    symbols: tuple[str, ...]
    days: NDArray[np.int64]
    moves: Moves

    def save(self, path: Path) -> None:
        """Keep it; it can be made again from the bars at any time."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = path.with_name(path.name + ".part")
        with staged.open("wb") as file:
            np.savez(file, symbols=np.array(self.symbols), days=self.days, moves=self.moves)
        staged.replace(path)


def load(path: Path) -> Sketch | None:
    """A kept sketch; None where there is none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return Sketch(tuple(map(str, kept["symbols"])), kept["days"], kept["moves"])
    except (OSError, ValueError, KeyError, EOFError):
        return None


def sketch(panel: Panel) -> Sketch:
    """The sketch of a panel."""
    moved = [_moves(one) for one in panel.bars]
    days = np.unique(np.concatenate([when for when, _ in moved]))
    moves = np.full((days.size, len(moved)), np.nan, np.float32)
    for at, (when, values) in enumerate(moved):
        moves[np.searchsorted(days, when), at] = values
    return Sketch(panel.symbols, days, moves)


def _moves(bars: Bars) -> tuple[NDArray[np.int64], Moves]:
    days = bars.timestamp // DAY_NS
    last = np.append(days[1:] != days[:-1], True)
    days, closes = days[last], bars.close[last]
    moves = np.diff(np.log(closes))
    drawn = ((days[1:] * 2_654_435_761 >> 8) % ONE_DATE_IN == 0) & (moves != 0.0)
    return days[1:][drawn], moves[drawn].astype(np.float32)


def same(one: Sketch, other: Sketch) -> tuple[tuple[str, str], ...]:
    """Pairs of symbols, one of each sketch, that are the same instrument by their moves."""
    shares, dates = agreement(one, other)
    found = np.argwhere((shares >= MIN_SHARE) & (dates >= MIN_DATES))
    return tuple((one.symbols[a], other.symbols[b]) for a, b in found)


def agreement(one: Sketch, other: Sketch) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Share of the common dates on which two symbols moved alike, and these dates, [n, m] each."""
    _, here, there = np.intersect1d(one.days, other.days, True, return_indices=True)
    shape = (len(one.symbols), len(other.symbols))
    alike, dates = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    quiet = np.minimum(_usual_move(one.moves)[:, None], _usual_move(other.moves)[None, :])
    nearest = np.minimum(TOLERANCE, OF_A_MOVE * quiet)
    for row, column in zip(one.moves[here], other.moves[there], strict=True):
        differ = np.abs(row[:, None] - column[None, :])
        alike += differ <= nearest
        dates += np.isfinite(differ)
    return alike / np.maximum(dates, 1), dates


def _usual_move(moves: Moves) -> NDArray[np.float64]:
    """The middle of each symbol's moves, either way, [n]; 0 of one that never moved."""
    sizes = np.where(np.isfinite(moves), np.abs(moves), np.inf).astype(np.float64)
    sizes.sort(axis=0)
    middle = np.maximum(np.isfinite(sizes).sum(axis=0) - 1, 0) // 2
    found = sizes[middle, np.arange(sizes.shape[1])] if len(sizes) else np.zeros(sizes.shape[1])
    return np.where(np.isfinite(found), found, 0.0)

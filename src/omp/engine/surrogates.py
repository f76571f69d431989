"""Surrogate data: the same bars with directions drawn anew, so that no rule can know them.

A surrogate keeps the size of every move and its place in time (so calm and wild weather, weekends
and gaps), the shape of every bar up to a mirror, what symbols have in common, volumes, and among
bars of like volatility the number of rising and of falling ones (so the drift, and how it differs
between calm and wild weather). It loses whatever ties the direction of a bar to what came before
it, slow trends included, which is all that a timing rule can live on. After the surrogates of
Theiler et al. (1992), with signs in the place of phases. Blocks of neighbouring bars would not do:
they keep trends longer than a block, and a search finds them (measured on a planted trend: a luck
line of 2.1 a year where 1.1 is due).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import InvalidInput
from omp.engine.seeds import stream
from omp.market.bars import Panel
from omp.market.synthetic_signs import turned

Float = NDArray[np.float64]

BLOCK_BARS = 63
"""Bars of like volatility whose directions are shuffled together."""

_WEATHER_BARS = 21  # over which the volatility around a bar is taken

_FIRST_STREAM = 1992  # apart from the streams of searches, which are numbered from 0


def surrogate_panel(panel: Panel, seed: int, block_bars: int = BLOCK_BARS) -> Panel:
    """A copy of a panel whose directions are shuffled within blocks of like volatility.

    Bars are put into blocks by the mean size of the pool's moves around them, wherever in time
    they lie, and the directions of the pool's moves are permuted within each block; where a bar's
    direction changes, the bar is turned round (in log prices) for every symbol that has it, its
    high becoming its low, and the gap before it with it. Prices start where they started.

    Args:
        panel: Real bars.
        seed: Which copy; the same seed gives the same copy.
        block_bars: Bars of a block, 2 or more.

    Raises:
        InvalidInput: If a block has fewer than two bars, or the seed is negative.
    """
    if block_bars < 2 or seed < 0:
        raise InvalidInput(
            f"surrogate data with blocks of {block_bars} bars and seed {seed}",
            allowed="2 bars or more, a seed of 0 or more",
            remedy=f"give {BLOCK_BARS} bars",
        )
    sign = _signs(_pool_moves(panel), seed, block_bars)
    bars = tuple(
        turned(one.symbol, one, one.timestamp, sign[row])
        for one, row in zip(panel.bars, panel.row, strict=True)
    )
    return replace(panel, bars=bars)


def _pool_moves(panel: Panel) -> Float:
    """Mean log move, close to close, of the symbols that have each bar, [T]."""
    moved, there = np.zeros(len(panel)), np.zeros(len(panel))
    for one, row in zip(panel.bars, panel.row, strict=True):
        moved[row] += np.diff(np.log(one.close), prepend=np.log(one.open[0]))
        there[row] += 1.0
    return moved / np.maximum(there, 1.0)


def _signs(moves: Float, seed: int, block_bars: int) -> Float:
    """1 where a bar keeps its direction, -1 where it is turned round, [T].

    A bar that did not move has no direction to give away; it is turned by a coin.
    """
    rng = stream(seed, _FIRST_STREAM)
    rising = np.sign(moves)
    wanted = rising.copy()
    order = np.argsort(_weather(moves), kind="stable")
    for begin in range(0, moves.size, block_bars):
        block = order[begin : begin + block_bars]
        moving = block[rising[block] != 0.0]
        wanted[moving] = rng.permutation(rising[moving])
    coin = np.where(rng.random(moves.size) < 0.5, 1.0, -1.0)
    return np.asarray(np.where(rising == 0.0, coin, rising * wanted))


def _weather(moves: Float) -> Float:
    """Mean size of the moves around each bar, [T]."""
    half = _WEATHER_BARS // 2
    total = np.concatenate([[0.0], np.cumsum(np.abs(moves))])
    bars = np.arange(moves.size)
    first, last = np.maximum(bars - half, 0), np.minimum(bars + half + 1, moves.size)
    return np.asarray((total[last] - total[first]) / (last - first))

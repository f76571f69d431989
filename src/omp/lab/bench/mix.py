"""The question every contestant answers: bars, 284 conditions, and rules drawn from them.

Entry and exit each are an AND or an OR of two to four conditions; long only; 5 bps a side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omp.engine.codebook import Codebook
from omp.engine.conditions import Series
from omp.engine.fills import Bool, Costs, Float
from omp.engine.genome import Condition, Stops
from omp.engine.grammar import Grammar
from omp.engine.population import Population
from omp.engine.seeds import Dice, stream
from omp.engine.simulation import bar_table
from omp.engine.stops import STOP_LEVELS, STOP_NAMES
from omp.market.bars import Panel, make_panel
from omp.market.synthetic_paths import bars_around, common_noise, moves

Int = NDArray[np.int64]

SEED = 20_260_704
GENOMES = 1_000
CONDITIONS = 284
FEWEST, MOST = 2, 4
FEE_BPS = 5.0
N_BLOCKS = 16
COSTS = Costs(commission_bps=FEE_BPS)
GRAMMAR = Grammar(max_conditions=MOST)

_STOP_CHANCE = 0.5  # each of the four; a rule that drew none gets a stop loss
_HOUR_NS = 3_600 * 10**9
_FIRST_NS = 1_262_304_000 * 10**9  # 2010-01-01
_PERIODS_PER_YEAR = 252.0


@dataclass(frozen=True, eq=False)
class Draw:
    """Rules as rows of numbers.

    Args:
        chosen: rows of entry and exit conditions, [G, 2, 4]; only the first `count` are meant.
        count: conditions of entry and exit, [G, 2].
        every: whether all of them must hold, [G, 2].
        levels: stop loss, take profit, trailing, longest holding; 0 where not used, [G, 4].
    """

    chosen: Int
    count: Int
    every: Bool
    levels: Float

    def __len__(self) -> int:
        return int(self.count.shape[0])

    def take(self, rows: Int) -> "Draw":
        """Some of the rules."""
        return Draw(self.chosen[rows], self.count[rows], self.every[rows], self.levels[rows])


@dataclass(frozen=True, eq=False)
class Question:
    """Bars and conditions.

    Args:
        panel: one symbol.
        conditions: what rules are made of.
        columns: whether each condition holds at the close of each bar, [C, T].
        prices: open, high, low, close, close-to-close return, [5, T].
        codebook: what the product numbers its conditions by.
    """

    panel: Panel
    conditions: tuple[Condition, ...]
    columns: Bool
    prices: Float
    codebook: Codebook

    def signals(self, draw: Draw, g: int) -> tuple[Bool, Bool]:
        """Entry and exit of a rule at the close of each bar, [T] each."""
        found = []
        for side in (0, 1):
            chosen = self.columns[draw.chosen[g, side, : draw.count[g, side]]]
            merge = np.logical_and if draw.every[g, side] else np.logical_or
            found.append(np.asarray(merge.reduce(chosen)))
        return found[0], found[1]

    def population(self, draw: Draw) -> Population:
        """The rules as the product's search holds them."""
        made = Population.empty(self.codebook, len(draw))
        numbers = np.array([self.codebook.number(one) for one in self.conditions])
        behind = np.arange(MOST) >= draw.count[:, :, None]
        chosen = np.where(behind, len(self.codebook), numbers[draw.chosen])
        chosen.sort(axis=2)
        made.conditions[:, :, :MOST] = np.where(behind, -1, chosen)
        made.count[:] = draw.count
        made.every[:] = draw.every
        for kind, known in enumerate(self.codebook.stop_levels):
            for at, level in enumerate(known):
                made.stops[draw.levels[:, kind] == level, kind] = at
        return made


def stops_of(draw: Draw, g: int) -> Stops:
    """The stops of one rule."""
    loss, gain, trail, bars = (one if one > 0.0 else None for one in draw.levels[g].tolist())
    return Stops(loss, gain, trail, None if bars is None else int(bars))


def make_panel_of(n_bars: int, n_symbols: int = 1, seed: int = SEED) -> Panel:
    """A market without any edge: hourly bars, a daily volatility of one per cent."""
    rng = stream(seed, n_bars)
    shape = (n_symbols, n_bars)
    scale = np.ones(shape)
    steps = moves(
        common_noise(rng, shape, 0.3), common_noise(rng, shape, 0.3), scale, np.zeros(shape)
    )
    stamps = _FIRST_NS + _HOUR_NS * np.arange(n_bars, dtype=np.int64)
    symbols = tuple(f"S{k:03d}" for k in range(n_symbols))
    bars = bars_around(symbols, stamps, *steps, scale, rng)
    return make_panel(bars, "1h", "synthetic", _PERIODS_PER_YEAR)


def make_question(n_bars: int, n_conditions: int = CONDITIONS) -> Question:
    """The bars and conditions of the bench."""
    panel = make_panel_of(n_bars)
    known = Series(panel.bars[0])
    conditions = draw_conditions(n_conditions)
    columns = np.stack([known.holds(one) for one in conditions])
    one = panel.bars[0]
    prices = bar_table((one.open, one.high, one.low, one.close))
    return Question(panel, conditions, columns, prices, Codebook(GRAMMAR))


def draw_conditions(size: int = CONDITIONS) -> tuple[Condition, ...]:
    """Distinct conditions of the whole grammar, as its search draws them."""
    dice = Dice(stream(SEED, 0))
    drawn: dict[Condition, None] = {}
    while len(drawn) < size:
        drawn[GRAMMAR.random_condition(dice)] = None
    return tuple(sorted(drawn, key=lambda one: str(one.key)))


def draw_rules(size: int, number: int, n_conditions: int = CONDITIONS, *, stops: bool) -> Draw:
    """Population `number` of the mix.

    Args:
        size: rules. number: which population; the same number gives the same rules.
        n_conditions: conditions to choose from. stops: whether rules have stops.
    """
    rng = stream(SEED, 1 + number)
    chosen = np.argsort(rng.random((size, 2, n_conditions)), axis=2)[:, :, :MOST]
    count = rng.integers(FEWEST, MOST + 1, (size, 2))
    every = rng.random((size, 2)) < 0.5
    levels = np.zeros((size, len(STOP_NAMES)))
    if stops:
        used = rng.random(levels.shape) < _STOP_CHANCE
        used[~used.any(axis=1), 0] = True
        for j, grid in enumerate(STOP_LEVELS[name] for name in STOP_NAMES):
            drawn = np.asarray(grid, dtype=np.float64)[rng.integers(0, len(grid), size)]
            levels[:, j] = np.where(used[:, j], drawn, 0.0)
    return Draw(np.ascontiguousarray(chosen), count, every, levels)


def spread(cost: Sequence[int] | Int, size: int) -> Int:
    """Rows that stand for the whole: evenly spaced in the order of their cost (trades)."""
    order = np.argsort(np.asarray(cost), kind="stable")
    places = ((np.arange(size) + 0.5) * order.size / size).astype(np.int64)
    return np.asarray(order[places])

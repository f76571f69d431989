"""The grammar of a campaign: every rule its search may draw, and how one is drawn at random."""

import itertools
from dataclasses import dataclass, field

import numpy as np

from omp.domain.errors import InvalidInput
from omp.domain.indicators import INDICATORS, select_indicators
from omp.engine.genome import (
    DIRECTIONS,
    MIRRORED,
    Condition,
    Genome,
    Operand,
    Rule,
    condition,
    genome,
    rule,
)
from omp.engine.indicators import lookback_bars
from omp.engine.seeds import Dice
from omp.engine.stops import STOP_LEVELS, make_stops

# The shares below were set on planted markets (seeds 0 to 31, dial 1.5, one symbol). Rules that
# hold while a simple state lasts, in about half of the bars, show an edge best: against even shares
# the runs whose PBO passes rose from .50 to about .63, at the same size of generation 0.

STATE_SHARE = 0.9  # `<` and `>` together, against the two crossings
NUMBER_SHARE = 0.8  # a number on the right where both a number and an indicator would do
DUAL_EXIT_SHARE = 0.8  # exits that are the entry turned round: hold while it is true
STOP_SHARE = 0.15  # each permitted stop
FURTHER_SHARE = 0.3  # each further condition is drawn with this probability
LEVEL_DRAWS = 3  # a level is the mean of so many draws: the middle ones are likelier


@dataclass(frozen=True)
class Grammar:
    """What may be drawn.

    Args:
        indicators: names or groups of the table; empty for all.
        direction: long, short or long_short.
        max_conditions: conditions of an entry, and of an exit, at most (1 to 8).
        stops: names of the stops that may be used.
        feature_levels: levels of each feature among the indicators, ascending; a feature without
            levels is not drawn.

    Raises:
        InvalidInput: when a name is unknown, or no condition can be formed.
    """

    indicators: tuple[str, ...] = ()
    direction: str = "long"
    max_conditions: int = 2
    stops: tuple[str, ...] = tuple(STOP_LEVELS)
    feature_levels: tuple[tuple[str, tuple[float, ...]], ...] = ()
    operands: dict[str, tuple[Operand, ...]] = field(init=False, repr=False, compare=False)
    _mates: dict[str, tuple[Operand, ...]] = field(init=False, repr=False, compare=False)
    lefts: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _made: dict[tuple[int, str, int | float], Condition] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        names = select_indicators(self.indicators)
        if self.direction not in DIRECTIONS:
            raise InvalidInput(
                f"direction = {self.direction!r}", allowed=", ".join(DIRECTIONS), remedy="use one"
            )
        if not 1 <= self.max_conditions <= 8:
            raise InvalidInput(
                f"max_conditions = {self.max_conditions}", allowed="1 to 8", remedy="change it"
            )
        unknown = [name for name in self.stops if name not in STOP_LEVELS]
        if unknown:
            raise InvalidInput(
                f"unknown stops: {', '.join(unknown)}",
                allowed=", ".join(STOP_LEVELS),
                remedy="use these names",
            )
        operands = {name: _instances(name) for name in names}
        mates: dict[str, tuple[Operand, ...]] = {}
        for name in names:
            scale = INDICATORS[name].scale
            mates[name] = tuple(
                one
                for other in names
                if scale and INDICATORS[other].scale == scale
                for one in operands[other]
            )
        lefts = tuple(name for name in names if self.levels(name) or len(mates[name]) > 1)
        if not lefts:
            raise InvalidInput(
                f"no condition can be formed from {', '.join(names)}",
                allowed="an indicator with levels, or two of one scale",
                remedy="allow more indicators",
            )
        for name, value in (("operands", operands), ("_mates", mates), ("lefts", lefts)):
            object.__setattr__(self, name, value)

    @property
    def lookback_bars(self) -> int:
        """The longest look-back of any indicator in the grammar: the embargo of its windows."""
        return max(
            lookback_bars(one.indicator, dict(one.parameters))
            for instances in self.operands.values()
            for one in instances
        )

    def levels(self, name: str) -> tuple[float, ...]:
        """The numbers that an indicator is compared with, ascending."""
        return INDICATORS[name].levels or dict(self.feature_levels).get(name, ())

    def random_genome(self, rng: Dice | np.random.Generator) -> Genome:
        """A genome drawn from the grammar; a generator gives one block of its numbers."""
        dice = rng if isinstance(rng, Dice) else Dice(rng)
        entry = self.random_rule(dice)
        leave = dual(entry) if dice.chance(DUAL_EXIT_SHARE) else self.random_rule(dice)
        chosen = {
            name: dice.pick(STOP_LEVELS[name]) for name in self.stops if dice.chance(STOP_SHARE)
        }
        return genome(self.direction, entry, leave, make_stops(chosen))

    def random_rule(self, dice: Dice) -> Rule:
        """One to max_conditions conditions, fewer being likelier."""
        count = 1
        while count < self.max_conditions and dice.chance(FURTHER_SHARE):
            count += 1
        combine = "all" if dice.chance(0.5) else "any"
        return rule(combine, [self.random_condition(dice) for _ in range(count)])

    def random_condition(self, dice: Dice) -> Condition:
        """One comparison: an indicator first, then its parameters, the operator, the right side."""
        name = dice.pick(self.lefts)
        left = dice.pick(self.operands[name])
        if dice.chance(STATE_SHARE):
            op = "<" if dice.chance(0.5) else ">"
        else:
            op = "crosses_above" if dice.chance(0.5) else "crosses_below"
        levels, mates = self.levels(name), self._mates[name]
        if levels and (len(mates) < 2 or dice.chance(NUMBER_SHARE)):
            place = sum(dice.share() for _ in range(LEVEL_DRAWS)) / LEVEL_DRAWS
            return self._known(left, op, levels[int(place * len(levels))])
        right = left
        while right is left:
            right = dice.pick(mates)
        return self._known(left, op, right)

    def _known(self, left: Operand, op: str, right: Operand | float) -> Condition:
        key = (id(left), op, id(right) if isinstance(right, Operand) else right)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = condition(left, op, right)
        return made


def dual(one: Rule) -> Rule:
    """The rule turned round: each condition mirrored, `all` and `any` exchanged."""
    mirrored = [Condition(c.left, MIRRORED[c.op], c.right) for c in one.conditions]
    return rule("any" if one.combine == "all" else "all", mirrored)


def _instances(name: str) -> tuple[Operand, ...]:
    """Every parameter choice of the table's grids; `fast` stays below `slow`."""
    parameters = INDICATORS[name].parameters
    chosen = []
    for values in itertools.product(*(one.grid for one in parameters)):
        given = {one.name: value for one, value in zip(parameters, values, strict=True)}
        if given.get("fast", 0) < given.get("slow", 1):
            chosen.append(Operand.of(name, **given))
    return tuple(chosen)

"""The genome of a strategy: what it buys on, what it sells on, where it stops.

A genome is always held in canonical form, so that two ways of writing the same rule are one
genome with one hash: conditions sorted and each once, an indicator compared with an indicator
written with the smaller one on the left, a single condition always `all`, no exit condition
always `any` (which never fires).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from omp.domain.errors import InvalidInput
from omp.domain.indicators import INDICATORS, check_parameters

DIRECTIONS = ("long", "short", "long_short")
COMBINES = ("all", "any")
MIRRORED = {"<": ">", ">": "<", "crosses_above": "crosses_below", "crosses_below": "crosses_above"}
OPERATORS = tuple(MIRRORED)
STRATEGY_SCHEMA_VERSION = 1


@dataclass(frozen=True, order=True)
class Operand:
    """An indicator with its parameters, in the order of the table."""

    indicator: str
    parameters: tuple[tuple[str, float], ...] = ()

    @staticmethod
    def of(indicator: str, **parameters: float) -> "Operand":
        """An operand checked against the table.

        Raises:
            InvalidInput: see `check_parameters`.
        """
        return Operand(indicator, check_parameters(indicator, parameters))


@dataclass(frozen=True)
class Condition:
    """One comparison at the close of a bar. Make it with `condition`, which brings its form."""

    left: Operand
    op: str
    right: Operand | float
    key: tuple[object, ...] = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        right = self.right
        tail = (1, right.indicator, right.parameters) if isinstance(right, Operand) else (0, right)
        key = (self.left.indicator, self.left.parameters, self.op, *tail)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "_hash", hash(key))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True)
class Rule:
    """Conditions that must hold together (`all`) or of which one is enough (`any`)."""

    combine: str
    conditions: tuple[Condition, ...]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


@dataclass(frozen=True)
class Stops:
    """Distances as fractions of the entry open; None where a stop is not used.

    Args:
        stop_loss: adverse move that closes the position, above 0 and below 1.
        take_profit: favourable move that closes it, above 0 (below 1 for shorts to be reached).
        trailing: give-back from the best price since entry, above 0 and below 1.
        max_bars: bars after which the position is closed at the next open.
    """

    stop_loss: float | None = None
    take_profit: float | None = None
    trailing: float | None = None
    max_bars: int | None = None

    def __post_init__(self) -> None:
        for name in ("stop_loss", "take_profit", "trailing"):
            value = getattr(self, name)
            top = math.inf if name == "take_profit" else 1.0
            if value is not None and not (_is_number(value) and 0.0 < value < top):
                raise InvalidInput(
                    f"{name} = {value!r}",
                    allowed="a fraction above 0" + (" and below 1" if top == 1.0 else ""),
                    remedy="write 0.05 for five per cent, or leave the stop out",
                )
        bars = self.max_bars
        if bars is not None and not (_is_number(bars) and bars == bars // 1 and bars >= 1):
            raise InvalidInput(
                f"max_bars = {bars!r}", allowed="a whole number of at least 1", remedy="change it"
            )

    @property
    def count(self) -> int:
        """How many of the four are used."""
        return sum(getattr(self, one.name) is not None for one in fields(self))


@dataclass(frozen=True)
class Genome:
    """A strategy without its market and costs. Make it with `genome`, which brings its form."""

    direction: str
    entry: Rule
    exit: Rule
    stops: Stops = field(default_factory=Stops)

    @property
    def complexity(self) -> int:
        """Conditions and stops together: the smaller of two equals is preferred."""
        return len(self.entry.conditions) + len(self.exit.conditions) + self.stops.count

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions, entry first."""
        return self.entry.conditions + self.exit.conditions


def condition(left: Operand, op: str, right: Operand | float) -> Condition:
    """A condition in canonical form.

    Raises:
        InvalidInput: when the operator is unknown, the number is not finite, an indicator is
            compared with itself, or two indicators have no common scale.
    """
    if op not in MIRRORED:
        raise InvalidInput(
            f"operator {op!r}", allowed=", ".join(OPERATORS), remedy="use one of these"
        )
    if isinstance(right, Operand):
        scale = INDICATORS[left.indicator].scale
        if not scale or scale != INDICATORS[right.indicator].scale or left == right:
            raise InvalidInput(
                f"{left.indicator} compared with {right.indicator}",
                allowed="two different indicators of one scale",
                remedy="see the scales in docs/reference/indicators.md",
            )
        return Condition(left, op, right) if left < right else Condition(right, MIRRORED[op], left)
    number = float(right)
    if not math.isfinite(number):
        raise InvalidInput(
            f"{left.indicator} {op} {right!r}", allowed="a finite number", remedy="change it"
        )
    return Condition(left, op, number + 0.0)  # + 0.0 makes -0.0 the same as 0.0


def rule(combine: str, conditions: Sequence[Condition]) -> Rule:
    """A rule in canonical form.

    Raises:
        InvalidInput: when combine is neither all nor any.
    """
    if combine not in COMBINES:
        raise InvalidInput(f"combine = {combine!r}", allowed="all or any", remedy="use one of them")
    distinct = tuple(sorted(set(conditions), key=lambda one: one.key))
    if len(distinct) < 2:
        combine = "all" if distinct else "any"
    return Rule(combine, distinct)


def genome(direction: str, entry: Rule, exit: Rule, stops: Stops | None = None) -> Genome:
    """A genome in canonical form.

    Raises:
        InvalidInput: when the direction is unknown or there is no entry condition.
    """
    if direction not in DIRECTIONS:
        raise InvalidInput(
            f"direction = {direction!r}", allowed=", ".join(DIRECTIONS), remedy="use one of these"
        )
    if not entry.conditions:
        raise InvalidInput(
            "an entry without conditions", allowed="at least one condition", remedy="add one"
        )
    return Genome(
        direction,
        rule(entry.combine, entry.conditions),
        rule(exit.combine, exit.conditions),
        stops or Stops(),
    )

"""Neighbours of a rule on the grids: one parameter, level or stop, one value up or down."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from omp.domain.indicators import INDICATORS, is_feature
from omp.engine.genome import Condition, Genome, Operand, Rule, Stops, condition, genome, rule
from omp.engine.stops import STOP_LEVELS, STOP_NAMES, make_stops

Levels = Mapping[str, Sequence[float]]
"""Name of a feature -> the values it is compared with, ascending."""
_NONE: Levels = {}


def neighbours(one: Genome, feature_levels: Levels = _NONE) -> list[Genome]:
    """Every genome one step away: each parameter, level and stop one grid value up and down.

    Values between two grid values move to the next one on either side. The list is in a fixed
    order, holds each genome once, and never the genome itself.

    Args:
        one: The genome. feature_levels: Levels of a user's own columns, which have no grid of
            their own; one that is not named stays as it is.
    """
    found: dict[Genome, None] = {}
    for side in ("entry", "exit"):
        held: Rule = getattr(one, side)
        for i, old in enumerate(held.conditions):
            for new in condition_steps(old, feature_levels):
                changed = (*held.conditions[:i], new, *held.conditions[i + 1 :])
                found[_with(one, side, rule(held.combine, changed))] = None
    for stops in _stop_steps(one.stops):
        found[replace(one, stops=stops)] = None
    found.pop(one, None)
    return list(found)


def condition_steps(one: Condition, feature_levels: Levels = _NONE) -> list[Condition]:
    """The conditions one grid step away from a condition."""
    steps = [condition(left, one.op, one.right) for left in operand_steps(one.left, one.right)]
    if isinstance(one.right, Operand):
        moved = operand_steps(one.right, one.left)
        return steps + [condition(one.left, one.op, right) for right in moved]
    name = one.left.indicator
    levels = feature_levels.get(name, ()) if is_feature(name) else INDICATORS[name].levels
    numbers = (step(one.right, levels, up) for up in (False, True))
    return steps + [condition(one.left, one.op, n) for n in numbers if n is not None]


def _with(one: Genome, side: str, changed: Rule) -> Genome:
    entry, leave = (changed, one.exit) if side == "entry" else (one.entry, changed)
    return genome(one.direction, entry, leave, one.stops)


def operand_steps(one: Operand, against: Operand | float | None = None) -> list[Operand]:
    """The operands one grid step away from an operand, without what it is compared with."""
    found = []
    for i, parameter in enumerate(INDICATORS[one.indicator].parameters):
        name, value = one.parameters[i]
        for up in (False, True):
            moved = step(value, parameter.grid, up)
            if moved is None:
                continue
            given = {**dict(one.parameters), name: moved}
            made = Operand.of(one.indicator, **given)
            if made != against and given.get("fast", 0) < given.get("slow", 1):
                found.append(made)
    return found


def _stop_steps(one: Stops) -> list[Stops]:
    held = {name: getattr(one, name) for name in STOP_NAMES if getattr(one, name) is not None}
    moves = [
        (name, step(value, STOP_LEVELS[name], up))
        for name, value in held.items()
        for up in (False, True)
    ]
    return [make_stops({**held, name: level}) for name, level in moves if level is not None]


def step(value: float, grid: Sequence[float], up: bool) -> float | None:
    """The next value of an ascending grid above or below a value, None at its end."""
    beyond = [one for one in grid if (one > value if up else one < value)]
    return (beyond[0] if up else beyond[-1]) if beyond else None

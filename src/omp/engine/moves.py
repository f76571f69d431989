"""How rules change: one step, one exchange, one crossing of two parents."""

from collections.abc import Callable
from dataclasses import replace

from omp.engine.genome import Genome, Rule, genome, rule
from omp.engine.grammar import Grammar, dual
from omp.engine.seeds import Dice
from omp.engine.steps import condition_steps, neighbours
from omp.engine.stops import STOP_LEVELS, STOP_NAMES, make_stops

__all__ = ["cross", "mutate", "neighbours"]


def mutate(one: Genome, grammar: Grammar, dice: Dice) -> Genome:
    """A changed copy of a genome that stays within the grammar; another genome where it can."""
    for _ in range(8):
        made = dice.pick(_CHANGES)(one, grammar, dice)
        if made != one:
            return made
    return grammar.random_genome(dice)


def cross(one: Genome, other: Genome, grammar: Grammar, dice: Dice) -> Genome:
    """A child of two parents: the entry of one and the exit of the other, or a mix of both."""
    if dice.chance(0.5):
        return genome(one.direction, one.entry, other.exit, dice.pick((one.stops, other.stops)))
    entry = _mixed(one.entry, other.entry, grammar, dice)
    leave = _mixed(one.exit, other.exit, grammar, dice)
    return genome(one.direction, entry, leave, dice.pick((one.stops, other.stops)))


def _with(one: Genome, side: str, changed: Rule) -> Genome:
    entry, leave = (changed, one.exit) if side == "entry" else (one.entry, changed)
    return genome(one.direction, entry, leave, one.stops)


def _mixed(one: Rule, other: Rule, grammar: Grammar, dice: Dice) -> Rule:
    pool = list(dict.fromkeys(one.conditions + other.conditions))
    if not pool:
        return one
    most = min(len(pool), grammar.max_conditions)
    wanted = 1 + dice.below(most)
    chosen = [pool.pop(dice.below(len(pool))) for _ in range(wanted)]
    return rule(dice.pick((one.combine, other.combine)), chosen)


def _side(dice: Dice) -> str:
    return "entry" if dice.chance(0.6) else "exit"


def _step_condition(one: Genome, _: Grammar, dice: Dice) -> Genome:
    side = _side(dice)
    held: Rule = getattr(one, side)
    if not held.conditions:
        return one
    at = dice.below(len(held.conditions))
    steps = condition_steps(held.conditions[at])
    if not steps:
        return one
    changed = (*held.conditions[:at], dice.pick(steps), *held.conditions[at + 1 :])
    return _with(one, side, rule(held.combine, changed))


def _replace_condition(one: Genome, grammar: Grammar, dice: Dice) -> Genome:
    side = _side(dice)
    held: Rule = getattr(one, side)
    at = dice.below(max(1, len(held.conditions)))
    changed = (*held.conditions[:at], grammar.random_condition(dice), *held.conditions[at + 1 :])
    return _with(one, side, rule(held.combine, changed))


def _add_condition(one: Genome, grammar: Grammar, dice: Dice) -> Genome:
    side = _side(dice)
    held: Rule = getattr(one, side)
    if len(held.conditions) >= grammar.max_conditions:
        return one
    combine = held.combine if len(held.conditions) > 1 else dice.pick(("all", "any"))
    return _with(one, side, rule(combine, (*held.conditions, grammar.random_condition(dice))))


def _drop_condition(one: Genome, _: Grammar, dice: Dice) -> Genome:
    side = _side(dice)
    held: Rule = getattr(one, side)
    if len(held.conditions) < 2:
        return one
    at = dice.below(len(held.conditions))
    return _with(one, side, rule(held.combine, held.conditions[:at] + held.conditions[at + 1 :]))


def _flip_combine(one: Genome, _: Grammar, dice: Dice) -> Genome:
    side = _side(dice)
    held: Rule = getattr(one, side)
    return _with(one, side, rule("any" if held.combine == "all" else "all", held.conditions))


def _turn_exit(one: Genome, grammar: Grammar, dice: Dice) -> Genome:
    leave = dual(one.entry) if dice.chance(0.5) else grammar.random_rule(dice)
    return _with(one, "exit", leave)


def _change_stop(one: Genome, grammar: Grammar, dice: Dice) -> Genome:
    if not grammar.stops:
        return one
    held = {name: getattr(one.stops, name) for name in STOP_NAMES}
    kept = {name: value for name, value in held.items() if value is not None}
    name = dice.pick(grammar.stops)
    if name in kept and dice.chance(0.5):
        del kept[name]
    else:
        kept[name] = dice.pick(STOP_LEVELS[name])
    return replace(one, stops=make_stops(kept))


_Change = Callable[[Genome, Grammar, Dice], Genome]
_CHANGES: tuple[_Change, ...] = (
    _step_condition,
    _step_condition,
    _step_condition,
    _replace_condition,
    _replace_condition,
    _add_condition,
    _drop_condition,
    _flip_combine,
    _turn_exit,
    _change_stop,
)

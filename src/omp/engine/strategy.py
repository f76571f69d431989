"""Genomes as strategy.toml says them, and back again without loss."""

from collections.abc import Mapping, Sequence
from typing import Any

from omp.domain.errors import InvalidInput
from omp.domain.ids import candidate_id as name_of
from omp.domain.indicators import check_parameters
from omp.engine.genome import (
    STRATEGY_SCHEMA_VERSION,
    Condition,
    Genome,
    Operand,
    Rule,
    Stops,
    condition,
    genome,
    rule,
)
from omp.wire.canonical import digest_of

_STOPS = ("stop_loss", "take_profit", "trailing", "max_bars")


def to_strategy(one: Genome, symbols: Sequence[str], timeframe: str) -> dict[str, Any]:
    """The strategy.toml tables of a genome, costs left to the caller.

    Args:
        one: the genome.
        symbols: the instruments it trades; written in ascending order.
        timeframe: such as "1d".
    """
    return {
        "strategy": {
            "schema_version": STRATEGY_SCHEMA_VERSION,
            "direction": one.direction,
            "timeframe": timeframe,
            "symbols": sorted(symbols),
        },
        **genes(one),
    }


def genes(one: Genome) -> dict[str, Any]:
    """The tables `entry`, `exit` and `stops` of a genome."""
    return {
        "entry": _from_rule(one.entry),
        "exit": _from_rule(one.exit),
        "stops": {
            name: value for name in _STOPS if (value := getattr(one.stops, name)) is not None
        },
    }


def from_strategy(strategy: Mapping[str, Any]) -> Genome:
    """The genome of strategy.toml tables (one member of an ensemble has the same shape).

    Raises:
        InvalidInput: when a table or key is missing, unknown or out of range.
    """
    head = _table(strategy, "strategy")
    version = head.get("schema_version")
    if version != STRATEGY_SCHEMA_VERSION:
        raise InvalidInput(
            f"strategy schema_version {version!r}",
            allowed=str(STRATEGY_SCHEMA_VERSION),
            remedy="write the strategy in the shape of this version, or update the program",
        )
    return from_genes(str(head.get("direction")), strategy)


def from_genes(direction: str, tables: Mapping[str, Any]) -> Genome:
    """The genome of a direction and the tables `entry`, `exit` and `stops`.

    Raises:
        InvalidInput: as `from_strategy`.
    """
    stops = dict(tables.get("stops", {}))
    _refuse_unknown(stops, _STOPS, "stops")
    if stops.get("max_bars") is not None:
        stops["max_bars"] = int(stops["max_bars"])
    return genome(
        direction,
        _to_rule(_table(tables, "entry"), "entry"),
        _to_rule(_table(tables, "exit"), "exit"),
        Stops(**stops),
    )


def genome_hash(one: Genome, symbols: Sequence[str], timeframe: str) -> str:
    """64 hex digits (blake3) of the canonical strategy on its market, costs left out."""
    return digest_of(to_strategy(one, symbols, timeframe))


def ensemble_hash(members: Sequence[tuple[str, float]]) -> str:
    """64 hex digits (blake3) of the sorted member hashes and their weights."""
    return digest_of({"members": sorted([member, float(weight)] for member, weight in members)})


def candidate_id(one: Genome, symbols: Sequence[str], timeframe: str) -> str:
    """The candidate's name: cand_ and the first 20 digits of its genome hash."""
    return name_of(genome_hash(one, symbols, timeframe))


def _from_rule(one: Rule) -> dict[str, Any]:
    return {"combine": one.combine, "conditions": [condition_table(c) for c in one.conditions]}


def condition_table(one: Condition) -> dict[str, Any]:
    """A condition as strategy.toml says it."""
    right = _from_operand(one.right) if isinstance(one.right, Operand) else one.right
    return {"left": _from_operand(one.left), "op": one.op, "right": right}


def _from_operand(one: Operand) -> dict[str, Any]:
    return {"indicator": one.indicator, **dict(one.parameters)}


def _to_rule(table: Mapping[str, Any], where: str) -> Rule:
    _refuse_unknown(table, ("combine", "conditions"), where)
    given = table.get("conditions", [])
    if not isinstance(given, list | tuple):
        raise InvalidInput(
            f"{where}.conditions is no list", allowed="a list of conditions", remedy="write [...]"
        )
    conditions = [to_condition(one, f"{where}.conditions[{i}]") for i, one in enumerate(given)]
    return rule(str(table.get("combine", "all")), conditions)


def to_condition(table: Any, where: str) -> Condition:
    """The condition of a table; `where` names it in a refusal.

    Raises:
        InvalidInput: when it is not a comparison that exists.
    """
    if not isinstance(table, Mapping) or set(table) != {"left", "op", "right"}:
        raise InvalidInput(
            f"{where} = {table!r}",
            allowed='{left = {indicator = "rsi", length = 14}, op = "<", right = 30.0}',
            remedy="give left, op and right",
        )
    left, right = table["left"], table["right"]
    if isinstance(right, Mapping):
        return condition(_to_operand(left, where), str(table["op"]), _to_operand(right, where))
    if isinstance(right, bool) or not isinstance(right, int | float):
        raise InvalidInput(
            f"{where}.right = {right!r}", allowed="a number or an indicator", remedy="change it"
        )
    return condition(_to_operand(left, where), str(table["op"]), float(right))


def _to_operand(table: Any, where: str) -> Operand:
    if not isinstance(table, Mapping) or "indicator" not in table:
        raise InvalidInput(
            f"{where}: operand {table!r}",
            allowed='{indicator = "rsi", length = 14}',
            remedy="name the indicator and its parameters",
        )
    name = str(table["indicator"])
    given = {str(key): value for key, value in table.items() if key != "indicator"}
    return Operand(name, check_parameters(name, given))


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tables.get(name)
    if not isinstance(found, Mapping):
        raise InvalidInput(
            f"the table [{name}] is missing", allowed=f"a table [{name}]", remedy="add it"
        )
    return found


def _refuse_unknown(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise InvalidInput(
            f"unknown keys in [{where}]: {', '.join(unknown)}",
            allowed=", ".join(known),
            remedy="remove or correct them",
        )

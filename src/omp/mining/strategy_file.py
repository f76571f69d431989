"""`strategy.toml`: a strategy as a person can read, write and hand on.

A single strategy has the tables `strategy, entry, exit, stops, costs`; an ensemble has `[[member]]`
tables of that same shape, each with a weight, and is one candidate.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omp.domain.errors import InvalidInput
from omp.domain.ids import candidate_id
from omp.engine.genome import Genome
from omp.engine.strategy import ensemble_hash, from_strategy, genome_hash, to_strategy

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Member:
    """One strategy with its weight in the whole; a single strategy weighs 1."""

    genome: Genome
    weight: float


@dataclass(frozen=True)
class Strategy:
    """What a `strategy.toml` holds.

    Args:
        members: One strategy, or the members of an ensemble.
        symbols: The instruments it trades, ascending.
        timeframe: Such as "1d".
        costs: `commission_bps`, `slippage_bps` per side.
        is_ensemble: Whether it was made as an ensemble (of one member, too).
    """

    members: tuple[Member, ...]
    symbols: tuple[str, ...]
    timeframe: str
    costs: Mapping[str, float]
    is_ensemble: bool = False

    @property
    def genome_hash(self) -> str:
        """Hash of the canonical genome, or of the sorted member hashes and weights."""
        hashes = self.member_hashes
        if not self.is_ensemble:
            return hashes[0]
        pairs = zip(hashes, self.members, strict=True)
        return ensemble_hash([(one, member.weight) for one, member in pairs])

    @property
    def member_hashes(self) -> tuple[str, ...]:
        """Genome hash of each member, in order."""
        return tuple(genome_hash(one.genome, self.symbols, self.timeframe) for one in self.members)

    @property
    def candidate_id(self) -> str:
        return candidate_id(self.genome_hash, ensemble=self.is_ensemble)


def single(
    genome: Genome, symbols: Sequence[str], timeframe: str, costs: Mapping[str, float]
) -> Strategy:
    """A single strategy."""
    return Strategy((Member(genome, 1.0),), tuple(sorted(symbols)), timeframe, dict(costs))


def to_toml(strategy: Strategy) -> str:
    """The text of `strategy.toml`; the same strategy gives the same text."""
    head = {"schema_version": SCHEMA_VERSION, "timeframe": strategy.timeframe}
    symbols = list(strategy.symbols)
    parts = [
        to_strategy(one.genome, strategy.symbols, strategy.timeframe) for one in strategy.members
    ]
    if not strategy.is_ensemble:
        return _tables({**parts[0], "costs": dict(strategy.costs)})
    lines = [
        _tables(
            {
                "strategy": {**head, "direction": "ensemble", "symbols": symbols},
                "costs": dict(strategy.costs),
            }
        )
    ]
    for member, part in zip(strategy.members, parts, strict=True):
        lines.append(f"[[member]]\nweight = {member.weight!r}\n")
        lines.append(_tables(part, prefix="member."))
    return "\n".join(lines)


def from_toml(text: str, *, name: str = "strategy.toml") -> Strategy:
    """Read a strategy or an ensemble.

    Raises:
        InvalidInput: If it is no TOML, or a table or key is missing, unknown or out of range.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(
            f"{name} is not TOML: {error}", remedy="correct the line it names"
        ) from error
    known = ("strategy", "entry", "exit", "stops", "costs", "member")
    unknown = sorted(set(tables) - set(known))
    if unknown:
        raise InvalidInput(
            f"{name} has unknown tables: {', '.join(unknown)}",
            allowed=", ".join(known),
            remedy="remove or correct them",
        )
    costs = {
        key: float(tables.get("costs", {}).get(key, 0.0))
        for key in ("commission_bps", "slippage_bps")
    }
    head = tables.get("strategy", {})
    symbols = tuple(sorted(str(one) for one in head.get("symbols", ())))
    timeframe = str(head.get("timeframe", ""))
    if not symbols or not timeframe:
        raise InvalidInput(
            f"{name} names no symbols or no timeframe",
            allowed='[strategy] with symbols = ["AAPL"] and timeframe = "1d"',
            remedy="add them",
        )
    if "member" in tables:
        members = tuple(
            Member(from_strategy(one), float(one["weight"])) for one in tables["member"]
        )
        return Strategy(members, symbols, timeframe, costs, is_ensemble=True)
    return Strategy((Member(from_strategy(tables), 1.0),), symbols, timeframe, costs)


def _tables(tables: Mapping[str, Any], prefix: str = "") -> str:
    blocks = []
    for name, table in tables.items():
        lines = [f"[{prefix}{name}]"]
        lines += [f"{key} = {_value(value)}" for key, value in table.items()]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], Mapping):
            return "[\n" + "".join(f"  {_value(item)},\n" for item in value) + "]"
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)

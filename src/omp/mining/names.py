"""Text, hash and name of many genomes at once, from the texts of their conditions."""

from collections.abc import Sequence

from omp.engine.genome import DIRECTIONS, STRATEGY_SCHEMA_VERSION, Condition, Operand
from omp.engine.population import Population
from omp.wire.canonical import canonical, digest

_STOPS = ("stop_loss", "take_profit", "trailing", "max_bars")
_SORTED_STOPS = sorted(range(4), key=lambda i: _STOPS[i])


class Writer:
    """Writes genomes of one market as canonical JSON of their strategy tables.

    The text is that of `canonical(to_strategy(genome, symbols, timeframe))`, put together from
    texts that many genomes share; a test holds the two equal.

    Args:
        population: The genomes.
        symbols, timeframe: Their market.
    """

    def __init__(self, population: Population, symbols: Sequence[str], timeframe: str) -> None:
        self._population = population
        self._conditions: dict[int, tuple[tuple[object, ...], str]] = {}
        self._operands: dict[Operand, str] = {}
        self._heads = [
            canonical(
                {
                    "schema_version": STRATEGY_SCHEMA_VERSION,
                    "direction": one,
                    "timeframe": timeframe,
                    "symbols": sorted(symbols),
                }
            ).decode()
            for one in DIRECTIONS
        ]
        self._levels = [
            [f'"{name}":{canonical(level).decode()}' for level in levels]
            for name, levels in zip(_STOPS, population.codebook.stop_levels, strict=True)
        ]

    def texts(self) -> list[str]:
        """The text of each genome, [N]."""
        held = self._population
        counts, ids = held.count.tolist(), held.conditions.tolist()
        every, stops = held.every.tolist(), held.stops.tolist()
        heads = [self._heads[one] for one in held.direction.tolist()]
        return [
            f'{{"entry":{self._side(every[i][0], ids[i][0][: counts[i][0]])},'
            f'"exit":{self._side(every[i][1], ids[i][1][: counts[i][1]])},'
            f'"stops":{{{self._stops(stops[i])}}},"strategy":{heads[i]}}}'
            for i in range(len(held))
        ]

    def _side(self, every: bool, ids: list[int]) -> str:
        parts = [self._condition(one) for one in ids]
        if len(parts) > 1:
            parts.sort()
        combine = "all" if every else "any"
        return f'{{"combine":"{combine}","conditions":[{",".join(text for _, text in parts)}]}}'

    def _condition(self, number: int) -> tuple[tuple[object, ...], str]:
        known = self._conditions.get(number)
        if known is None:
            one = self._population.codebook.condition(number)
            known = one.key, _text(one, self._operands)
            self._conditions[number] = known
        return known

    def _stops(self, chosen: list[int]) -> str:
        return ",".join(self._levels[j][chosen[j]] for j in _SORTED_STOPS if chosen[j] >= 0)


def _text(one: Condition, operands: dict[Operand, str]) -> str:
    """A condition as canonical JSON; texts of operands are kept in `operands`."""
    sides = []
    for side in (one.left, one.right):
        if not isinstance(side, Operand):
            sides.append(canonical(side).decode())
            continue
        known = operands.get(side)
        if known is None:
            known = canonical({"indicator": side.indicator, **dict(side.parameters)}).decode()
            operands[side] = known
        sides.append(known)
    return f'{{"left":{sides[0]},"op":"{one.op}","right":{sides[1]}}}'


def hashes(texts: list[str]) -> list[str]:
    """The genome hash of each text, [N]."""
    return [digest(one.encode()) for one in texts]

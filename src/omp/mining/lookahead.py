"""The proof that a strategy knows nothing of the future: replay what it knew, bar by bar.

A prefix replay computes every indicator and condition of a rule again from a series that ends
early; a bar on which one of them differs from the whole series was decided with later bars. A rule
only joins its conditions, so where no condition differs no signal does. Series end at fixed parts
of the window, and right after bars on which a condition or a rule held, or did not hold: only there
shows a leak that a rare signal uses. The shift looks at every entry: the signal that caused it must
stand at the close of the bar before.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from omp.engine.genome import Condition, Genome, Operand
from omp.mining.bench import Bench, Subject
from omp.mining.streams import Bool, Float, sharpe
from omp.wire.evidence import Lookahead

PARTS = 6
"""Fixed parts of the window; series end between them."""

STATES = 10
"""Most bars with a condition, and most without it, right after which series end."""

FIRES = 5
"""Most entry and exit signals of a rule right after which series end."""


@dataclass(frozen=True)
class _Replays:
    """Series that ended early, bars that contradict them, and the first end that did."""

    number: int
    leaks: int
    first: int


class Proof:
    """Replays on one bench; what is known of a condition holds for every rule that has it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._of_condition = lru_cache(maxsize=4096)(self._replay_condition)

    def prove(self, subject: Subject) -> Lookahead:
        """Replay the conditions and rules of every member on every symbol; count contradictions."""
        bench = self._bench
        replays, leaks, first = 0, 0, ""
        for genome, _ in subject.members:
            for k, symbol in enumerate(bench.symbols):
                for found in self._replay_genome(genome, k):
                    replays += found.number
                    leaks += found.leaks
                    if found.leaks and not first:
                        first = f"{symbol} differs where bar {found.first} is the last"
                early = _entries_without_signal(bench, genome, k)
                leaks += early
                if early and not first:
                    first = f"{symbol}: {early} entries have no signal at the close before"
        shifted = sharpe(bench.streams(subject, delay_bars=1).excess())
        annual = None if shifted is None else shifted * math.sqrt(bench.periods_per_year)
        return Lookahead(replays, leaks, annual, first or f"{replays} prefix replays agree")

    def _replay_genome(self, genome: Genome, symbol: int) -> Iterable[_Replays]:
        conditions = tuple(dict.fromkeys(genome.entry.conditions + genome.exit.conditions))
        for one in conditions:
            yield self._of_condition(one, symbol)
        fires = [_spread(signal, FIRES) for signal in self._bench.signals(genome)[symbol]]
        yield self._replay(conditions, symbol, sorted({*fires[0], *fires[1]}))

    def _replay_condition(self, one: Condition, symbol: int) -> _Replays:
        holds = self._bench.series(symbol).holds(one)[self._bench.window.symbols[symbol].first :]
        fixed = {round(holds.size * part / PARTS) for part in range(1, PARTS)} - {0}
        ends = fixed | {*_spread(holds, STATES)} | {*_spread(~holds, STATES)}
        return self._replay((one,), symbol, sorted(ends))

    def _replay(
        self, conditions: Sequence[Condition], symbol: int, ends: Sequence[int]
    ) -> _Replays:
        """Compare what conditions and their indicators were on series that end early."""
        whole = self._bench.series(symbol)
        sides = [side for one in conditions for side in (one.left, one.right)]
        operands = [one for one in dict.fromkeys(sides) if isinstance(one, Operand)]
        leaks, first = 0, 0
        for bars in ends:
            early = self._bench.series(symbol, bars)
            wrong = [_differs(early.values(one), whole.values(one)) for one in operands]
            wrong += [_differs(early.holds(one), whole.holds(one)) for one in conditions]
            found = int(np.count_nonzero(np.logical_or.reduce(wrong)))
            leaks += found
            first = first or (bars if found else 0)
        return _Replays(len(ends), leaks, first)


def _differs(early: Bool | Float, whole: Bool | Float) -> Bool:
    """Bars of the shorter series on which two differ; NaN is like NaN."""
    whole = whole[: early.size]
    differs: Bool = (early != whole) & ((early == early) | (whole == whole))
    return differs


def _spread(signal: Bool, most: int) -> list[int]:
    """Numbers of bars up to and with some on which a signal stands, spread over all of those."""
    fired = np.flatnonzero(signal)
    picked = np.linspace(0, fired.size - 1, min(most, fired.size)).round().astype(np.int64)
    return [int(one) + 1 for one in fired[picked]]


def _entries_without_signal(bench: Bench, genome: Genome, symbol: int) -> int:
    opens, closes = bench.signals(genome)[symbol]
    both = genome.direction == "long_short"
    wanted = 1.0 if genome.direction != "short" else -1.0
    missing = 0
    for trade in bench.fills(genome, symbol).trades:
        at = trade.entry_bar - 1
        signal = closes if both and trade.side == "short" else opens
        expected = "long" if wanted > 0 else "short"
        missing += at < 0 or not signal[at] or (not both and trade.side != expected)
    return missing

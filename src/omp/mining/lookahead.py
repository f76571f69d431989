"""The proof that a strategy knows nothing of the future: replay what it knew, bar by bar.

A prefix replay computes the signals again from a series that ends early; a bar whose signal
differs from the one computed on the whole series was decided with later bars. The shift looks at
every entry: the signal that caused it must stand at the close of the bar before.
"""

import math

import numpy as np

from omp.engine.genome import Genome
from omp.mining.bench import Bench, Subject
from omp.mining.streams import sharpe
from omp.wire.evidence import Lookahead

PREFIXES = 6


def prove(bench: Bench, subject: Subject) -> Lookahead:
    """Replay prefixes and entries of every member on every symbol; count contradictions."""
    replays, leaks, first = 0, 0, ""
    for genome, _ in subject.members:
        for k, symbol in enumerate(bench.symbols):
            for bars, contradictions in _prefix_leaks(bench, genome, k):
                replays += 1
                leaks += contradictions
                if contradictions and not first:
                    first = f"{symbol}: {contradictions} signals differ when bar {bars} is last"
            early = _entries_without_signal(bench, genome, k)
            leaks += early
            if early and not first:
                first = f"{symbol}: {early} entries have no signal at the close before"
    shifted = sharpe(bench.streams(subject, delay_bars=1).excess())
    annual = None if shifted is None else shifted * math.sqrt(bench.periods_per_year)
    return Lookahead(replays, leaks, annual, first or f"{replays} prefix replays agree")


def _prefix_leaks(bench: Bench, genome: Genome, symbol: int) -> list[tuple[int, int]]:
    opens, closes = bench.signals(genome)[symbol]
    cuts = sorted({round(opens.size * part / PREFIXES) for part in range(1, PREFIXES)} - {0})
    found = []
    for bars in cuts:
        early_opens, early_closes = bench.prefix_signals(genome, symbol, bars)
        wrong = (early_opens != opens[:bars]) | (early_closes != closes[:bars])
        found.append((bars, int(np.count_nonzero(wrong))))
    return found


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

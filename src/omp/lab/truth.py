"""What a strategy truly is due in a market whose law is known, and the positions it holds."""

import io
from pathlib import Path

import numpy as np

from omp.domain.durable import write_durable
from omp.engine.fills import Costs
from omp.engine.liquidity import VolumeSlippage
from omp.lab.figures import TRUE_SHARE
from omp.lab.worlds import Ground
from omp.market.bars import Panel
from omp.market.splits import iso
from omp.market.synthetic import long_flags
from omp.market.synthetic_rhythm import DAILY
from omp.mining.bench import Bench, Subject
from omp.mining.strategy_file import Strategy


def whole_bench(
    ground: Ground,
    costs: Costs,
    *,
    flat_at_session_end: bool,
    liquidity: VolumeSlippage | None = None,
) -> Bench:
    """The bench of a market's whole calendar, in-sample and sealed bars in one window."""
    return Bench(
        ground.whole,
        slice(0, len(ground.whole)),
        costs,
        flat_at_session_end=flat_at_session_end,
        liquidity=liquidity,
    )


def true_sharpe_annual(ground: Ground, bench: Bench, strategy: Strategy) -> float | None:
    """Annual Sharpe ratio of x that a long strategy is truly due, before costs; None if unknown.

    An ensemble's positions are the weighted mean of its members'; see `Market.true_sharpe`.
    """
    market = ground.market
    flags = _flags(ground, bench, strategy)
    if market is None or flags is None:
        return None
    return market.due(flags)


def edges_held(ground: Ground, bench: Bench, strategy: Strategy) -> list[int]:
    """The planted edges, by number from 1, that a strategy holds a share worth having of.

    An edge counts where the strategy is due at least half the dial from it alone: two shares of
    three uncorrelated edges, or a third of each, are due 0.7 and 0.58 of the dial from every one.
    """
    market = ground.market
    flags = _flags(ground, bench, strategy)
    if market is None or flags is None or not market.recipe.n_signals:
        return []
    parts = np.stack([market.truth["edge_drift"][name] for name in bench.symbols], axis=1)
    due = [market.due(flags, one) for one in parts]
    return [k for k, one in enumerate(due, start=1) if one >= TRUE_SHARE * market.recipe.dial]


def _flags(ground: Ground, bench: Bench, strategy: Strategy) -> np.ndarray | None:
    """Where a long strategy holds over night, over the day, and at all, [3, S, T]; else None."""
    if ground.market is None or not _on_one_calendar(ground.whole):
        return None
    if ground.whole.timeframe != DAILY and bench.flat_at_session_end:
        return None  # positions do not say whether a session's last bar was left at open or close
    shape = (len(bench.symbols), len(ground.whole))
    flags = np.zeros((3, *shape))
    for one in strategy.members:
        if one.genome.direction != "long":
            return None
        position = bench.streams(Subject(((one.genome, 1.0),), strategy.genome_hash)).position.T
        flags += one.weight * np.stack(long_flags(position))
    return flags


def _on_one_calendar(panel: Panel) -> bool:
    return all(len(one) == len(panel) for one in panel.bars)


def write_positions(path: Path, bench: Bench, strategy: Strategy) -> None:
    """Write the position held during each bar of the whole market, from one run over all of it.

    The file has the columns timestamp, symbol, position; a position is the share of the symbol's
    capital, ±1 for a single strategy, the weighted mean of the members' for an ensemble.
    """
    members = tuple((one.genome, one.weight) for one in strategy.members)
    streams = bench.streams(Subject(members, strategy.genome_hash))
    text = io.StringIO()
    text.write("timestamp,symbol,position\n")
    stamps = [iso(int(at)) for at in streams.timestamp]
    for k, symbol in enumerate(bench.symbols):
        for t in np.flatnonzero(streams.present[:, k]).tolist():
            text.write(f"{stamps[t]},{symbol},{float(streams.position[t, k])!r}\n")
    write_durable(path, text.getvalue().encode())

"""The measured luck line: what the same search finds where there is nothing to find."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from omp.domain.errors import InvalidInput
from omp.engine.surrogates import BLOCK_BARS, surrogate_panel
from omp.mining.plan import Plan
from omp.mining.search import Search, search


@dataclass(frozen=True)
class LuckLine:
    """The best in-sample Sharpe ratio of x that a search reaches on surrogate copies of its data.

    Args:
        best_annual: One figure per copy, annual, ascending; a copy on which nothing was found
            counts as 0.
        trials: Distinct behaviours that the searches tried, the middle copy's.
        assumed_annual: Expected best of so many trials under the null variance 1/(T - 1), annual;
            what the gates reckon with. None where undefined.
    """

    best_annual: tuple[float, ...]
    trials: int
    assumed_annual: float | None

    @property
    def measured_annual(self) -> float:
        """Mean over the copies: the measured luck line."""
        return float(np.mean(self.best_annual))

    def share_as_good(self, best_annual: float) -> float:
        """(1 + copies at least as good) / (1 + copies): how surprising a run's best is."""
        as_good = sum(one >= best_annual for one in self.best_annual)
        return (1 + as_good) / (1 + len(self.best_annual))


@dataclass(frozen=True)
class Variety:
    """How many different ideas the random rules of generation 0 are.

    Args:
        genomes: Rules drawn. ideas: Groups of rules whose x correlate at 0.5 or more on average.
        without_trades: Rules that never trade; they belong to no group.
    """

    genomes: int
    ideas: int
    without_trades: int


def measured_luck_line(
    plan: Plan,
    copies: int,
    *,
    block_bars: int = BLOCK_BARS,
    tell: Callable[[int, float], None] | None = None,
) -> LuckLine:
    """Run the plan's whole search on surrogate copies of its data, in memory.

    The copies see what the run saw: the in-sample window and its warm-up, never a sealed bar. They
    are no trials of the lineage: nothing that is found on them can be promoted.

    Args:
        plan: What was searched.
        copies: Number of copies.
        block_bars: Bars of like volatility whose directions are shuffled together.
        tell: Called after each copy with its number and its best annual Sharpe ratio.

    Raises:
        InvalidInput: If no copy is asked for.
    """
    if copies < 1:
        raise InvalidInput(
            f"a luck line from {copies} copies", allowed="1 or more", remedy="ask for 20"
        )
    found, trials = [], []
    for number in range(copies):
        panel = surrogate_panel(plan.panel, plan.seed * 1_000_003 + number, block_bars)
        result = search(replace(plan, panel=panel))
        best = result.convergence[-1].best_sharpe_x_annual
        found.append(0.0 if best is None else best)
        trials.append(result.counts.distinct)
        if tell is not None:
            tell(number + 1, found[-1])
    middle = int(np.median(trials))
    return LuckLine(tuple(sorted(found)), middle, _assumed(plan, middle))


def variety(plan: Plan) -> Variety:
    """Group the random rules of the plan's generation 0 by their excess returns."""
    from omp.stats import cluster_streams

    first = Search(plan)
    genomes = first.ask()
    found = cluster_streams(first.evaluator.sketch(genomes).T)
    return Variety(len(genomes), found.count, found.n_flat)


def _assumed(plan: Plan, trials: int) -> float | None:
    from omp.stats import expected_max_sharpe

    per_bar = expected_max_sharpe(max(1, trials), 1.0 / (plan.windows.n_bars - 1))
    return per_bar * math.sqrt(plan.panel.periods_per_year) if math.isfinite(per_bar) else None

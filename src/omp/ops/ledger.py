"""What has been tried and what has been looked at: trials of a lineage, budget of a window."""

import math
from dataclasses import dataclass

from sqlalchemy import Connection

from omp.domain import holdout
from omp.domain.luck import expected_max_sharpe
from omp.gates.case import LedgerFacts
from omp.ops import lost_looks
from omp.ops.desk import Desk
from omp.store import ledger as rows
from omp.store import looks as look_rows
from omp.store import snapshots
from omp.store.runs import Run


@dataclass(frozen=True)
class LineageTrials:
    """What a lineage has been charged over all its runs.

    Args:
        members: Lineages that are one with it; counts add over them.
        luck_sharpe_annual: Expected maximum annual Sharpe ratio of so many trials on noise;
            None where the window is not known.
    """

    lineage: str
    members: tuple[str, ...]
    runs: int
    trials: int
    luck_sharpe_annual: float | None


@dataclass(frozen=True)
class Budget:
    """What is left of a sealed window.

    Args:
        window: Its name.
        looks: Looks granted so far.
        promoted: Those of them that ended in a promotion.
        lost: Looks that were granted before a record was restored that does not hold them.
        spent: Sum of the levels of all of these.
        alpha: Error level of the window for life.
        next_ordinal: Ordinal of the next look.
        next_level: Its level.
    """

    window: str
    looks: int
    promoted: int
    lost: int
    spent: float
    alpha: float
    next_ordinal: int
    next_level: float


def facts(tx: Connection, run: Run) -> LedgerFacts | None:
    """What the ledger holds about a run; None when it was never ingested."""
    charged = rows.of_run(tx, run.id)
    if not charged.generations or run.lineage is None:
        return None
    return LedgerFacts(
        run_trials=charged.trials,
        open_generations=charged.open_generations,
        lineage_trials=rows.trials_of_lineage(tx, run.lineage),
    )


def trials(
    desk: Desk, lineage: str, *, n_bars: int | None = None, periods_per_year: float | None = None
) -> LineageTrials:
    """Trials of a lineage and the luck line they draw.

    Args:
        n_bars: Bars of the in-sample window, for the luck line.
        periods_per_year: Its bars a year.
    """
    with desk.read() as tx:
        one_with = snapshots.members(tx, lineage)
        total, runs = rows.trials_of(tx, one_with), rows.runs_of(tx, one_with)
    luck = None
    if n_bars is not None and periods_per_year is not None:
        per_bar = expected_max_sharpe(total, n_bars)
        luck = None if per_bar is None else per_bar * math.sqrt(periods_per_year)
    return LineageTrials(lineage, one_with, runs, total, luck)


def window_name(tx: Connection, lineage: str) -> str:
    """Name of the sealed window of a lineage: the lineage it is part of, and its boundary."""
    root = snapshots.root(tx, lineage)
    return f"{root.id}@{root.boundary}"[:96]


def budget_of(tx: Connection, desk: Desk, lineage: str) -> Budget:
    """What is left of the sealed window of a lineage, within the caller's transaction.

    A look that was granted in this window's name counts by that alone, whatever its clock said.
    """
    settings = desk.settings.holdout
    opened_at, window = _opened_at(tx, lineage), window_name(tx, lineage)
    members = snapshots.members(tx, lineage)
    taken = [
        one
        for one in look_rows.of_lineages(tx, members)
        if opened_at is None or one.granted_at >= opened_at or one.window == window
    ]
    counting = lost_looks.windows_of(tx, members) if opened_at is None else (window,)
    lost = lost_looks.of(tx, counting, taken)
    promoted = [
        place if not lost.ordinals else max(place, one.ordinal)
        for place, one in enumerate(taken, start=1)
        if one.promoted
    ]
    many = len(taken) + len(lost.ordinals)
    ordinal = max([many, lost.highest, *(one.ordinal for one in taken)]) + 1
    alpha = holdout.standing_alpha(settings.alpha, (one.level for one in taken if one.ordinal == 1))
    return Budget(
        window=window,
        looks=len(taken),
        promoted=len(promoted),
        lost=len(lost.ordinals),
        spent=sum(one.level for one in taken)
        + sum(holdout.level(one, alpha=alpha) for one in lost.ordinals),
        alpha=alpha,
        next_ordinal=ordinal,
        next_level=holdout.level(
            ordinal, alpha=alpha, spending=settings.spending, promoted=promoted
        ),
    )


def _opened_at(tx: Connection, lineage: str) -> str | None:
    """Since when looks count against the standing window; None of a first one."""
    return snapshots.root(tx, lineage).opened_at


def budget(desk: Desk, lineage: str) -> Budget:
    """What is left of the sealed window of a lineage."""
    with desk.read() as tx:
        return budget_of(tx, desk, lineage)

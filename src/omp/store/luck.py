"""Rows of measured luck lines: what a run's search found on surrogate copies of its data."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from omp.store.data_tables import luck_lines
from omp.store.rows import from_row, to_values


@dataclass(frozen=True)
class MeasuredLuck:
    """One measurement; the columns of `luck_lines`.

    Args:
        copies: Surrogate copies searched. block_bars: Bars shuffled together in them.
        measured_annual: Mean over the copies of the best Sharpe ratio of x, annual.
        assumed_annual: What the null variance expects of so many trials, annual.
        best_of_run_annual: The run's own best; None where it found nothing.
        share_as_good: (1 + copies at least as good) / (1 + copies).
        trials: Distinct trials of one copy's search.
        random_rules: Rules of generation 0. without_trades: Those of them that never trade.
        ideas: Groups of the others whose x correlate at 0.5 or more on average.
    """

    run_id: str
    lineage: str
    measured_at: str
    copies: int
    block_bars: int
    measured_annual: float
    assumed_annual: float | None
    best_of_run_annual: float | None
    share_as_good: float | None
    trials: int
    random_rules: int
    ideas: int
    without_trades: int


def add(tx: Connection, one: MeasuredLuck) -> None:
    """Keep a measurement."""
    tx.execute(insert(luck_lines).values(**to_values(one)))


def latest(tx: Connection, lineages: Collection[str]) -> MeasuredLuck | None:
    """The newest measurement of these lineages; None before there is one."""
    row = tx.execute(
        select(luck_lines)
        .where(luck_lines.c.lineage.in_(tuple(lineages)))
        .order_by(luck_lines.c.measured_at.desc(), luck_lines.c.run_id.desc())
        .limit(1)
    ).first()
    return None if row is None else from_row(MeasuredLuck, row)

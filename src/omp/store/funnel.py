"""Where trials fell, counted over runs: by the search, by a gate, not at all."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select

from omp.store.tables import candidates, ledger, looks, runs, verdicts


@dataclass(frozen=True)
class Charged:
    """What some runs have been charged.

    Args:
        runs: Runs with charges.
        trials: What they count as.
        open: Of these, genomes of generations that have no result.
        of_unfinished: Of these, trials with a result of runs that were not completed.
    """

    runs: int
    trials: int
    open: int
    of_unfinished: int


@dataclass(frozen=True)
class Closest:
    """The candidate that came closest to a gate's bar without meeting it."""

    run_id: str
    candidate_id: str
    value: float | None
    bar: float | None
    distance: float
    better: str
    unit: str
    sentence: str


def runs_of_lineages(lineages: tuple[str, ...]) -> Select[tuple[str]]:
    """The runs that were charged to these lineages, as a query."""
    return select(ledger.c.run_id).where(ledger.c.lineage.in_(lineages)).distinct()


def charged(tx: Connection, of: Any) -> Charged:
    """What these runs were charged; `of` is a query of run ids or a tuple of them."""
    is_open = ledger.c.behaviours.is_(None)
    counted = func.coalesce(ledger.c.behaviours, 0)
    is_done = runs.c.state == "completed"
    row = tx.execute(
        select(
            func.count(ledger.c.run_id.distinct()),
            func.coalesce(func.sum(func.coalesce(ledger.c.behaviours, ledger.c.genomes)), 0),
            func.coalesce(func.sum(case((is_open, ledger.c.genomes), else_=0)), 0),
            func.coalesce(func.sum(case((is_done, 0), else_=counted)), 0),
        )
        .select_from(ledger.join(runs, runs.c.id == ledger.c.run_id))
        .where(ledger.c.run_id.in_(of))
    ).one()
    return Charged(*(int(one) for one in row))


def stopped(tx: Connection, of: Any) -> dict[tuple[str | None, str | None], int]:
    """Candidates of completed runs by outcome and by the gate that stopped them first."""
    query = (
        select(candidates.c.outcome, candidates.c.first_failed_gate, func.count())
        .join(runs, runs.c.id == candidates.c.run_id)
        .where(
            candidates.c.run_id.in_(of),
            candidates.c.kind == "candidate",
            runs.c.state == "completed",
        )
        .group_by(candidates.c.outcome, candidates.c.first_failed_gate)
    )
    return {(outcome, gate): int(number) for outcome, gate, number in tx.execute(query)}


def closest(tx: Connection, of: Any, gate: str, unit: str) -> Closest | None:
    """Who came closest to a gate's bar among the candidates it stopped first.

    Those refused by the gate's own measure, in `unit`, come before those that another condition of
    the gate refused: distances of different units cannot be compared.
    """
    row = tx.execute(
        select(verdicts)
        .join(
            candidates,
            and_(
                candidates.c.run_id == verdicts.c.run_id,
                candidates.c.candidate_id == verdicts.c.candidate_id,
                candidates.c.first_failed_gate == verdicts.c.gate,
            ),
        )
        .where(
            verdicts.c.run_id.in_(of),
            verdicts.c.gate == gate,
            verdicts.c.outcome != "pass",
            verdicts.c.distance.is_not(None),
            candidates.c.kind == "candidate",
        )
        .order_by(
            verdicts.c.unit != unit,
            verdicts.c.distance.desc(),
            verdicts.c.run_id,
            verdicts.c.candidate_id,
        )
        .limit(1)
    ).first()
    if row is None:
        return None
    return Closest(
        row.run_id, row.candidate_id, row.value, row.bar, row.distance, row.better, row.unit,
        row.sentence,
    )  # fmt: skip


def subjects_stopped(tx: Connection, of: Any) -> dict[tuple[str | None, str | None], int]:
    """Completed runs by what became of their subject and the gate that stopped it."""
    query = (
        select(runs.c.outcome, runs.c.first_failed_gate, func.count())
        .where(runs.c.id.in_(of), runs.c.state == "completed")
        .group_by(runs.c.outcome, runs.c.first_failed_gate)
    )
    return {(outcome, gate): int(number) for outcome, gate, number in tx.execute(query)}


def looked(tx: Connection, of: Any) -> int:
    """Looks that were granted to subjects of these runs."""
    query = select(func.count()).select_from(looks).where(looks.c.run_id.in_(of))
    return int(tx.execute(query).scalar_one())


def counted(tx: Connection, of: Any) -> int:
    """Distinct trials that the manifests of these runs count, completed runs alone."""
    query = select(func.coalesce(func.sum(runs.c.trials), 0)).where(
        runs.c.id.in_(of), runs.c.state == "completed"
    )
    return int(tx.execute(query).scalar_one())

"""Rows of the trial ledger: one a generation, charged before it is evaluated, never taken back."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, insert, select, update

from omp.store.seals import seal
from omp.store.snapshots import members
from omp.store.tables import ledger, lineages
from omp.wire.charges import Owed


@dataclass(frozen=True)
class RunTrials:
    """What a run has been charged.

    Args:
        generations: Charged generations; 0 of a run that was never ingested.
        open_generations: Those that have no result, whose genomes count until they have.
        genomes: Genomes charged.
        trials: What the run counts as.
    """

    run_id: str
    generations: int
    open_generations: int
    genomes: int
    trials: int


def ingest_charges(
    tx: Connection, *, run_id: str, lineage: str, owed: Iterable[Owed], now: str
) -> int:
    """Take a run's charges over; doing it again changes nothing. Gives the number of changes.

    A generation that has no result yet counts its genomes; its result, once it comes, stands. What
    is charged is never made less, except by the result of its own generation.
    """
    changes = 0
    kept = {
        row.generation: row for row in tx.execute(select(ledger).where(ledger.c.run_id == run_id))
    }
    for one in owed:
        before = kept.get(one.generation)
        if before is None:
            tx.execute(
                insert(ledger).values(
                    run_id=run_id,
                    generation=one.generation,
                    lineage=lineage,
                    attempt=one.attempt,
                    genomes=one.genomes,
                    behaviours=one.behaviours,
                    charged_at=now,
                )
            )
            changes += 1
            continue
        genomes = max(before.genomes, one.genomes)
        behaviours = before.behaviours if one.behaviours is None else one.behaviours
        attempt = max(before.attempt, one.attempt)
        if (genomes, behaviours, attempt) == (before.genomes, before.behaviours, before.attempt):
            continue
        tx.execute(
            update(ledger)
            .where(ledger.c.run_id == run_id, ledger.c.generation == one.generation)
            .values(genomes=genomes, behaviours=behaviours, attempt=attempt)
        )
        changes += 1
    if changes:
        seal(tx, ledger, ledger.c.run_id == run_id)
    return changes


_TRIALS = func.coalesce(func.sum(func.coalesce(ledger.c.behaviours, ledger.c.genomes)), 0)


def of_run(tx: Connection, run_id: str) -> RunTrials:
    """What a run has been charged."""
    row = tx.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((ledger.c.behaviours.is_(None), 1), else_=0)), 0),
            func.coalesce(func.sum(ledger.c.genomes), 0),
            _TRIALS,
        ).where(ledger.c.run_id == run_id)
    ).one()
    return RunTrials(run_id, *(int(value) for value in row))


def trials_of_lineage(tx: Connection, lineage: str) -> int:
    """Trials of a lineage over all its runs, and over all lineages that are one with it."""
    return trials_of(tx, members(tx, lineage))


def trials_of(tx: Connection, lineages: Collection[str]) -> int:
    """Trials of these lineages together."""
    query = select(_TRIALS).where(ledger.c.lineage.in_(tuple(lineages)))
    return int(tx.execute(query).scalar_one())


def trials_in(tx: Connection, environment: str | None) -> int:
    """Trials of all lineages of an environment; of every one where none is named."""
    query = select(_TRIALS)
    if environment is not None:
        own = select(lineages.c.id).where(lineages.c.environment == environment)
        query = query.where(ledger.c.lineage.in_(own))
    return int(tx.execute(query).scalar_one())


def runs_of(tx: Connection, lineages: Collection[str]) -> int:
    """How many runs were charged to these lineages."""
    query = select(func.count(ledger.c.run_id.distinct())).where(
        ledger.c.lineage.in_(tuple(lineages))
    )
    return int(tx.execute(query).scalar_one())

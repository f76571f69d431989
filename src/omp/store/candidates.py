"""Rows of candidates: what a run found, and what the gates made of each."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from omp.domain.errors import NotFound
from omp.store.rows import from_row, to_values
from omp.store.tables import candidates


@dataclass(frozen=True)
class Candidate:
    """A candidate or the ensemble of a run; the columns of `candidates`.

    Args:
        rank: 1 for the highest in-sample excess Sharpe; 0 for the ensemble.
        outcome: pass, research, reject, wait or unknown; None before it is judged.
    """

    run_id: str
    candidate_id: str
    kind: str
    rank: int
    genome_hash: str
    behaviour_hash: str
    generation: int
    n_trades: int
    sharpe_annual: float | None
    sharpe_x_annual: float | None
    max_drawdown: float | None
    turnover_annual: float | None
    outcome: str | None = None
    first_failed_gate: str | None = None


def of_run(tx: Connection, run_id: str) -> tuple[Candidate, ...]:
    """The candidates of a run by rank; its ensemble first."""
    query = select(candidates).where(candidates.c.run_id == run_id).order_by(candidates.c.rank)
    return tuple(from_row(Candidate, row) for row in tx.execute(query))


def get(tx: Connection, run_id: str, candidate_id: str) -> Candidate:
    """One candidate of a run.

    Raises:
        NotFound: The run has none of that id.
    """
    row = tx.execute(
        select(candidates).where(
            candidates.c.run_id == run_id, candidates.c.candidate_id == candidate_id
        )
    ).first()
    if row is None:
        raise NotFound(
            f"run {run_id} has no candidate {candidate_id[:96]!r}",
            remedy=f"omp runs show {run_id} lists them",
        )
    return from_row(Candidate, row)


def put(tx: Connection, one: Candidate) -> None:
    """Write a candidate's row, in place of the one it had."""
    tx.execute(
        delete(candidates).where(
            candidates.c.run_id == one.run_id, candidates.c.candidate_id == one.candidate_id
        )
    )
    tx.execute(insert(candidates).values(**to_values(one)))


def judge(tx: Connection, run_id: str, answers: Mapping[str, tuple[str, str | None]]) -> None:
    """Keep what the gates said: candidate -> outcome and the gate that stopped it."""
    for candidate_id, (outcome, gate) in answers.items():
        tx.execute(
            update(candidates)
            .where(candidates.c.run_id == run_id, candidates.c.candidate_id == candidate_id)
            .values(outcome=outcome, first_failed_gate=gate)
        )

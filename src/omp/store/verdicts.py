"""Rows of verdicts: every answer of every gate, kept by round, never overwritten."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from omp.domain.verdict import Outcome, Verdict
from omp.store.seals import row_hash
from omp.store.tables import verdicts


@dataclass(frozen=True)
class KeptVerdict:
    """A verdict as it was given, with the gate set and the instant."""

    run_id: str
    candidate_id: str
    round: int
    gate_set: str
    judged_at: str
    verdict: Verdict


def add(
    tx: Connection,
    run_id: str,
    candidate_id: str,
    given: Iterable[Verdict],
    *,
    gate_set: str,
    now: str,
    round_: int,
) -> None:
    """Keep the verdicts of one judgement."""
    rows = [
        {
            "run_id": run_id,
            "candidate_id": candidate_id,
            "round": round_,
            "gate": one.gate,
            "panel": one.panel,
            "outcome": one.outcome.value,
            "value": one.value,
            "bar": one.bar,
            "better": one.better,
            "distance": one.distance,
            "unit": one.unit,
            "sentence": one.sentence,
            "gate_set": gate_set,
            "judged_at": now,
        }
        for one in given
    ]
    if rows:
        tx.execute(insert(verdicts), [{**one, "row_hash": row_hash(verdicts, one)} for one in rows])


def next_round(tx: Connection, run_id: str, candidate_id: str) -> int:
    """The number of the next judgement of a subject, from 1."""
    query = select(func.coalesce(func.max(verdicts.c.round), 0)).where(
        verdicts.c.run_id == run_id, verdicts.c.candidate_id == candidate_id
    )
    return int(tx.execute(query).scalar_one()) + 1


def of(tx: Connection, run_id: str, candidate_id: str) -> tuple[KeptVerdict, ...]:
    """Every verdict about a subject, oldest round first, in the order given."""
    query = (
        select(verdicts)
        .where(verdicts.c.run_id == run_id, verdicts.c.candidate_id == candidate_id)
        .order_by(verdicts.c.round, verdicts.c.panel, verdicts.c.judged_at)
    )
    return tuple(_kept(row) for row in tx.execute(query))


def latest(tx: Connection, run_id: str, candidate_id: str) -> tuple[KeptVerdict, ...]:
    """The last verdict of each gate about a subject."""
    last = {one.verdict.gate: one for one in of(tx, run_id, candidate_id)}
    return tuple(last.values())


def of_run(tx: Connection, run_id: str) -> dict[str, tuple[KeptVerdict, ...]]:
    """The last verdict of each gate about each candidate of a run."""
    query = (
        select(verdicts)
        .where(verdicts.c.run_id == run_id)
        .order_by(verdicts.c.candidate_id, verdicts.c.round, verdicts.c.panel)
    )
    found: dict[str, dict[str, KeptVerdict]] = {}
    for row in tx.execute(query):
        found.setdefault(row.candidate_id, {})[row.gate] = _kept(row)
    return {name: tuple(given.values()) for name, given in found.items()}


def _kept(r: Any) -> KeptVerdict:
    return KeptVerdict(
        run_id=r.run_id,
        candidate_id=r.candidate_id,
        round=r.round,
        gate_set=r.gate_set,
        judged_at=r.judged_at,
        verdict=Verdict(
            gate=r.gate,
            panel=r.panel,
            outcome=Outcome(r.outcome),
            value=r.value,
            bar=r.bar,
            better=r.better,
            distance=r.distance,
            unit=r.unit,
            sentence=r.sentence,
        ),
    )

"""Rows of runs. Every change names the state and the attempt it expects (compare and set)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from omp.domain.errors import NotFound
from omp.domain.run import RUN
from omp.store.rows import from_row, known, to_values
from omp.store.tables import runs

LIVE: tuple[str, ...] = ("queued", "running")
"""States of a run that is not over."""


@dataclass(frozen=True)
class Run:
    """One execution of a campaign with one seed; the columns of `runs`.

    Args:
        attempt: The fencing token: 0 until first claimed, then one more at each claim.
        not_before: Instant before which it is not claimed (back-off); None for at once.
        outcome: What promotion made of a completed run: pending, refused, waiting, promoted.
        bars: Its in-sample bars, after the embargo; None until it is completed.
        place: Where its directory lies (`omp.domain.run_place`), since `placed_at`.
        archive: The folder it was archived to.
        packed_at: When its files were compressed.
        held: Why retention may not touch it; None where it may.
    """

    id: str
    campaign_id: str
    state: str
    stage: str
    attempt: int
    attempts_without_progress: int
    seed: int
    config_hash: str
    data_digest: str | None
    lineage: str | None
    environment: str
    queued_at: str
    not_before: str | None = None
    started_at: str | None = None
    progress_at: str | None = None
    finished_at: str | None = None
    pid: int | None = None
    boot_id: str | None = None
    start_ticks: int | None = None
    generation: int | None = None
    generations: int | None = None
    best_sharpe: float | None = None
    candidates: int | None = None
    trials: int | None = None
    bars: int | None = None
    evals_per_s: float | None = None
    eta_s: float | None = None
    exit_code: int | None = None
    cause: str | None = None
    manifest_digest: str | None = None
    evidence_digest: str | None = None
    engine_version: str | None = None
    git_sha: str | None = None
    lock_digest: str | None = None
    subject_id: str | None = None
    outcome: str | None = None
    first_failed_gate: str | None = None
    output_bytes: int | None = None
    place: str = "here"
    placed_at: str | None = None
    packed_at: str | None = None
    archive: str | None = None
    held: str | None = None

    @property
    def terminal(self) -> bool:
        return self.state in RUN.terminal


def add(tx: Connection, run: Run) -> Run:
    """Insert a run."""
    tx.execute(insert(runs).values(**to_values(run)))
    return run


def get(tx: Connection, run_id: str) -> Run:
    """The run of that id.

    Raises:
        NotFound: There is none.
    """
    row = tx.execute(select(runs).where(runs.c.id == run_id)).first()
    if row is None:
        raise NotFound(
            f"there is no run {run_id[:96]!r}", remedy="omp runs list shows the runs there are"
        )
    return from_row(Run, row)


def mined_last(tx: Connection, lineages: Collection[str]) -> Run | None:
    """The run on these lineages that was completed last, of those whose bars are known."""
    query = (
        select(runs)
        .where(runs.c.lineage.in_(tuple(lineages)), runs.c.bars.is_not(None))
        .order_by(runs.c.finished_at.desc(), runs.c.id.desc())
        .limit(1)
    )
    row = tx.execute(query).first()
    return None if row is None else from_row(Run, row)


def find(
    tx: Connection,
    *,
    campaign_id: str | None = None,
    states: Collection[str] = (),
    environment: str | None = None,
    outcome: str | None = None,
    place: str | None = None,
    before: tuple[str, str] | None = None,
    limit: int = 100,
    newest_first: bool = True,
) -> tuple[Run, ...]:
    """Runs by filters, ordered by the instant they were queued.

    Args:
        states: Only these; empty for all.
        before: (queued_at, id) of the last run of the page before.
    """
    query = select(runs).limit(limit)
    if campaign_id is not None:
        query = query.where(runs.c.campaign_id == campaign_id)
    if states:
        query = query.where(runs.c.state.in_(tuple(states)))
    if environment is not None:
        query = query.where(runs.c.environment == environment)
    if outcome is not None:
        query = query.where(runs.c.outcome == outcome)
    if place is not None:
        query = query.where(runs.c.place == place)
    if before is not None:
        at, run_id = before
        older = (runs.c.queued_at < at) | ((runs.c.queued_at == at) & (runs.c.id < run_id))
        newer = (runs.c.queued_at > at) | ((runs.c.queued_at == at) & (runs.c.id > run_id))
        query = query.where(older if newest_first else newer)
    order = (runs.c.queued_at, runs.c.id)
    query = query.order_by(*(column.desc() for column in order) if newest_first else order)
    return tuple(from_row(Run, row) for row in tx.execute(query))


def of_ids(tx: Connection, ids: Collection[str]) -> dict[str, Run]:
    """Runs by their ids."""
    rows = tx.execute(select(runs).where(runs.c.id.in_(tuple(ids))))
    return {row.id: from_row(Run, row) for row in rows}


def live(tx: Connection, campaign_id: str | None = None) -> tuple[Run, ...]:
    """Runs that are queued or running, the oldest first."""
    return find(tx, campaign_id=campaign_id, states=LIVE, newest_first=False, limit=10_000)


def of_subject(tx: Connection, subject_id: str) -> Run | None:
    """The run with that subject that was queued last."""
    query = select(runs).where(runs.c.subject_id == subject_id)
    row = tx.execute(query.order_by(runs.c.queued_at.desc(), runs.c.id.desc()).limit(1)).first()
    return None if row is None else from_row(Run, row)


def of_data(tx: Connection, digests: Collection[str], *, limit: int = 10_000) -> tuple[Run, ...]:
    """The runs that used one of these snapshots, the newest first."""
    query = select(runs).where(runs.c.data_digest.in_(tuple(digests)))
    rows = tx.execute(query.order_by(runs.c.queued_at.desc(), runs.c.id.desc()).limit(limit))
    return tuple(from_row(Run, row) for row in rows)


def latest(tx: Connection, campaign_id: str) -> Run | None:
    """The campaign's run that was queued last."""
    found = find(tx, campaign_id=campaign_id, limit=1)
    return found[0] if found else None


def count_by_state(tx: Connection, environment: str | None = None) -> dict[str, int]:
    """How many runs are in each state."""
    query = select(runs.c.state, func.count()).group_by(runs.c.state)
    if environment is not None:
        query = query.where(runs.c.environment == environment)
    return {str(state): int(number) for state, number in tx.execute(query)}


def count_unjudged(tx: Connection) -> int:
    """How many completed runs have no answer yet; those that wait for a signature have one."""
    query = select(func.count()).where(runs.c.state == "completed", runs.c.outcome == "pending")
    return int(tx.execute(query).scalar_one())


def count_finished(tx: Connection, *, since: str, except_campaign: str) -> int:
    """How many runs of other campaigns completed or failed after an instant."""
    query = select(func.count()).where(
        runs.c.state.in_(("completed", "failed")),
        runs.c.finished_at > since,
        runs.c.campaign_id != except_campaign,
    )
    return int(tx.execute(query).scalar_one())


def unweighed(tx: Connection, *, limit: int) -> tuple[str, ...]:
    """Finished runs whose directory was not weighed yet; not those still judged."""
    query = (
        select(runs.c.id)
        .where(runs.c.output_bytes.is_(None))
        .where(runs.c.state.in_(sorted(RUN.terminal)))
        .where(runs.c.outcome.is_(None) | runs.c.outcome.not_in(("pending", "waiting")))
        .limit(limit)
    )
    return tuple(tx.execute(query).scalars())


def due(
    tx: Connection, *, before: str, packed: bool | None = None, limit: int = 200
) -> tuple[Run, ...]:
    """Finished runs at hand that nothing was promoted from and that are older, oldest first.

    Args:
        before: Instant before which they ended, and were put where they lie.
        packed: Only those that are compressed, or are not; None for both.
    """
    ended = func.coalesce(runs.c.finished_at, runs.c.queued_at)
    query = (
        select(runs)
        .where(runs.c.place == "here", runs.c.state.in_(sorted(RUN.terminal)))
        .where(runs.c.outcome.is_(None) | (runs.c.outcome == "refused"))
        .where(runs.c.held.is_(None), ended < before)
        .where(runs.c.placed_at.is_(None) | (runs.c.placed_at < before))
    )
    if packed is not None:
        at = runs.c.packed_at
        query = query.where(at.is_not(None) if packed else at.is_(None))
    rows = tx.execute(query.order_by(runs.c.queued_at, runs.c.id).limit(limit))
    return tuple(from_row(Run, row) for row in rows)


def here(tx: Connection, *, limit: int) -> tuple[str, ...]:
    """Ids of the runs that were queued last and whose directory lies in the workspace."""
    query = select(runs.c.id).where(runs.c.place == "here")
    newest = query.order_by(runs.c.queued_at.desc(), runs.c.id.desc())
    return tuple(tx.execute(newest.limit(limit)).scalars())


def placed(
    tx: Connection, place: str, *, before: str | None = None, limit: int = 1_000_000
) -> tuple[Run, ...]:
    """Runs whose directory lies in a place, since before an instant, the longest first."""
    query = select(runs).where(runs.c.place == place)
    if before is not None:
        query = query.where(runs.c.placed_at <= before)
    rows = tx.execute(query.order_by(runs.c.placed_at, runs.c.id).limit(limit))
    return tuple(from_row(Run, row) for row in rows)


def output_bytes(tx: Connection, place: str = "here") -> int:
    """What the directories of finished runs that lie in a place weigh together."""
    return weights(tx).get(place, (0, 0))[1]


def weights(tx: Connection) -> dict[str, tuple[int, int]]:
    """Place -> how many finished runs have their directory there, and what they weigh, bytes."""
    query = (
        select(runs.c.place, func.count(), func.coalesce(func.sum(runs.c.output_bytes), 0))
        .where(runs.c.state.in_(sorted(RUN.terminal)))
        .group_by(runs.c.place)
    )
    return {str(place): (int(number), int(size)) for place, number, size in tx.execute(query)}


def change(
    tx: Connection,
    run_id: str,
    *,
    state: str | None = None,
    attempt: int | None = None,
    place: str | None = None,
    **values: Any,
) -> bool:
    """Set columns of a run if it is still as expected; says whether it was.

    Args:
        state: The state it must be in; None for any.
        attempt: The attempt it must be at (the fencing token); None for any.
        place: Where its directory must lie; None for anywhere.
        values: Columns to set; `to_state`, `to_attempt`, `to_place` set those that are compared.
    """
    for name in ("state", "attempt", "place"):
        if f"to_{name}" in values:
            values[name] = values.pop(f"to_{name}")
    known(runs, values)
    query = update(runs).where(runs.c.id == run_id).values(**values)
    if state is not None:
        query = query.where(runs.c.state == state)
    if attempt is not None:
        query = query.where(runs.c.attempt == attempt)
    if place is not None:
        query = query.where(runs.c.place == place)
    return tx.execute(query).rowcount == 1

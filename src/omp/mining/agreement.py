"""Which candidates a run puts forward: those that agree with the best of its random rules.

The Sharpe ratio of a bred rule is mostly what breeding found by chance. What the best random rules
of generation 0 have in common is less so: their mean, the *consensus*, cancels what each of them
found alone. A candidate's *agreement* is the correlation of its in-sample x with the consensus.
On planted markets an ensemble ranked by agreement holds more of the true edge than one ranked by
Sharpe ratio (decision 0008).
"""

from collections.abc import Callable, Sequence

import numpy as np

from omp.engine.evaluator import Evaluator
from omp.engine.genome import Genome
from omp.mining.candidates import CandidateRow
from omp.mining.plan import EXPORTED, N_BLOCKS, Plan
from omp.mining.stage_a import genome_of
from omp.mining.streams import Float, Int

CONSENSUS = 100
"""Random rules whose mean is the consensus: the best so many of generation 0."""

FEWEST = 10
"""Random rules below which there is no consensus, and the Sharpe ratio ranks alone."""

POOL = 300
"""Candidates that are ranked by agreement: the best so many of all, and of generation 0."""

Sketch = Callable[[Sequence[Genome]], Float]


def open_evaluator(plan: Plan, *, chunk: int | None = None) -> Evaluator:
    """The evaluator of a plan's in-sample window, with its CSCV blocks.

    Args:
        plan: What is searched.
        chunk: Genomes that a worker takes at a time; None for what is fastest.
    """
    inside = plan.windows.in_sample
    return Evaluator(
        plan.panel,
        plan.grammar,
        plan.costs,
        flat_at_session_end=plan.flat_at_session_end,
        n_blocks=N_BLOCKS,
        workers=plan.workers,
        chunk=chunk,
        warmup=inside.start,
        stop=inside.stop,
    )


def agreements(rows: Sequence[CandidateRow], sketch: Sketch) -> dict[str, float]:
    """The agreement of each candidate that is ranked by it, -1 to 1; empty without a consensus.

    Args:
        rows: The kept survivors of stage A, best first by Sharpe ratio.
        sketch: Sums of x over parts of the window, [N, K] (`Evaluator.sketch`).
    """
    pool, best = pooled(np.array([one.generation for one in rows], dtype=np.int64))
    chosen = [rows[at] for at in pool.tolist()]
    if not all(one.strategy for one in chosen) or not pool.size:
        return {}
    near = to_consensus(standard(sketch([genome_of(one) for one in chosen])), best)
    return {one.candidate_id: float(near[k]) for k, one in enumerate(chosen)}


def pooled(generation: Int) -> tuple[Int, Int]:
    """Who is ranked by agreement, and whose mean is the consensus.

    Args:
        generation: Of each kept survivor of stage A, best first by Sharpe ratio, [N].

    Returns:
        The rows that are ranked, and which of these are the consensus's; both empty where too few
        random rules survived.
    """
    chance = np.flatnonzero(generation == 0)[:POOL]
    if chance.size < FEWEST:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    top = np.arange(min(POOL, generation.size))
    pool = np.concatenate([top, chance[chance >= top.size]])
    return pool, np.asarray(np.searchsorted(pool, chance[:CONSENSUS]), dtype=np.int64)


def to_consensus(folded: Float, best: Int) -> Float:
    """The agreement of each row, [N].

    Args:
        folded: Standardised sketches, [N, K] (see `standard`).
        best: The rows whose mean is the consensus.
    """
    consensus = standard(folded[best].mean(axis=0)[np.newaxis])[0]
    near: Float = (folded * consensus).sum(axis=1)
    return near


def exported(
    rows: Sequence[CandidateRow], agreement: dict[str, float], n: int = EXPORTED
) -> list[CandidateRow]:
    """Which candidates stage B measures and the run exports, best first.

    By agreement where there is one, else by Sharpe ratio. The champion, which has the highest
    Sharpe ratio, is always among them: PBO and DSR speak about it.

    Args:
        rows: The kept survivors of stage A, best first by Sharpe ratio.
        agreement: Of `agreements`.
        n: How many.
    """
    ranked = [k for k, one in enumerate(rows) if one.candidate_id in agreement]
    near = np.array([agreement[rows[k].candidate_id] for k in ranked])
    best = best_rows(len(rows), np.array(ranked, dtype=np.int64), near, n)
    return [rows[at] for at in best.tolist()]


def best_rows(n_rows: int, pool: Int, near: Float, n: int = EXPORTED) -> Int:
    """The rows of `exported` among the kept survivors.

    Args:
        n_rows: How many survivors are kept; row 0 is the champion.
        pool, near: The rows that are ranked, ascending, and the agreement of each.
        n: How many.
    """
    if not pool.size:
        return np.arange(min(n, n_rows))
    best = pool[np.lexsort((pool, -near))][:n]
    if 0 not in best:
        best[-1] = 0
    return best


def standard(rows: Float) -> Float:
    """Each row with mean 0 and length 1; a flat one is all 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.sqrt((centred * centred).sum(axis=1, keepdims=True))
    scaled: Float = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0.0)
    return scaled

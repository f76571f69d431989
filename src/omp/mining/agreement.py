"""Which candidates a run puts forward: those of which most is to be expected.

The Sharpe ratio of a bred rule is mostly what breeding found by chance. What the best random rules
of generation 0 have in common is less so: their mean, the *consensus*, cancels what each of them
found alone. A candidate's *agreement* is the correlation of its in-sample x with the consensus.

What a candidate shows beyond the share that its agreement explains is luck in a market with one
edge, and worth as much as it seems in a market with several. How much of it is luck is read from
the random rules themselves: chance alone spreads them by a known variance, and what they are spread
beyond it is real (empirical Bayes; Robbins 1956, Efron & Morris 1973). The *expected Sharpe ratio*
is the part that is explained, and of the rest the share that is real (decision 0061).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
"""Candidates that are ranked: the best so many of all, and of generation 0."""


@dataclass(frozen=True)
class Standing:
    """Where a candidate stands among what its run found.

    Args:
        agreement: Correlation of its in-sample x with the consensus, -1 to 1.
        expected: Sharpe ratio of x, per bar, that it is expected to have truly.
    """

    agreement: float
    expected: float


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


def standings(rows: Sequence[CandidateRow], sketch: Sketch, n_bars: int) -> dict[str, Standing]:
    """Where each candidate that is ranked stands, by candidate id; empty without a consensus.

    Args:
        rows: The kept survivors of stage A, best first by Sharpe ratio.
        sketch: Sums of x over parts of the window, [N, K] (`Evaluator.sketch`).
        n_bars: Bars of the window.
    """
    pool, chance = pooled(np.array([one.generation for one in rows], dtype=np.int64))
    chosen = [rows[at] for at in pool.tolist()]
    if not all(one.strategy for one in chosen) or not pool.size:
        return {}
    folded = standard(sketch([genome_of(one) for one in chosen]))
    near = to_consensus(folded, chance[:CONSENSUS])
    sharpe = np.array([one.sharpe_x for one in chosen])
    expected = expected_sharpe(near, sharpe, chance, n_bars)
    return {
        one.candidate_id: Standing(float(near[k]), float(expected[k]))
        for k, one in enumerate(chosen)
    }


def pooled(generation: Int) -> tuple[Int, Int]:
    """Who is ranked, and which of them are the random rules that the ranking rests on.

    Args:
        generation: Of each kept survivor of stage A, best first by Sharpe ratio, [N].

    Returns:
        The rows that are ranked, and which of these are the best of generation 0, best first; both
        empty where too few random rules survived.
    """
    chance = np.flatnonzero(generation == 0)[:POOL]
    if chance.size < FEWEST:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    top = np.arange(min(POOL, generation.size))
    pool = np.concatenate([top, chance[chance >= top.size]])
    return pool, np.asarray(np.searchsorted(pool, chance), dtype=np.int64)


def expected_sharpe(near: Float, sharpe: Float, chance: Int, n_bars: int) -> Float:
    """The Sharpe ratio that each row is expected to have truly, per bar, [N].

    A regression of the random rules' Sharpe ratios on their agreement, through 0, gives the part
    that is explained; a rule's own luck given the consensus has variance (1 - agreement^2)/(T - 1).

    Args:
        near: Agreement of each row, [N].
        sharpe: In-sample Sharpe ratio of x of each row, per bar, [N].
        chance: The rows that are random rules.
        n_bars: Bars T of the window.
    """
    ours, seen = near[chance], sharpe[chance]
    scale = float((ours * ours).sum())
    slope = float((ours * seen).sum()) / scale if scale > 0.0 else 0.0
    rest = seen - slope * ours
    spread = float((rest * rest).sum())
    luck = float((1.0 - ours * ours).sum()) / (n_bars - 1)
    real = max(0.0, 1.0 - luck / spread) if spread > 0.0 else 0.0
    explained = slope * near
    expected: Float = explained + real * (sharpe - explained)
    return expected


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
    rows: Sequence[CandidateRow], standing: dict[str, Standing], n: int = EXPORTED
) -> list[CandidateRow]:
    """Which candidates stage B measures and the run exports, best first.

    By expected Sharpe ratio where there is a consensus, else by the one they show. The champion,
    which shows the highest, is always among them: PBO and DSR speak about it.

    Args:
        rows: The kept survivors of stage A, best first by Sharpe ratio.
        standing: Of `standings`.
        n: How many.
    """
    ranked = [k for k, one in enumerate(rows) if one.candidate_id in standing]
    expected = np.array([standing[rows[k].candidate_id].expected for k in ranked])
    best = best_rows(len(rows), np.array(ranked, dtype=np.int64), expected, n)
    return [rows[at] for at in best.tolist()]


def best_rows(n_rows: int, pool: Int, expected: Float, n: int = EXPORTED) -> Int:
    """The rows of `exported` among the kept survivors.

    Args:
        n_rows: How many survivors are kept; row 0 is the champion.
        pool, expected: The rows that are ranked, ascending, and what is expected of each.
        n: How many.
    """
    if not pool.size:
        return np.arange(min(n, n_rows))
    best = pool[np.lexsort((pool, -expected))][:n]
    if 0 not in best:
        best[-1] = 0
    return best


def standard(rows: Float) -> Float:
    """Each row with mean 0 and length 1; a flat one is all 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.sqrt((centred * centred).sum(axis=1, keepdims=True))
    scaled: Float = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0.0)
    return scaled

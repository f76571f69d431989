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
from omp.mining.streams import Float

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
    chance = [one for one in rows if one.generation == 0][:POOL]
    pool = list(dict.fromkeys([*rows[:POOL], *chance]))
    if len(chance) < FEWEST or not all(one.strategy for one in pool):
        return {}
    folded = _standard(sketch([genome_of(one) for one in pool]))
    at = {one.candidate_id: k for k, one in enumerate(pool)}
    best = [at[one.candidate_id] for one in chance[:CONSENSUS]]
    consensus = _standard(folded[best].mean(axis=0)[np.newaxis])[0]
    near = (folded * consensus).sum(axis=1)
    return {one.candidate_id: float(near[k]) for k, one in enumerate(pool)}


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
    if not agreement:
        return list(rows[:n])
    ranked = [one for one in rows if one.candidate_id in agreement]
    ranked.sort(key=lambda one: (-agreement[one.candidate_id], one.rank))
    best = ranked[:n]
    if rows[0] not in best:
        best[-1] = rows[0]
    return best


def _standard(rows: Float) -> Float:
    """Each row with mean 0 and length 1; a flat one is all 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.sqrt((centred * centred).sum(axis=1, keepdims=True))
    scaled: Float = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0.0)
    return scaled

"""Stage A: the cheap look at every trial, and who survives it."""

import json

import numpy as np

from omp.domain.ids import candidate_id
from omp.engine.evaluation import Evaluation, Moments
from omp.engine.genome import Genome
from omp.engine.population import Population
from omp.engine.strategy import from_strategy
from omp.mining.books import TrialRows
from omp.mining.candidates import CandidateRow, Candidates
from omp.mining.columns import hash_names
from omp.mining.names import Writer, hashes
from omp.mining.plan import MIN_TRADES, Plan
from omp.mining.streams import Bool, Int


def survivors(plan: Plan, evaluation: Evaluation) -> Bool:
    """Who has enough trades, a defined and positive Sharpe of x, and meets the constraints, [G].

    The floor of `[constraints] min_sharpe` is annual and on x; `max_drawdown` is a fraction.
    """
    floor = 0.0
    if plan.min_sharpe_annual is not None:
        floor = max(0.0, plan.min_sharpe_annual / np.sqrt(plan.panel.periods_per_year))
    deepest = 1.0 if plan.max_drawdown is None else plan.max_drawdown
    sharpe = evaluation.sharpe_x
    with np.errstate(invalid="ignore"):
        good = (evaluation.n_trades >= MIN_TRADES) & np.isfinite(sharpe) & (sharpe > 0.0)
        return np.asarray(good & (sharpe >= floor) & (evaluation.max_drawdown <= deepest))


def trial_rows(evaluation: Evaluation, rows: Int, generation: int) -> TrialRows:
    """The chosen rows of an evaluation as trials of a generation."""
    return TrialRows(
        evaluation.behaviour[rows],
        np.full(rows.size, generation, dtype=np.int64),
        evaluation.n_trades[rows].astype(np.int64),
        evaluation.block_sum[rows],
        evaluation.block_sum_sq[rows],
    )


def candidate_columns(
    population: Population, evaluation: Evaluation, rows: Int, generation: int
) -> Candidates:
    """The chosen rows of a generation as candidates."""
    chosen = population.take(rows)
    return Candidates(
        population=chosen,
        behaviour=evaluation.behaviour[rows],
        generation=np.full(rows.size, generation, dtype=np.int64),
        complexity=np.asarray(chosen.complexity, dtype=np.int64),
        n_trades=evaluation.n_trades[rows].astype(np.int64),
        exposure=evaluation.exposure[rows],
        turnover=evaluation.turnover[rows],
        sharpe=evaluation.sharpe[rows],
        sharpe_x=evaluation.sharpe_x[rows],
        max_drawdown=evaluation.max_drawdown[rows],
        profit_factor=evaluation.profit_factor[rows],
    )


def candidate_rows(plan: Plan, found: Candidates, moments: Moments) -> list[CandidateRow]:
    """Candidates with their names and the moments of their x, in the same order."""
    texts = Writer(found.population, plan.panel.symbols, plan.panel.timeframe).texts()
    names = hashes(texts)
    return [
        CandidateRow(*one)
        for one in zip(
            [candidate_id(name) for name in names],
            names,
            hash_names(found.behaviour),
            found.generation.tolist(),
            found.complexity.tolist(),
            found.n_trades.tolist(),
            found.exposure.tolist(),
            found.turnover.tolist(),
            found.sharpe.tolist(),
            found.sharpe_x.tolist(),
            found.max_drawdown.tolist(),
            found.profit_factor.tolist(),
            [moments.n] * len(found),
            moments.mean.tolist(),
            moments.var.tolist(),
            moments.skew.tolist(),
            moments.kurt.tolist(),
            texts,
            strict=True,
        )
    ]


def genome_of(row: CandidateRow) -> Genome:
    """The genome of a candidate row."""
    return from_strategy(json.loads(row.strategy))

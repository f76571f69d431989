"""Stage A: the cheap look at every trial, and who survives it."""

import json

import numpy as np

from omp.domain.ids import candidate_id
from omp.engine.evaluation import Evaluation
from omp.engine.genome import Genome
from omp.engine.strategy import from_strategy, genome_hash, to_strategy
from omp.mining.books import CandidateRow, TrialRows
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
    names = [evaluation.behaviour_hash[row].encode() for row in rows.tolist()]
    return TrialRows(
        np.array(names, dtype="S32"),
        np.full(rows.size, generation, dtype=np.int64),
        evaluation.n_trades[rows].astype(np.int64),
        evaluation.block_sum[rows],
        evaluation.block_sum_sq[rows],
    )


def candidate_rows(
    plan: Plan, genomes: list[Genome], evaluation: Evaluation, rows: Int, generation: int
) -> list[CandidateRow]:
    """The survivors among the chosen rows of a generation, in order."""
    symbols, timeframe = plan.panel.symbols, plan.panel.timeframe
    good = survivors(plan, evaluation)
    found = []
    for row in rows[good[rows]].tolist():
        genome = genomes[row]
        name = genome_hash(genome, symbols, timeframe)
        found.append(
            CandidateRow(
                candidate_id=candidate_id(name),
                genome_hash=name,
                behaviour_hash=evaluation.behaviour_hash[row],
                generation=generation,
                complexity=genome.complexity,
                n_trades=int(evaluation.n_trades[row]),
                exposure=float(evaluation.exposure[row]),
                turnover=float(evaluation.turnover[row]),
                sharpe=float(evaluation.sharpe[row]),
                sharpe_x=float(evaluation.sharpe_x[row]),
                max_drawdown=float(evaluation.max_drawdown[row]),
                profit_factor=float(evaluation.profit_factor[row]),
                n=evaluation.n_bars,
                mean=float(evaluation.mean_x[row]),
                var=float(evaluation.var_x[row]),
                skew=float(evaluation.skew_x[row]),
                kurt=float(evaluation.kurt_x[row]),
                strategy=json.dumps(to_strategy(genome, symbols, timeframe), separators=(",", ":")),
            )
        )
    return found


def genome_of(row: CandidateRow) -> Genome:
    """The genome of a candidate row."""
    return from_strategy(json.loads(row.strategy))

"""`evidence.json` of a run: its own numbers, and those of its best candidates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from omp.market.splits import Fold
from omp.mining.agreement import Standing
from omp.mining.bench import Bench
from omp.mining.books import TrialRows
from omp.mining.measure import Court, subject_of
from omp.mining.plan import Plan
from omp.mining.strategy_file import Strategy
from omp.mining.streams import Float, Int
from omp.stats import pbo_from_block_sums
from omp.wire.evidence import (
    SCHEMA_VERSION,
    CandidateEvidence,
    Overfitting,
    RunEvidence,
    Variance,
)


@dataclass(frozen=True)
class Provenance:
    """Who, what and with which code: the fields every record of a run repeats."""

    run_id: str
    environment: str
    campaign: str
    config_hash: str
    data_digest: str
    lineage: str
    seed: int
    engine_version: str
    git_sha: str
    lock_digest: str


@dataclass(frozen=True)
class Counts:
    """Exact counts of a run, however many rows its files keep."""

    generations: int
    genomes: int
    distinct: int
    without_trades: int
    candidates: int
    sharpe_variance: float | None


def in_sample_bench(plan: Plan) -> Bench:
    """The bench of a plan's in-sample window."""
    return Bench(
        plan.panel,
        plan.windows.in_sample,
        plan.costs,
        flat_at_session_end=plan.flat_at_session_end,
        liquidity=plan.liquidity,
        feature_levels=dict(plan.grammar.feature_levels),
    )


def court_of(plan: Plan, n_trials: int, bench: Bench | None = None) -> Court:
    """The bench of the in-sample window and its folds, as slices of the window.

    `bench` is one that `in_sample_bench` made for the same window before; None makes it.
    """
    start = plan.windows.in_sample.start
    folds = tuple(
        Fold(_moved(one.train, start), _moved(one.test, start)) for one in plan.windows.folds
    )
    return Court(bench or in_sample_bench(plan), folds, n_trials)


def _moved(bars: slice, start: int) -> slice:
    return slice(bars.start - start, bars.stop - start)


def overfitting(trials: TrialRows, block_lengths: Int) -> Overfitting:
    """PBO of the run's selection, on the distinct behaviours of generation 0."""
    first = trials.generation == 0
    n_rules = int(first.sum())
    n_blocks = int(block_lengths.size)
    if n_rules < 2:
        return Overfitting(None, n_blocks, n_rules, int(block_lengths.sum()), None)
    found = pbo_from_block_sums(trials.block_sum[first], trials.block_sum_sq[first], block_lengths)
    value = float(found.pbo) if np.isfinite(found.pbo) else None
    logit = float(np.median(found.logits)) if np.isfinite(found.logits).all() else None
    loss = float(found.loss) if np.isfinite(found.loss) else None
    return Overfitting(value, n_blocks, n_rules, int(found.n_obs_used), logit, loss)


def trial_variance(trials: TrialRows, block_lengths: Int) -> float | None:
    """Variance of the per-bar Sharpe of x over the kept trials that have one."""
    bars = float(block_lengths.sum())
    total, squares = trials.block_sum.sum(axis=1), trials.block_sum_sq.sum(axis=1)
    spread = (squares - total * total / bars) / (bars - 1.0)
    sharpe = total[spread > 0.0] / bars / np.sqrt(spread[spread > 0.0])
    known = sharpe[np.isfinite(sharpe)]
    return float(np.var(known, ddof=1)) if known.size > 1 else None


def variance(
    sharpes: Float, counts: Counts, duplicate_streams: int, periods_per_year: float
) -> Variance:
    """Health of the population: the spread of its annual Sharpe ratios of x, and its failures."""
    known = sharpes[np.isfinite(sharpes)]
    of_candidates = float(np.var(known, ddof=1)) * periods_per_year if known.size > 1 else None
    spread = counts.sharpe_variance
    return Variance(
        of_candidates=of_candidates,
        of_trials=None if spread is None else spread * periods_per_year,
        n_candidates=counts.candidates,
        n_trials=counts.distinct,
        undefined=int(sharpes.size - known.size),
        duplicate_streams=duplicate_streams,
        without_trades=counts.without_trades,
    )


def correlations(x: Float) -> list[list[float | None]]:
    """Correlation of the columns of x [T, N]; None where a column is flat."""
    if x.shape[1] == 0:
        return []
    centred = x - x.mean(axis=0)
    size = np.sqrt((centred * centred).sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        matrix = np.clip((centred.T @ centred) / np.outer(size, size), -1.0, 1.0)
    return [[float(one) if np.isfinite(one) else None for one in row] for row in matrix]


def excess_matrix(bench: Bench, strategies: Sequence[Strategy]) -> Float:
    """In-sample x of each strategy, one column each, [T, N]."""
    columns = [bench.streams(subject_of(one)).excess() for one in strategies]
    return np.column_stack(columns) if columns else np.empty((bench.timestamp.size, 0))


def duplicates(x: Float) -> int:
    """Columns of x [T, N] that repeat an earlier column to the bit."""
    n_columns = int(x.shape[1])
    return n_columns - len({x[:, k].tobytes() for k in range(n_columns)})


def assemble(
    plan: Plan,
    court: Court,
    provenance: Provenance,
    counts: Counts,
    sharpes: Float,
    trials: TrialRows,
    block_lengths: Int,
    measured: Sequence[tuple[Strategy, CandidateEvidence]],
    standing: Mapping[str, Standing],
) -> RunEvidence:
    """Everything that `evidence.json` of a run says.

    `sharpes` are the in-sample Sharpe ratios of x, per bar, of the kept candidates.
    """
    x = excess_matrix(court.bench, [strategy for strategy, _ in measured])
    stands = [standing.get(one.candidate_id) for _, one in measured]
    ranked = [one for _, one in measured if one.sharpe_x is not None]
    champion = max(ranked, key=lambda one: one.sharpe_x or 0.0, default=None)
    return RunEvidence(
        schema_version=SCHEMA_VERSION,
        run_id=provenance.run_id,
        environment=provenance.environment,
        config_hash=provenance.config_hash,
        data_digest=provenance.data_digest,
        lineage=provenance.lineage,
        seed=provenance.seed,
        engine_version=provenance.engine_version,
        git_sha=provenance.git_sha,
        lock_digest=provenance.lock_digest,
        venue=plan.panel.venue,
        timeframe=plan.panel.timeframe,
        symbols=list(court.bench.symbols),
        periods_per_year=plan.panel.periods_per_year,
        cost_model=plan.charged,
        window=plan.window,
        generations=counts.generations,
        n_trials=counts.distinct,
        n_genomes=counts.genomes,
        sr_variance_trials=counts.sharpe_variance,
        champion=None if champion is None else champion.candidate_id,
        variance=variance(sharpes, counts, duplicates(x), plan.panel.periods_per_year),
        pbo=overfitting(trials, block_lengths),
        candidates=[one for _, one in measured],
        correlation=correlations(x),
        agreement=[None if one is None else one.agreement for one in stands],
        expected=[None if one is None else one.expected for one in stands],
    )

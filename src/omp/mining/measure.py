"""Stage B for one subject: everything the gates of the first panel want to know, in-sample."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from omp.market.splits import Fold
from omp.mining.bench import Bench, PlacedTrade, Subject
from omp.mining.lookahead import Proof
from omp.mining.strategy_file import Strategy, from_toml, to_toml
from omp.mining.streams import Streams, sharpe
from omp.mining.stress import run_suite
from omp.stats import (
    deflated_sharpe_ratio,
    expected_max_sharpe,
    max_drawdown,
    moments,
    probabilistic_sharpe_ratio,
)
from omp.wire.canonical import digest_of
from omp.wire.evidence import CandidateEvidence, Moments, Replay

RETURNS_AGREE = 1e-9
"""Largest difference of a bar return between the kernel and the oracle that is rounding."""


@dataclass(frozen=True)
class Court:
    """What stage B needs beside the subject.

    Args:
        bench: The in-sample window.
        folds: Walk-forward folds, as slices of the window itself.
        n_trials: Distinct trials of the run, N of the deflated Sharpe ratio.
    """

    bench: Bench
    folds: tuple[Fold, ...]
    n_trials: int

    @cached_property
    def proof(self) -> Proof:
        """The proof against look-ahead: candidates share conditions, each is replayed once."""
        return Proof(self.bench)


@dataclass(frozen=True)
class Origin:
    """Where a candidate came from: generation and behaviour are the search's own words."""

    generation: int
    behaviour_hash: str
    member_ids: tuple[str, ...] = ()


def subject_of(strategy: Strategy) -> Subject:
    """What the bench runs for a strategy."""
    members = tuple((one.genome, one.weight) for one in strategy.members)
    return Subject(members, strategy.genome_hash)


def measure(court: Court, strategy: Strategy, origin: Origin) -> CandidateEvidence:
    """All evidence about one candidate or ensemble; artifacts and likeness are added later."""
    return prove_further(court, strategy, draft(court, strategy, origin))


def prove_further(
    court: Court, strategy: Strategy, drafted: CandidateEvidence
) -> CandidateEvidence:
    """A draft with what costs most: stress, the proof against look-ahead, the oracle's replay."""
    subject = subject_of(strategy)
    return replace(
        drafted,
        stress=run_suite(court.bench, subject),
        lookahead=court.proof.prove(subject),
        replay=replay(court.bench, strategy),
    )


def draft(court: Court, strategy: Strategy, origin: Origin) -> CandidateEvidence:
    """The evidence without stress, proof against look-ahead and replay: those are unknown."""
    bench, subject = court.bench, subject_of(strategy)
    streams = bench.streams(subject)
    trades = bench.trades(subject)
    x = streams.excess()
    m = moments(x)
    year = math.sqrt(bench.periods_per_year)
    raw, excess = sharpe(streams.over_cash()), sharpe(x)
    null_variance = 1.0 / (m.n - 1) if m.n > 1 else math.nan
    n_trials = max(court.n_trials, 1)
    psr = dsr = math.nan
    if excess is not None:
        psr = probabilistic_sharpe_ratio(excess, 0.0, m.n, m.skew, m.kurtosis)
        dsr = deflated_sharpe_ratio(excess, m.n, m.skew, m.kurtosis, n_trials, null_variance)
    return CandidateEvidence(
        candidate_id=strategy.candidate_id,
        kind="ensemble" if strategy.is_ensemble else "candidate",
        genome_hash=strategy.genome_hash,
        behaviour_hash=origin.behaviour_hash,
        members=list(origin.member_ids),
        weights=[one.weight for one in strategy.members] if strategy.is_ensemble else [],
        generation=origin.generation,
        complexity=sum(one.genome.complexity for one in strategy.members),
        n_bars=len(streams),
        n_trades=len(trades),
        exposure=exposure(streams),
        turnover_annual=turnover_annual(bench, subject, trades),
        sharpe=raw,
        sharpe_annual=_times(raw, year),
        sharpe_x=excess,
        sharpe_x_annual=_times(excess, year),
        max_drawdown=_known(max_drawdown(streams.net())),
        profit_factor=profit_factor(trades),
        moments_x=Moments(
            m.n, _known(m.mean), _known(m.variance), _known(m.skew), _known(m.kurtosis)
        ),
        psr=_known(psr),
        dsr=_known(dsr),
        n_trials=court.n_trials,
        luck_sharpe_x_annual=_times(_known(expected_max_sharpe(n_trials, null_variance)), year),
        folds_sharpe_x=[sharpe(streams.part(one.test).excess()) for one in court.folds],
        stress=[],
        lookahead=None,
        replay=None,
        against=[],
        artifacts={},
    )


def replay(bench: Bench, strategy: Strategy) -> Replay:
    """Write the strategy, read it back, run it through the plain oracle, and compare."""
    again = from_toml(to_toml(strategy))
    if again.genome_hash != strategy.genome_hash:
        return Replay(trades_equal=False, max_return_difference=None)
    equal, widest = True, 0.0
    for one, other in zip(strategy.members, again.members, strict=True):
        for k in range(len(bench.symbols)):
            kernel = bench.fills(one.genome, k)
            oracle = bench.fills(other.genome, k, engine="oracle")
            equal = equal and _alike(kernel.trades, oracle.trades)
            widest = max(widest, float(np.abs(kernel.returns - oracle.returns).max(initial=0.0)))
    return Replay(equal and widest <= RETURNS_AGREE, widest)


def _alike(ours: Sequence[object], theirs: Sequence[object]) -> bool:
    keys = ("entry_bar", "exit_bar", "side", "reason")
    return [[getattr(t, k) for k in keys] for t in ours] == [
        [getattr(t, k) for k in keys] for t in theirs
    ]


def ensemble_behaviour(behaviours: Sequence[str], weights: Sequence[float]) -> str:
    """Behaviour hash of an ensemble: of its members' sorted hashes with their weights."""
    pairs = sorted([one, float(weight)] for one, weight in zip(behaviours, weights, strict=True))
    return digest_of({"members": pairs})[:32]


def exposure(streams: Streams) -> float | None:
    """Share of symbol bars with a position, 0 to 1."""
    bars = int(streams.present.sum())
    return float(np.count_nonzero(streams.position)) / bars if bars else None


def turnover_annual(bench: Bench, subject: Subject, trades: Sequence[PlacedTrade]) -> float | None:
    """Value traded (both sides) over account value, a year."""
    years = bench.timestamp.size / bench.periods_per_year
    traded = sum(2.0 * subject.members[one.member][1] for one in trades)
    return traded / (len(bench.symbols) * years) if years > 0.0 else None


def profit_factor(trades: Sequence[PlacedTrade]) -> float | None:
    """Gains over losses of the trades; unknown without a loss."""
    losses = -sum(one.net_return for one in trades if one.net_return < 0.0)
    gains = sum(one.net_return for one in trades if one.net_return > 0.0)
    return gains / losses if losses > 0.0 else None


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor

"""What children measured and gates compare: `evidence.json` and `look.json`.

Every number may be None, which means UNKNOWN and never promotes. Sharpe ratios are per bar unless
the name says `_annual`; everything is net of costs; `_x` is on excess returns (evidence
procedure, step 2).
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import cattrs

from omp.domain.errors import Damaged, NotFound
from omp.wire.canonical import canonical, digest, finite
from omp.wire.filed import read_filed

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Moments:
    """Moments of x over the in-sample bars; ddof 1, kurtosis raw (normal = 3)."""

    n: int
    mean: float | None
    var: float | None
    skew: float | None
    kurt: float | None


@dataclass(frozen=True)
class StressOutcome:
    """One scenario of the stress suite. `passed` is None where it could not be run."""

    scenario: str
    version: int
    sharpe_x_annual: float | None
    passed: bool | None
    note: str


@dataclass(frozen=True)
class Lookahead:
    """Proof by replay: prefixes and a shift by one bar; `leaks` counts contradictions."""

    prefix_replays: int
    leaks: int
    shift_sharpe_x_annual: float | None
    detail: str


@dataclass(frozen=True)
class Replay:
    """The plain oracle's answer to the same strategy: must agree, else completeness fails."""

    trades_equal: bool
    max_return_difference: float | None


@dataclass(frozen=True)
class Against:
    """Likeness to an earlier subject before the boundary, on the bars or days both have.

    Args:
        common_bars: Bars of the same instant.
        common_days: UTC days both have, where days were compared; None where bars were.
    """

    subject_id: str
    common_bars: int
    position_correlation: float | None
    x_correlation: float | None
    common_days: int | None = None


@dataclass(frozen=True)
class CandidateEvidence:
    """Everything stage B measured about one candidate or ensemble, in-sample and net.

    Args:
        kind: `candidate` or `ensemble`.
        members: Member candidate ids of an ensemble with `weights`; empty for a candidate.
        exposure: Share of bars with a position, 0–1.
        turnover_annual: Sum of absolute position changes a year.
        dsr: Deflated Sharpe probability of x with N = `n_trials`, V = 1/(T-1).
        luck_sharpe_x_annual: Expected maximum Sharpe of x from luck alone, annual.
        folds_sharpe_x: Sharpe of x per bar in each walk-forward fold, oldest first.
        artifacts: File name -> blake3 of its bytes, in the candidate's folder.
    """

    candidate_id: str
    kind: str
    genome_hash: str
    behaviour_hash: str
    members: list[str]
    weights: list[float]
    generation: int
    complexity: int
    n_bars: int
    n_trades: int
    exposure: float | None
    turnover_annual: float | None
    sharpe: float | None
    sharpe_annual: float | None
    sharpe_x: float | None
    sharpe_x_annual: float | None
    max_drawdown: float | None
    profit_factor: float | None
    moments_x: Moments
    psr: float | None
    dsr: float | None
    n_trials: int
    luck_sharpe_x_annual: float | None
    folds_sharpe_x: list[float | None]
    stress: list[StressOutcome]
    lookahead: Lookahead | None
    replay: Replay | None
    against: list[Against]
    artifacts: dict[str, str]


@dataclass(frozen=True)
class Variance:
    """Health of the run's population; variances are of annualised in-sample Sharpes."""

    of_candidates: float | None
    of_trials: float | None
    n_candidates: int
    n_trials: int
    undefined: int
    duplicate_streams: int
    without_trades: int


@dataclass(frozen=True)
class Overfitting:
    """PBO of the run's selection (not of one strategy), on x of generation 0.

    `loss` is the share of halvings whose winner earns nothing on the other half; runs of before it
    was measured have none.
    """

    value: float | None
    n_blocks: int
    n_rules: int
    n_obs_used: int
    median_logit: float | None
    loss: float | None = None


@dataclass(frozen=True)
class Window:
    """The in-sample window a run used; ISO instants, UTC."""

    first: str
    last: str
    n_bars: int
    boundary: str
    embargo_bars: int


@dataclass(frozen=True)
class RunEvidence:
    """`evidence.json`: the run's own numbers and those of its top candidates.

    Args:
        lineage: Data lineage that the trials are charged to.
        n_trials: Exact number of distinct behaviours evaluated by the run.
        n_genomes: Number of genomes charged (repeated behaviours included).
        champion: candidate_id with the highest in-sample Sharpe of x.
        correlation: Correlation of in-sample x between `candidates`, in their order.
        agreement: Correlation of each candidate's in-sample x with the mean of the best random
            rules, in their order; None where it was not ranked.
        expected: Sharpe ratio of x, per bar, that each is expected to have truly, in their order;
            None where it was not ranked. Runs of before it was measured have none.
        sr_variance_trials: Variance of per-bar Sharpes of x over the trials (shown, never used).
    """

    schema_version: int
    run_id: str
    environment: str
    config_hash: str
    data_digest: str
    lineage: str
    seed: int
    engine_version: str
    git_sha: str
    lock_digest: str
    venue: str
    timeframe: str
    symbols: list[str]
    periods_per_year: float
    cost_model: dict[str, float]
    window: Window
    generations: int
    n_trials: int
    n_genomes: int
    sr_variance_trials: float | None
    champion: str | None
    variance: Variance
    pbo: Overfitting
    candidates: list[CandidateEvidence]
    correlation: list[list[float | None]]
    agreement: list[float | None] = field(default_factory=list)
    expected: list[float | None] = field(default_factory=list)

    def candidate(self, candidate_id: str) -> CandidateEvidence:
        """The evidence of one candidate.

        Raises:
            NotFound: If it is not among the run's top candidates.
        """
        for one in self.candidates:
            if one.candidate_id == candidate_id:
                return one
        raise NotFound(
            f"candidate {candidate_id} is not among the {len(self.candidates)} of {self.run_id}",
            remedy=f"list them: omp runs show {self.run_id}",
        )


@dataclass(frozen=True)
class SubjectEvidence:
    """`evidence.json` in the folder of an ensemble: its numbers, bound to the run's."""

    schema_version: int
    run_id: str
    run_evidence_digest: str
    subject: CandidateEvidence


@dataclass(frozen=True)
class LookEvidence:
    """`look.json`: what one granted look at the sealed window found. Net, sealed, pooled.

    Args:
        grant_digest: Digest of the grant that allowed it.
        subject_digest: Digest of the subject's strategy.toml, as granted.
        alpha_annual: Intercept of net return on (1, r), annualised.
        beta: Slope on the pool's own return r.
        t: Newey-West t of the intercept, `lags` lags; one-sided `p_value` with `dof`.
        standard_error_annual: Standard error of the annual Sharpe.
        min_track_record_bars: MinTRL against 0 at 95 %; None where the Sharpe is not positive.
        circular_shift_p: Diagnostic only.
    """

    schema_version: int
    look_id: str
    grant_digest: str
    run_id: str
    candidate_id: str
    subject_digest: str
    data_digest: str
    sealed_digest: str
    lineage: str
    first: str
    last: str
    n_bars: int
    periods_per_year: float
    alpha_annual: float | None
    beta: float | None
    t: float | None
    dof: int
    lags: int
    p_value: float | None
    sharpe_annual: float | None
    max_drawdown: float | None
    n_trades: int
    turnover_annual: float | None
    standard_error_annual: float | None
    min_track_record_bars: float | None
    buy_and_hold_sharpe_annual: float | None
    circular_shift_p: float | None
    artifacts: dict[str, str]


D = TypeVar("D")

_converter = cattrs.Converter(forbid_extra_keys=True)


def write_document(document: Any) -> bytes:
    """The bytes of a document, canonical, so that its digest binds it."""
    return canonical(finite(asdict(document)))


def read_document(kind: type[D], path: Path, *, expected_digest: str | None = None) -> D:
    """Read `evidence.json` or `look.json`, strictly.

    Args:
        kind: The document's class.
        path: Where it lies.
        expected_digest: blake3 that the bytes must have, where it is known.

    Raises:
        NotFound: If there is no such file.
        Damaged: If its digest differs, or it lacks or exceeds the fields of its class.
    """
    try:
        data = read_filed(path)
    except FileNotFoundError:
        raise NotFound(
            f"{path.name} is not there: {path}", remedy="run: combiner factory evidence --run ID"
        ) from None
    if expected_digest is not None and digest(data) != expected_digest:
        raise Damaged(
            f"{path} was changed after it was written (digest {digest(data)[:12]}…, "
            f"expected {expected_digest[:12]}…)",
            remedy="do not trust this run; mine it again with: omp queue add",
        )
    try:
        return _converter.structure(json.loads(data), kind)
    except (ValueError, TypeError, KeyError, cattrs.BaseValidationError) as error:
        raise Damaged(
            f"{path} does not have the shape of {kind.__name__}: {error}",
            allowed=f"schema_version {SCHEMA_VERSION}",
            remedy="write it again with: combiner factory evidence --run ID",
        ) from error

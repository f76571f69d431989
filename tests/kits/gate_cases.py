"""A case that passes every gate, and for each gate changes that make it fail that gate alone."""

from collections.abc import Callable
from dataclasses import replace

from omp.config.gate_bars import default_gates
from omp.domain.verdict import Outcome
from omp.gates.case import Case, FileFacts, HallFacts, LedgerFacts, Signature
from omp.wire.evidence import (
    CandidateEvidence,
    Lookahead,
    LookEvidence,
    Moments,
    Overfitting,
    Replay,
    RunEvidence,
    StressOutcome,
    Variance,
    Window,
)
from omp.wire.grant import Grant
from omp.wire.rundir import CANDIDATE_FILES

RUN = "run_sample"
SCENARIOS = (
    "costs_x2",
    "delay_one_bar",
    "costs_x3",
    "missed_trades",
    "price_noise",
    "parameter_step",
    "best_days",
    "volatility_low",
    "volatility_mid",
    "volatility_high",
)


def candidate(name: str = "cand_best", **changes: object) -> CandidateEvidence:
    """A candidate's evidence without a fault."""
    base = CandidateEvidence(
        candidate_id=name,
        kind="candidate",
        genome_hash=(name.encode().hex() + "a" * 64)[:64],
        behaviour_hash=(name.encode().hex() + "b" * 64)[:64],
        members=[],
        weights=[],
        generation=0,
        complexity=2,
        n_bars=1764,
        n_trades=120,
        exposure=0.4,
        turnover_annual=18.0,
        sharpe=0.1,
        sharpe_annual=1.6,
        sharpe_x=0.095,
        sharpe_x_annual=1.5,
        max_drawdown=0.12,
        profit_factor=1.4,
        moments_x=Moments(n=1764, mean=0.0004, var=0.0001, skew=0.1, kurt=4.0),
        psr=0.99,
        dsr=0.71,
        n_trials=21443,
        luck_sharpe_x_annual=1.3,
        folds_sharpe_x=[0.05, 0.02, -0.01, 0.06],
        stress=[StressOutcome(one, 1, 0.6, passed=True, note="") for one in SCENARIOS],
        lookahead=Lookahead(prefix_replays=20, leaks=0, shift_sharpe_x_annual=0.9, detail=""),
        replay=Replay(trades_equal=True, max_return_difference=0.0),
        against=[],
        artifacts=dict.fromkeys(CANDIDATE_FILES, "c" * 64),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def run_evidence(**changes: object) -> RunEvidence:
    """A run's evidence without a fault, of one candidate."""
    base = RunEvidence(
        schema_version=1,
        run_id=RUN,
        environment="test",
        config_hash="1" * 64,
        data_digest="2" * 64,
        lineage="lin_sample",
        seed=7,
        engine_version="0.1.0",
        git_sha="3" * 40,
        lock_digest="4" * 64,
        venue="us",
        timeframe="1d",
        symbols=["AAA"],
        periods_per_year=252.0,
        cost_model={"commission_bps": 1.0, "slippage_bps": 1.0},
        window=Window("2000-01-03", "2006-12-29", 1764, "2007-02-01", 200),
        generations=10,
        n_trials=21443,
        n_genomes=22000,
        sr_variance_trials=0.001,
        champion="cand_best",
        variance=Variance(0.05, 0.2, 900, 21443, 0, 0, 400),
        pbo=Overfitting(0.12, 16, 1990, 1760, 1.5, 0.1),
        candidates=[candidate()],
        correlation=[[1.0]],
    )
    return replace(base, **changes)  # type: ignore[arg-type]


GRANT = Grant(
    schema_version=1,
    look_id="look_sample",
    run_id=RUN,
    candidate_id="cand_best",
    subject_digest="c" * 64,
    data_digest="2" * 64,
    lineage="lin_sample",
    window="lin_sample",
    ordinal=1,
    level=0.0304,
    granted_at="2026-01-01T00:00:00Z",
)


def look(**changes: object) -> LookEvidence:
    """A look's evidence without a fault."""
    base = LookEvidence(
        schema_version=1,
        look_id=GRANT.look_id,
        grant_digest=GRANT.digest,
        run_id=RUN,
        candidate_id="cand_best",
        subject_digest="c" * 64,
        data_digest="2" * 64,
        sealed_digest="5" * 64,
        lineage="lin_sample",
        first="2007-02-01",
        last="2010-12-31",
        n_bars=756,
        periods_per_year=252.0,
        alpha_annual=0.11,
        beta=0.3,
        t=2.6,
        dof=754,
        lags=6,
        p_value=0.005,
        sharpe_annual=1.2,
        max_drawdown=0.1,
        n_trades=51,
        turnover_annual=17.0,
        standard_error_annual=0.58,
        min_track_record_bars=480.0,
        buy_and_hold_sharpe_annual=0.4,
        circular_shift_p=0.004,
        artifacts={"returns.parquet": "6" * 64},
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def good_case(**changes: object) -> Case:
    """A case that passes both panels."""
    base = Case(
        run=run_evidence(),
        subject=candidate(),
        selection=candidate(),
        files=FileFacts(checked=12, faults=()),
        ledger=LedgerFacts(run_trials=21443, open_generations=0, lineage_trials=90000),
        hall=HallFacts((), ()),
        grant=GRANT,
        look=look(),
        review_policy="auto",
        gates=default_gates(),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def with_subject(**changes: object) -> Case:
    """The good case with another subject (which is its own selection)."""
    return good_case(subject=candidate(**changes), selection=candidate(**changes))


def _variance(**changes: object) -> Case:
    return good_case(run=run_evidence(variance=replace(run_evidence().variance, **changes)))


def _pbo(**changes: object) -> Case:
    return good_case(run=run_evidence(pbo=replace(run_evidence().pbo, **changes)))


def _stress(*failed: str) -> list[StressOutcome]:
    return [StressOutcome(one, 1, 0.1, passed=one not in failed, note="") for one in SCENARIOS]


def _sign(role: str, decision: str) -> tuple[Signature, ...]:
    return (Signature(role, decision, "ana", "because", "2026-01-01T00:00:00Z"),)


FAILS: tuple[tuple[str, Outcome, Callable[[], Case]], ...] = (
    ("completeness", Outcome.REJECT, lambda: good_case(files=FileFacts(12, ("a is missing",)))),
    ("completeness", Outcome.REJECT, lambda: good_case(files=FileFacts(0, ()))),
    ("completeness", Outcome.REJECT, lambda: good_case(ledger=LedgerFacts(21442, 0, 90000))),
    ("completeness", Outcome.REJECT, lambda: good_case(ledger=LedgerFacts(21443, 1, 90000))),
    ("completeness", Outcome.REJECT, lambda: with_subject(replay=Replay(False, 0.0))),
    ("completeness", Outcome.REJECT, lambda: with_subject(replay=Replay(True, 1e-6))),
    ("variance_sanity", Outcome.REJECT, lambda: _variance(of_candidates=9e-7)),
    ("variance_sanity", Outcome.REJECT, lambda: _variance(of_trials=9e-7)),
    ("variance_sanity", Outcome.REJECT, lambda: _variance(undefined=1)),
    ("variance_sanity", Outcome.REJECT, lambda: _variance(duplicate_streams=1)),
    ("variance_sanity", Outcome.REJECT, lambda: _variance(without_trades=21443)),
    ("pbo", Outcome.RESEARCH, lambda: _pbo(value=0.21)),
    ("pbo", Outcome.REJECT, lambda: _pbo(value=0.41)),
    ("pbo", Outcome.RESEARCH, lambda: _pbo(loss=0.31)),
    ("pbo", Outcome.REJECT, lambda: _pbo(value=0.41, loss=0.9)),
    ("pbo", Outcome.UNKNOWN, lambda: _pbo(loss=None)),
    ("pbo", Outcome.UNKNOWN, lambda: _pbo(n_blocks=15)),
    ("pbo", Outcome.UNKNOWN, lambda: _pbo(n_rules=40)),
    ("dsr", Outcome.RESEARCH, lambda: with_subject(dsr=0.39)),
    ("walk_forward", Outcome.RESEARCH, lambda: with_subject(folds_sharpe_x=[0.1, 0.0, 0.0, -0.1])),
    (
        "walk_forward",
        Outcome.RESEARCH,
        lambda: good_case(
            subject=candidate(folds_sharpe_x=[0.1, 0.1, 0.1, -0.1, -0.1]),
            gates={
                **default_gates(),
                "walk_forward": replace(
                    default_gates()["walk_forward"], options={"min_positive_share": 0.8}
                ),
            },
        ),
    ),
    ("stress", Outcome.RESEARCH, lambda: with_subject(stress=_stress("costs_x2"))),
    ("stress", Outcome.RESEARCH, lambda: with_subject(stress=_stress(*SCENARIOS[-3:]))),
    ("lookahead", Outcome.REJECT, lambda: with_subject(lookahead=Lookahead(20, 1, 0.9, "bar 7"))),
    ("lookahead", Outcome.UNKNOWN, lambda: with_subject(lookahead=Lookahead(0, 0, 0.9, ""))),
    ("duplicate", Outcome.REJECT, lambda: good_case(hall=HallFacts(("cand_old",), ()))),
    ("duplicate", Outcome.REJECT, lambda: good_case(hall=HallFacts((), ("cand_old",)))),
    ("look", Outcome.REJECT, lambda: good_case(look=look(p_value=0.031))),
    ("look", Outcome.REJECT, lambda: good_case(look=look(grant_digest="f" * 64))),
    ("look", Outcome.REJECT, lambda: good_case(look=look(subject_digest="f" * 64))),
    ("look", Outcome.REJECT, lambda: good_case(grant=None, look_refusal="it is a twin")),
    ("oos_sharpe", Outcome.RESEARCH, lambda: good_case(look=look(sharpe_annual=0.49))),
    ("oos_sharpe", Outcome.REJECT, lambda: good_case(look=look(sharpe_annual=0.19))),
    ("max_drawdown", Outcome.RESEARCH, lambda: good_case(look=look(max_drawdown=0.31))),
    ("max_drawdown", Outcome.REJECT, lambda: with_subject(max_drawdown=0.51)),
    ("trades_oos", Outcome.REJECT, lambda: good_case(look=look(n_trades=9))),
    ("buy_and_hold", Outcome.RESEARCH, lambda: good_case(look=look(alpha_annual=0.0))),
    ("execution", Outcome.WAIT, lambda: with_subject(turnover_annual=51.0)),
    ("execution", Outcome.WAIT, lambda: good_case(look=look(turnover_annual=51.0))),
    (
        "execution",
        Outcome.REJECT,
        lambda: replace(
            with_subject(turnover_annual=51.0), signatures=_sign("trader-expert", "declined")
        ),
    ),
    ("review", Outcome.WAIT, lambda: good_case(review_policy="manual")),
    (
        "review",
        Outcome.REJECT,
        lambda: good_case(review_policy="manual", signatures=_sign("risk-analyst", "declined")),
    ),
    (
        "review",
        Outcome.REJECT,
        lambda: good_case(signatures=_sign("risk-analyst", "declined")),
    ),
)
"""Gate -> what it answers -> a case in which it alone does not pass."""

PASSES_SIGNED: tuple[Callable[[], Case], ...] = (
    lambda: good_case(review_policy="manual", signatures=_sign("risk-analyst", "signed")),
    lambda: replace(
        with_subject(turnover_annual=51.0), signatures=_sign("trader-expert", "signed")
    ),
)
"""Cases that pass because a reviewer signed."""

MEASURES: tuple[tuple[str, Callable[[float], Case], tuple[float, ...]], ...] = (
    ("variance_sanity", lambda v: _variance(of_candidates=v), (0.0, 9e-7, 1e-6, 0.1, 9.0)),
    ("pbo", lambda v: _pbo(value=v), (0.0, 0.2, 0.200001, 0.4, 0.41, 1.0)),
    ("dsr", lambda v: with_subject(dsr=v), (0.0, 0.399, 0.4, 0.9, 1.0)),
    (
        "walk_forward",
        lambda v: with_subject(folds_sharpe_x=[v, v, v]),
        (-1.0, -1e-9, 0.0, 1e-9, 1.0),
    ),
    (
        "stress",
        lambda v: with_subject(stress=_stress(*SCENARIOS[int(v) :])),
        tuple(range(11)),
    ),
    (
        "lookahead",
        lambda v: with_subject(lookahead=Lookahead(20, int(v), 0.9, "")),
        (0, 1, 5),
    ),
    ("look", lambda v: good_case(look=look(p_value=v)), (0.0, 0.0304, 0.0305, 0.5, 1.0)),
    ("oos_sharpe", lambda v: good_case(look=look(sharpe_annual=v)), (-1, 0.19, 0.2, 0.5, 3)),
    ("max_drawdown", lambda v: good_case(look=look(max_drawdown=v)), (0, 0.3, 0.31, 0.5, 0.51, 1)),
    ("trades_oos", lambda v: good_case(look=look(n_trades=int(v))), (0, 9, 10, 11, 500)),
    ("buy_and_hold", lambda v: good_case(look=look(alpha_annual=v)), (-0.1, 0.0, 1e-9, 0.2)),
    ("execution", lambda v: with_subject(turnover_annual=v), (0.0, 50.0, 50.1, 900.0)),
    (
        "duplicate",
        lambda v: good_case(hall=HallFacts(("cand_old",) * int(v), ())),
        (0, 1, 2),
    ),
    (
        "completeness",
        lambda v: good_case(files=FileFacts(12, ("a is missing",) * int(v))),
        (0, 1, 2),
    ),
)
"""Gate -> a case for each value of its measure, values ascending."""

"""A finished run's directory, small but complete, for tests of those who read it."""

import json
from pathlib import Path

from omp.wire.canonical import canonical, digest
from omp.wire.charges import read_charges
from omp.wire.evidence import (
    CandidateEvidence,
    Moments,
    Overfitting,
    RunEvidence,
    Variance,
    Window,
    write_document,
)
from omp.wire.rundir import (
    SCHEMA_VERSION,
    Manifest,
    RunDirectory,
    content_digest,
    files_below,
    write_manifest,
)

HASH = "ab" * 32


def candidate(number: int = 0, *, sharpe_x: float = 0.05) -> CandidateEvidence:
    genome = digest(f"genome {number}".encode())
    return CandidateEvidence(
        candidate_id=f"cand_{genome[:20]}",
        kind="candidate",
        genome_hash=genome,
        behaviour_hash=digest(f"behaviour {number}".encode()),
        members=[],
        weights=[],
        generation=1,
        complexity=2,
        n_bars=1000,
        n_trades=40,
        exposure=0.4,
        turnover_annual=12.0,
        sharpe=0.06,
        sharpe_annual=0.95,
        sharpe_x=sharpe_x,
        sharpe_x_annual=sharpe_x * 15.9,
        max_drawdown=0.12,
        profit_factor=1.3,
        moments_x=Moments(1000, 0.0004, 0.0001, 0.0, 3.0),
        psr=0.9,
        dsr=0.3,
        n_trials=24,
        luck_sharpe_x_annual=1.0,
        folds_sharpe_x=[0.01, 0.02],
        stress=[],
        lookahead=None,
        replay=None,
        against=[],
        artifacts={},
    )


def evidence(run_id: str, *, seed: int, data_digest: str, trials: int = 24) -> RunEvidence:
    best = [candidate(0), candidate(1, sharpe_x=0.04)]
    return RunEvidence(
        schema_version=1,
        run_id=run_id,
        environment="test",
        config_hash=HASH,
        data_digest=data_digest,
        lineage="lin_test",
        seed=seed,
        engine_version="0.1.0",
        git_sha="0" * 40,
        lock_digest=HASH,
        venue="us",
        timeframe="1d",
        symbols=["AAA"],
        periods_per_year=252.0,
        cost_model={"commission_bps": 1.0, "slippage_bps": 1.0},
        window=Window("2000-01-03", "2010-12-31", 1000, "2011-01-01", 50),
        generations=3,
        n_trials=trials,
        n_genomes=30,
        sr_variance_trials=0.001,
        champion=best[0].candidate_id,
        variance=Variance(0.1, 0.2, 2, trials, 0, 0, 0),
        pbo=Overfitting(0.5, 16, 24, 992, 0.0, 0.5),
        candidates=best,
        correlation=[[1.0, 0.2], [0.2, 1.0]],
    )


def finish(
    root: Path, *, run_id: str, seed: int, generations: int, digest: str, with_evidence: bool = True
) -> None:
    """Write what a finished run leaves behind; the manifest last."""
    found = RunDirectory(root)
    tally = read_charges(found.charges)
    whole = evidence(run_id, seed=seed, data_digest=digest, trials=tally.trials)
    if with_evidence:
        found.evidence.write_bytes(write_document(whole))
    rows = [{"candidate_id": one.candidate_id} for one in whole.candidates]
    summary = {"schema_version": 1, "run_id": run_id, "candidates": rows, "convergence": []}
    found.summary.write_bytes(canonical(summary))
    found.candidates.write_bytes(b"rows")
    found.trials.write_bytes(json.dumps([seed, generations]).encode())
    files = files_below(root)
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        run_id=run_id,
        environment=whole.environment,
        campaign="Test",
        config_hash=whole.config_hash,
        data_digest=digest,
        lineage=whole.lineage,
        seed=seed,
        engine_version=whole.engine_version,
        git_sha=whole.git_sha,
        lock_digest=whole.lock_digest,
        cost_model=whole.cost_model,
        counts={"generations": generations, "genomes": tally.genomes, "distinct": tally.trials},
        block_lengths=[],
        ended_by="generations",
        attempts=1,
        started_at="2026-01-01T00:00:00.000Z",
        finished_at="2026-01-01T00:01:00.000Z",
        content_digest=content_digest(files),
        files=files,
    )
    write_manifest(found.manifest, manifest)

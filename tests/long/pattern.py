"""What the minimal engine finds, written once: a run that passes every gate, or one that fails."""

import json
import site
from dataclasses import asdict, replace
from pathlib import Path

from tests.finished import TRIALS, make_candidates
from tests.kits.gate_cases import run_evidence

from omp.config.fingerprint import git_sha
from omp.ops.desk import Desk
from omp.store import campaigns
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.wire.canonical import canonical
from omp.wire.evidence import write_document
from omp.wire.rundir import Manifest

SMALL = Path(__file__).with_name("small.py")


def config_of(desk: Desk, campaign_id: str) -> str:
    """The hash that the runs of a campaign carry."""
    with desk.read() as tx:
        return str(campaigns.get(tx, campaign_id).config_hash)


def write_pattern(desk: Desk, home: Path, campaign_id: str, *, passes: bool = True) -> None:
    """Lay the pattern down for the runs of one campaign."""
    with desk.read() as tx:
        (run,) = run_rows.find(tx, campaign_id=campaign_id)
    home.mkdir(parents=True, exist_ok=True)
    (home / "pattern.json").write_text(json.dumps(_pattern(desk, run, passes=passes)))


def _pattern(desk: Desk, run: Run, *, passes: bool) -> dict[str, object]:
    changes: dict[str, object] = {} if passes else {"dsr": 0.01, "psr": 0.01}
    (one,) = make_candidates(1)
    one = replace(
        one,
        candidate_id="@CANDIDATE@",
        genome_hash="@GENOME@",
        behaviour_hash="@BEHAVIOUR@",
        **changes,  # type: ignore[arg-type]
    )
    measured = {"schema_version": 1, **asdict(one)}
    del measured["artifacts"], measured["against"]
    text = canonical(measured).decode()
    files = {
        "strategy.toml": '# @CANDIDATE@\n[strategy]\ndirection = "long"\n',
        "metrics.obfs": text,
        "metrics.json": text,
        "trades.csv": "symbol,entry_time\nAAA,2001-01-02\n",
        "returns.parquet": "returns of @CANDIDATE@",
        "curves.json": canonical({"equity": [1.0, 1.1]}).decode(),
    }
    one = replace(one, artifacts={name: f"@{name}@" for name in sorted(files)})
    evidence = run_evidence(
        run_id="@RUN@",
        environment=run.environment,
        config_hash=run.config_hash,
        data_digest=run.data_digest,
        lineage=run.lineage,
        seed=-777_777,
        candidates=[one],
        champion="@CANDIDATE@",
        correlation=[[1.0]],
        window=replace(run_evidence().window, boundary="2017-01-01T00:00:00Z"),
    )
    manifest = Manifest(
        schema_version=1,
        run_id="@RUN@",
        environment=run.environment,
        campaign="small",
        config_hash=run.config_hash,
        data_digest=str(run.data_digest),
        lineage=str(run.lineage),
        seed=0,
        engine_version="0.1.0",
        git_sha=git_sha() or "3" * 40,
        lock_digest="4" * 64,
        cost_model={"commission_bps": 1.0},
        counts={},
        block_lengths=[],
        ended_by="generations",
        attempts=1,
        started_at="2026-01-01T00:00:00Z",
        finished_at="2026-01-01T00:01:00Z",
        content_digest="0" * 64,
        files={},
    )
    written = write_document(evidence).decode().replace("-777777", '"@SEED@"')
    return {
        "sys_path": site.getsitepackages(),
        "genomes": 22_000,
        "trials": TRIALS,
        "config": run.config_hash,
        "candidate": files,
        "run": {
            "evidence.json": written,
            "summary.json": '{"schema_version":1,"run_id":"@RUN@","candidates":[]}',
            "candidates.parquet": "rows of @RUN@",
            "trials.parquet": "trials of @RUN@",
        },
        "manifest": canonical(asdict(manifest)).decode(),
    }

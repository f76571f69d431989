"""The story of a run, top to bottom: campaign, data and seed in; a run directory out."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from omp.config.campaign_file import CampaignFile, parse_campaign
from omp.config.fingerprint import engine_version, git_sha, lock_digest
from omp.domain.durable import disk_room, write_durable
from omp.domain.errors import Conflict, Diverged, Interrupted, InvalidInput, NotFound
from omp.domain.failpoints import hit
from omp.domain.ids import check_id
from omp.market.catalog import Catalog
from omp.market.snapshot import Snapshot
from omp.market.splits import parse_iso
from omp.mining.candidate_files import write_folder
from omp.mining.checkpoints import Checkpoints, packed
from omp.mining.data_ready import (
    require_cash,
    require_members,
    require_timeframe,
    require_young,
)
from omp.mining.divergence import keep_divergence, refuse_diverged
from omp.mining.pen import Pen
from omp.mining.plan import Plan, make_plan
from omp.mining.run_evidence import Provenance
from omp.mining.search import RunResult, Search
from omp.mining.sentinel import Sentinel
from omp.mining.stage_b import Judged, judge
from omp.mining.start_from import declared, keep_texts, read_texts
from omp.mining.tables import candidates_parquet, trials_parquet
from omp.wire.canonical import canonical, digest
from omp.wire.charges import charge, read_charges, seal, settle
from omp.wire.evidence import write_document
from omp.wire.lines import Lines, utc_now
from omp.wire.rundir import (
    SCHEMA_VERSION,
    Manifest,
    RunDirectory,
    content_digest,
    files_below,
    write_manifest,
)


@dataclass(frozen=True)
class Job:
    """What a run child is told.

    Args:
        workspace: Root of the workspace.
        campaign: The snapshotted configuration file.
        run_id: Name of the run.
        out: Its directory.
        seed: Registered seed; None takes the campaign's first.
        workers: Threads; None takes the campaign's.
        data_digest: Snapshot to mine; None resolves the campaign's source.
        resume: Whether to go on from the checkpoint, if there is one.
        attempt: Number of this attempt; None counts on from the charges.
    """

    workspace: Path
    campaign: Path
    run_id: str
    out: Path
    seed: int | None = None
    workers: int | None = None
    data_digest: str | None = None
    resume: bool = False
    attempt: int | None = None


@dataclass(frozen=True)
class _Ready:
    """A job whose campaign and data have been read and found fit."""

    job: Job
    run: RunDirectory
    campaign: CampaignFile
    campaign_text: str
    snapshot: Snapshot
    plan: Plan
    provenance: Provenance
    attempt: int


def mine(job: Job, lines: Lines, *, is_stopped: Callable[[], bool]) -> str:
    """Run a campaign once, or finish an interrupted run; gives the manifest's digest.

    Args:
        job: What to do.
        lines: Where progress is told.
        is_stopped: Whether somebody has asked us to leave after a checkpoint.

    Raises:
        InvalidConfiguration: If the campaign has faults.
        DataNotReady: If the data are not proven fit, or too short.
        DiskFull: If there is no room; the last checkpoint stands.
        Interrupted: If we were asked to leave; the last checkpoint stands.
        Diverged: If a genome evaluated again gave other numbers, now or in an earlier attempt.
    """
    run = RunDirectory(job.out)
    refuse_diverged(run)
    if run.finished:
        return _again(run, lines)
    ready = _prepare(job, run)
    lines.emit(
        "start",
        schema_version=SCHEMA_VERSION,
        run_id=job.run_id,
        seed=ready.plan.seed,
        attempt=ready.attempt,
        workers=ready.plan.workers,
        environment=ready.provenance.environment,
        data_digest=ready.provenance.data_digest,
        lineage=ready.provenance.lineage,
        symbols=list(ready.plan.panel.symbols),
        window=asdict(ready.plan.window),
        generations=ready.plan.generations,
    )
    try:
        result, checked = _search(ready, lines, is_stopped)
    except Diverged as error:
        keep_divergence(run, lines, error)
        raise
    lines.emit("stage", name="evidence", candidates=len(result.exported))

    def may_go_on() -> None:
        if is_stopped():
            raise _interrupted(job.run_id)

    judged = judge(result, ready.provenance, may_go_on=may_go_on)
    may_go_on()
    lines.emit("stage", name="writing", folders=len(judged.files))
    manifest_digest = _write(ready, result, judged, checked)
    lines.emit(
        "result",
        run_id=job.run_id,
        manifest=manifest_digest,
        candidates=result.counts.candidates,
        exported=len(result.exported),
        trials=result.counts.distinct,
        rechecked=checked,
        ended_by=result.ended_by,
    )
    return manifest_digest


def _prepare(job: Job, run: RunDirectory) -> _Ready:
    """Read and check everything before the first trial is charged."""
    check_id(job.run_id, "run")
    try:
        text = job.campaign.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError, IsADirectoryError) as error:
        raise NotFound(
            f"the campaign file {job.campaign} cannot be read: {type(error).__name__}",
            remedy="put it under configs/campaigns/ and name it there",
        ) from None
    campaign = parse_campaign(text, name=job.campaign.name)
    seed = campaign.search.seeds.nth(0) if job.seed is None else job.seed
    if seed is None or seed < 0:
        raise InvalidInput(f"seed {seed}", allowed="0 or more", remedy="give --seed N")
    catalog = Catalog(job.workspace)
    snapshot = _snapshot(catalog, campaign, job.data_digest)
    require_cash(campaign, snapshot)
    require_timeframe(campaign, snapshot)
    if not job.resume:  # what was fit when the run began is mined to its end
        require_young(campaign, snapshot)
    panel = catalog.open_mining(snapshot.digest)
    if not job.resume:
        require_members(campaign, snapshot, panel, job.workspace)
    plan = make_plan(
        campaign,
        panel,
        boundary_ns=parse_iso(snapshot.boundary),
        seed=seed,
        workers=job.workers,
    )
    starts = read_texts(campaign, job.workspace, run.root)
    plan = replace(plan, seeds=declared(campaign, plan.grammar, starts))
    provenance = Provenance(
        run_id=job.run_id,
        environment=snapshot.environment,
        campaign=campaign.campaign.name,
        config_hash=campaign.config_hash,
        data_digest=snapshot.digest,
        lineage=snapshot.lineage,
        seed=seed,
        engine_version=engine_version(),
        git_sha=git_sha(),
        lock_digest=lock_digest(),
    )
    attempts = [one.attempt for one in read_charges(run.charges).owed]
    if attempts and not job.resume:
        raise Conflict(
            f"{run.root} already holds an unfinished run",
            allowed="an empty directory, or --resume",
            remedy="add --resume to finish it, or choose another --out",
        )
    with disk_room(run.root):
        run.root.mkdir(parents=True, exist_ok=True)
    write_durable(run.campaign, text.encode())
    keep_texts(starts, run.root)
    attempt = job.attempt or max(attempts, default=0) + 1
    return _Ready(job, run, campaign, text, snapshot, plan, provenance, attempt)


def _snapshot(catalog: Catalog, campaign: CampaignFile, digest_: str | None) -> Snapshot:
    source = campaign.data.source if digest_ is None else digest_
    if source.startswith("synthetic:"):
        kind = source.partition(":")[2]
        raise InvalidInput(
            f"the campaign asks for a fresh {kind} market, and no snapshot was named",
            allowed="--data-digest DIGEST",
            remedy=f"make the market first: combiner data synthetic --kind {kind} --seed N",
        )
    return catalog.resolve(source)


def _search(ready: _Ready, lines: Lines, is_stopped: Callable[[], bool]) -> tuple[RunResult, int]:
    """Generation after generation: charge, evaluate, settle, checkpoint, tell.

    Returns:
        What was found, and how many genomes the sentinel evaluated again.

    Raises:
        Diverged: If one of those gave other numbers than at first.
    """
    provenance, plan, run = ready.provenance, ready.plan, ready.run
    identity = {
        "config_hash": provenance.config_hash,
        "data_digest": provenance.data_digest,
        "seed": provenance.seed,
        "engine_version": provenance.engine_version,
    }
    checkpoints = Checkpoints(run.checkpoint, identity)
    restored = checkpoints.restore(plan)
    if restored is None:
        search, sentinel, before_s = Search(plan), Sentinel(plan), 0.0
    else:
        search, sentinel, before_s, known = restored
        _settle_again(run, known, ready.attempt)
    lines.emit("stage", name="search", generation=search.generation)
    begun, elapsed_s, started_at = time.monotonic(), before_s, search.generation
    with Pen(checkpoints, run.charges, ready.attempt) as pen:
        while not search.finished and elapsed_s < plan.max_runtime_s:
            generation, population = search.generation, search.ask()
            pen.wait()  # the generation before is on the disk, and told, before this one is charged
            if is_stopped():
                seal(run.charges)
                raise _interrupted(ready.job.run_id)
            size = len(population)
            charge(run.charges, attempt=ready.attempt, generation=generation, genomes=size)
            hit("mine.charged")
            at = time.monotonic()
            step = search.advance(population, inspect=sentinel.inspect)
            took_s = time.monotonic() - at
            elapsed_s = before_s + time.monotonic() - begun
            hit("mine.evaluated")
            done, left = generation + 1 - started_at, plan.generations - generation
            progress = {
                "generation": generation,
                "generations": plan.generations,
                "best_sharpe": step.convergence.best_sharpe_x_annual,
                "candidates": search.n_candidates,
                "trials": search.distinct,
                "rechecked": sentinel.checked,
                "evals_per_s": size / max(took_s, 1e-9),
                "eta_s": left * (time.monotonic() - begun) / done,
                "diversity": step.convergence.diversity,
                "archive": step.convergence.archive,
            }
            record = packed(search, sentinel, step, elapsed_s)
            pen.begin(record, step, search.distinct, partial(_tell, lines, progress))
        pen.wait()
    seal(run.charges)
    sentinel.settle()
    return search.result(None if search.finished else "max_runtime_s"), sentinel.checked


def _tell(lines: Lines, progress: dict[str, Any]) -> None:
    lines.emit("checkpoint", generation=progress["generation"])
    lines.emit("progress", **progress)


def _settle_again(run: RunDirectory, known: dict[int, tuple[int, int]], attempt: int) -> None:
    """State the checkpointed generations whose line a power cut or a kill lost."""
    for one in read_charges(run.charges).owed:
        if one.behaviours is None and one.generation in known:
            behaviours, distinct = known[one.generation]
            settle(
                run.charges,
                attempt=attempt,
                generation=one.generation,
                behaviours=behaviours,
                distinct=distinct,
            )


def _interrupted(run_id: str) -> Interrupted:
    return Interrupted(
        f"{run_id} was asked to stop; its last generation is checkpointed",
        remedy="the daemon resumes it, or: combiner factory run --resume",
    )


def _write(ready: _Ready, result: RunResult, judged: Judged, checked: int) -> str:
    """Everything to disk, the manifest last."""
    run, provenance = ready.run, ready.provenance
    for candidate_id, files in judged.files.items():
        write_folder(run.candidate(candidate_id), files)
    write_durable(run.candidates, candidates_parquet(result.candidates))
    write_durable(run.trials, trials_parquet(result.trials))
    write_durable(run.evidence, write_document(judged.evidence))
    write_durable(run.summary, canonical(summary(provenance.run_id, result)))
    hit("mine.written")
    bound = files_below(run.root)
    counts = result.counts
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        **asdict(provenance),
        cost_model=ready.plan.charged,
        counts={
            "generations": counts.generations,
            "genomes": counts.genomes,
            "distinct": counts.distinct,
            "without_trades": counts.without_trades,
            "candidates": counts.candidates,
            "exported": len(result.exported),
            "folders": len(judged.files),
            "trials_kept": len(result.trials),
            "rechecked": checked,
            "diverged": 0,
        },
        block_lengths=[int(one) for one in result.block_lengths],
        ended_by=result.ended_by,
        attempts=ready.attempt,
        started_at=_first_charge(run.charges),
        finished_at=utc_now(),
        content_digest=content_digest(bound),
        files=bound,
    )
    return write_manifest(run.manifest, manifest)


def summary(run_id: str, result: RunResult) -> dict[str, Any]:
    """`summary.json`: the exported rows, best first, and how the search converged."""
    rows = []
    for one in result.exported:
        row = asdict(one)
        del row["strategy"]
        rows.append(row)
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "candidates": rows,
        "convergence": [asdict(one) for one in result.convergence],
    }


def _first_charge(path: Path) -> str:
    first = path.read_bytes().partition(b"\n")[0]
    return str(json.loads(first)["ts"]) if first else utc_now()


def _again(run: RunDirectory, lines: Lines) -> str:
    """A finished run that is started again says its result again, and does nothing."""
    manifest_digest = digest(run.manifest.read_bytes())
    lines.emit("result", run_id=run.root.name, manifest=manifest_digest, already_finished=True)
    return manifest_digest

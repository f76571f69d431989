"""A finished run that passes every gate, at a desk, and children that answer as the real ones do.

No market is mined here: files are what the control wing sees of them, with true digests.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.desks import write_campaign, write_data
from tests.kits.gate_cases import candidate, look, run_evidence

from omp.domain.errors import NotFound
from omp.ops import queue, run_close, runs
from omp.ops.children import ChildResult
from omp.ops.data_register import register_snapshot
from omp.ops.desk import Desk
from omp.store import runs as run_rows
from omp.wire import charges
from omp.wire.canonical import canonical, digest
from omp.wire.container import seal
from omp.wire.evidence import (
    Against,
    CandidateEvidence,
    LookEvidence,
    RunEvidence,
    SubjectEvidence,
    read_document,
    write_document,
)
from omp.wire.grant import read_grant
from omp.wire.rundir import (
    Manifest,
    RunDirectory,
    content_digest,
    files_below,
    write_folder_manifest,
    write_manifest,
)
from omp.wire.workspace import Workspace

TRIALS = 21_443


def names(number: int, *, tag: str = "") -> dict[str, str]:
    """Id and hashes of a made-up candidate."""
    genome = digest(f"genome {tag}{number}".encode())
    return {
        "candidate_id": f"cand_{genome[:20]}",
        "genome_hash": genome,
        "behaviour_hash": digest(f"behaviour {tag}{number}".encode())[:32],
    }


def make_candidates(count: int, *, tag: str = "", **changes: object) -> list[CandidateEvidence]:
    """Candidates without a fault, the best first."""
    return [
        replace(
            candidate(),
            **names(number, tag=tag),  # type: ignore[arg-type]
            **{
                "sharpe_x": 0.095 - 0.001 * number,
                "sharpe_x_annual": 1.5 - 0.016 * number,
                **changes,
            },
        )
        for number in range(count)
    ]


def write_folder(folder: Path, one: CandidateEvidence) -> CandidateEvidence:
    """A candidate's folder; gives the evidence with the digests of its files."""
    document = {"schema_version": 1, **asdict(one)}
    del document["artifacts"], document["against"]
    files = {
        "strategy.toml": f'# {one.candidate_id}\n[strategy]\ndirection = "long"\n'.encode(),
        "metrics.obfs": seal(document),
        "metrics.json": canonical(document),
        "trades.csv": b"symbol,entry_time\nAAA,2001-01-02\n",
        "returns.parquet": f"returns of {one.candidate_id}".encode(),
        "curves.json": canonical({"equity": [1.0, 1.1]}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return replace(one, artifacts={name: digest(data) for name, data in sorted(files.items())})


def publish(desk: Desk, name: str = "prices", **facts: Any) -> None:
    """A data set with the files an entry copies."""
    path = write_data(desk.workspace.root, name, **facts)
    (path.parent / "bars.parquet").write_bytes(b"bars of the mining part")
    sealed = desk.workspace.sealed / path.parent.name
    sealed.mkdir(mode=0o700, parents=True, exist_ok=True)
    bars = b"bars of the sealed part"
    (sealed / "bars.parquet").write_bytes(bars)
    (sealed / "manifest.json").write_text(json.dumps({"files": {"bars.parquet": digest(bars)}}))


def finish_run(
    desk: Desk,
    campaign: str = "one",
    *,
    found: Sequence[CandidateEvidence] | None = None,
    correlation: float = 0.2,
    population: int = 100,
    tags: Sequence[str] = (),
    source: str = "prices",
    charge: bool = True,
    data: dict[str, Any] | None = None,
    made_as: str | None = None,
    **evidence_changes: object,
) -> str:
    """Queue a campaign, claim its run, leave a finished directory, complete it; gives the run."""
    if source == "prices":
        publish(desk, source, **(data or {}))
    made = source.startswith("synthetic:")
    path = write_campaign(
        desk.workspace.root,
        campaign,
        source=source,
        population=population,
        market="synthetic" if made else "us",
    )
    added = queue.add(desk, name=campaign, config_path=path, tags=list(tags))
    run_id = str(added.run_id)
    runs.claim(desk, run_id)
    if made:
        _make_market(desk, run_id, made_as or f"{campaign}-market")
    fill_directory(desk, run_id, found, correlation=correlation, charge=charge, **evidence_changes)
    with desk.read() as tx:
        attempt = run_rows.get(tx, run_id).attempt
    run_close.complete(desk, run_id, attempt)
    return run_id


def fill_directory(
    desk: Desk,
    run_id: str,
    found: Sequence[CandidateEvidence] | None = None,
    *,
    correlation: float = 0.2,
    charge: bool = True,
    **evidence_changes: object,
) -> None:
    """Leave what the engine leaves of a run that came to its end."""
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
    directory = RunDirectory(desk.workspace.run(run_id))
    directory.root.mkdir(parents=True, exist_ok=True)
    whole = [
        write_folder(directory.candidate(one.candidate_id), one)
        for one in (make_candidates(3) if found is None else found)
    ]
    document = run_evidence(
        run_id=run_id,
        environment=run.environment,
        config_hash=run.config_hash,
        data_digest=run.data_digest,
        lineage=run.lineage,
        seed=run.seed,
        candidates=whole,
        champion=whole[0].candidate_id if whole else None,
        correlation=[
            [1.0 if a == b else correlation for b in range(len(whole))] for a in range(len(whole))
        ],
        window=replace(run_evidence().window, boundary="2017-01-01T00:00:00Z"),
    )
    document = replace(document, **evidence_changes)  # type: ignore[arg-type]
    _write_run(desk, directory, document, charge=charge)


def _make_market(desk: Desk, run_id: str, name: str) -> None:
    """The market that a run's seed makes, bound to the run as the slot that prepares it does."""
    publish(desk, name, environment="synthetic", symbols=(name.upper(),))
    pointer = json.loads((desk.workspace.data_sets / f"{name}.json").read_bytes())
    manifest = desk.workspace.snapshots / pointer["current"] / "manifest.json"
    found = register_snapshot(desk, manifest)
    with desk.write() as tx:
        run_rows.change(tx, run_id, data_digest=found.digest, lineage=found.lineage)


def _write_run(desk: Desk, directory: RunDirectory, document: RunEvidence, *, charge: bool) -> None:
    with desk.read() as tx:
        from omp.store import campaigns

        run = run_rows.get(tx, document.run_id)
        directory.campaign.write_text(campaigns.config(tx, run.config_hash).text)
    directory.evidence.write_bytes(write_document(document))
    if charge:
        charges.charge(directory.charges, attempt=1, generation=0, genomes=22_000)
        charges.settle(
            directory.charges, attempt=1, generation=0, behaviours=TRIALS, distinct=TRIALS
        )
    files = files_below(directory.root)
    manifest = Manifest(
        schema_version=1,
        run_id=document.run_id,
        environment=document.environment,
        campaign="one",
        config_hash=document.config_hash,
        data_digest=document.data_digest,
        lineage=document.lineage,
        seed=document.seed,
        engine_version="0.1.0",
        git_sha="3" * 40,
        lock_digest="4" * 64,
        cost_model={"commission_bps": 1.0},
        counts={},
        block_lengths=[],
        ended_by="generations",
        attempts=1,
        started_at="2026-01-01T00:00:00Z",
        finished_at="2026-01-01T00:01:00Z",
        content_digest=content_digest(files),
        files=files,
    )
    write_manifest(directory.manifest, manifest)


@dataclass
class FakeChildren:
    """Answers `factory evidence`, `recheck` and `look` with made-up measurements.

    Args:
        look_changes: Fields of the look's evidence.
        likeness: (position, x) correlation with every earlier subject.
        shared: Bars it has in common with every earlier subject.
        subject_changes: Fields of the subject's evidence.
        diverge: Whether the subject, computed again, is another.
    """

    workspace: Workspace
    look_changes: dict[str, Any] = field(default_factory=dict)
    likeness: tuple[float | None, float | None] = (0.1, 0.1)
    shared: int = 1500
    subject_changes: dict[str, Any] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    fail: bool = False
    diverge: bool = False

    def run(self, args: list[str], *, log: Path) -> ChildResult:
        self.calls.append(args)
        if self.fail:
            return ChildResult(1, {"event": "error", "message": "it broke"}, ("it broke",))
        given = dict(zip(args[2::2], args[3::2], strict=True))
        directory = RunDirectory(self.workspace.run(given["--run"]))
        if args[1] == "recheck":
            return self._recheck(given)
        answer = self._evidence(directory, given) if args[1] == "evidence" else None
        answer = answer or self._look(directory, given)
        return ChildResult(0, {"event": "result", **answer}, ())

    def _recheck(self, given: dict[str, str]) -> ChildResult:
        if not self.diverge:
            return ChildResult(0, {"event": "result", "candidate_id": given["--candidate"]}, ())
        facts = {"genome": "ab", "field": "sharpe_x", "first": "1" * 64, "second": "2" * 64}
        said = {"code": "diverged", "message": "it gave two results.", "facts": facts}
        return ChildResult(8, {"event": "error", **said}, ())

    def _evidence(self, directory: RunDirectory, given: dict[str, str]) -> dict[str, Any]:
        run = read_document(RunEvidence, directory.evidence)
        members = sorted(given["--members"].split(","))
        base = run.candidate(members[0])
        if len(members) > 1:
            genome = digest(",".join(members).encode())
            base = replace(
                base,
                candidate_id=f"ens_{genome[:20]}",
                kind="ensemble",
                genome_hash=genome,
                behaviour_hash=digest(genome.encode())[:32],
                members=members,
                weights=[1 / len(members)] * len(members),
                sharpe_x_annual=1.9,
                dsr=None,
                luck_sharpe_x_annual=None,
            )
        folder = directory.candidate(base.candidate_id)
        subject = write_folder(folder, replace(base, **self.subject_changes))
        earlier = Path(given["--earlier"])
        against = [
            Against(one.name, self.shared, *self.likeness)
            for one in sorted(earlier.iterdir())
            if one.name != base.candidate_id
        ]
        document = SubjectEvidence(
            1,
            run.run_id,
            digest(directory.evidence.read_bytes()),
            replace(subject, against=against),
        )
        data = write_document(document)
        (folder / "evidence.json").write_bytes(data)
        write_folder_manifest(folder, [*subject.artifacts, "evidence.json"])
        return {"candidate_id": base.candidate_id, "evidence": digest(data)}

    def _look(self, directory: RunDirectory, given: dict[str, str]) -> dict[str, Any]:
        grant = read_grant(Path(given["--grant"]), self.workspace.keys)
        strategy = directory.candidate(given["--candidate"]) / "strategy.toml"
        if grant.subject_digest != digest(strategy.read_bytes()):
            raise NotFound("another subject than the granted one")
        folder = directory.look(grant.look_id)
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            "returns.parquet": b"sealed returns",
            "trades.csv": b"symbol\nAAA\n",
            "curves.json": b"{}",
        }
        for name, data in files.items():
            (folder / name).write_bytes(data)
        found: LookEvidence = replace(
            look(),
            look_id=grant.look_id,
            grant_digest=grant.digest,
            run_id=grant.run_id,
            candidate_id=grant.candidate_id,
            subject_digest=grant.subject_digest,
            data_digest=grant.data_digest,
            lineage=grant.lineage,
            artifacts={name: digest(data) for name, data in files.items()},
            **self.look_changes,
        )
        data = write_document(found)
        (folder / "look.json").write_bytes(data)
        return {"look_id": grant.look_id, "look": digest(data)}

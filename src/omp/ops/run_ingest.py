"""Take what a child left behind into the record: proven by digest, charged, listed."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert

from omp.domain.errors import Damaged
from omp.ops.desk import Desk
from omp.store import ledger, reconcile
from omp.store.runs import Run
from omp.store.tables import candidates
from omp.wire.canonical import digest
from omp.wire.charges import read_charges
from omp.wire.evidence import RunEvidence, read_document
from omp.wire.filed import digest_filed
from omp.wire.rundir import Manifest, RunDirectory, changed_files, read_manifest
from omp.wire.workspace import Workspace

_REMEDY = "do not trust this run; mine it again with: omp queue add"


@dataclass(frozen=True)
class Finished:
    """A finished run's directory, proven."""

    manifest: Manifest
    manifest_digest: str
    evidence: RunEvidence
    evidence_digest: str


def read_finished(workspace: Workspace, run: Run) -> Finished:
    """Manifest and evidence of a finished run, every bound file compared with its digest.

    Raises:
        NotFound: If it left no manifest, or no evidence.
        Damaged: If a file is missing or changed, or the directory is another run's.
    """
    found = RunDirectory(workspace.run(run.id))
    manifest = read_manifest(found.manifest)
    faults = list(changed_files(found.root, manifest.files))
    evidence = read_document(RunEvidence, found.evidence)
    for what, said, expected in (
        ("run", manifest.run_id, run.id),
        ("run of the evidence", evidence.run_id, run.id),
        ("seed", manifest.seed, run.seed),
        ("seed of the evidence", evidence.seed, run.seed),
        ("data", manifest.data_digest, run.data_digest),
        ("data of the evidence", evidence.data_digest, run.data_digest),
    ):
        if said != expected:
            faults.append(f"its {what} is {said}, not {expected}")
    if faults:
        raise Damaged(
            f"the directory of {run.id} is not whole: {'; '.join(faults)}", remedy=_REMEDY
        )
    return Finished(
        manifest,
        digest(found.manifest.read_bytes()),
        evidence,
        digest_filed(found.evidence),
    )


def keep_candidates(tx: Connection, run_id: str, evidence: RunEvidence) -> None:
    """One row for each candidate with evidence, the best first."""
    rows = [
        {
            "run_id": run_id,
            "candidate_id": one.candidate_id,
            "kind": one.kind,
            "rank": rank,
            "genome_hash": one.genome_hash,
            "behaviour_hash": one.behaviour_hash,
            "generation": one.generation,
            "n_trades": one.n_trades,
            "sharpe_annual": one.sharpe_annual,
            "sharpe_x_annual": one.sharpe_x_annual,
            "max_drawdown": one.max_drawdown,
            "turnover_annual": one.turnover_annual,
        }
        for rank, one in enumerate(evidence.candidates, start=1)
    ]
    if rows:
        tx.execute(insert(candidates), rows)


def charge_run(tx: Connection, desk: Desk, run: Run) -> int:
    """Take a run's charges into the ledger of its lineage; gives the trials it owes so far.

    However a run ends, what it evaluated counts. Doing it again changes nothing.
    """
    tally = read_charges(RunDirectory(desk.workspace.run(run.id)).charges)
    if run.lineage is not None and tally.owed:
        changes = ledger.ingest_charges(
            tx, run_id=run.id, lineage=run.lineage, owed=tally.owed, now=desk.clock.iso()
        )
        if changes:
            told = {"lineage": run.lineage, **reconcile.book(tx, run.id)}
            desk.note(tx, reconcile.CHARGED, run.id, told)
    return tally.trials

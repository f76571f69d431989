"""The docket of a run: everything the gates are shown, read from disk and record and proven."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from omp.config.settings import Holdout
from omp.domain.errors import Damaged, NotFound, OmpError
from omp.gates.case import Case, FileFacts, HallFacts, Signature
from omp.gates.panel import gate_set
from omp.ops import at_hand, ledger
from omp.ops.desk import Desk
from omp.ops.ensemble import selection_of
from omp.store import campaigns, hall, snapshots
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.wire.canonical import digest, finite
from omp.wire.container import unseal
from omp.wire.evidence import (
    CandidateEvidence,
    RunEvidence,
    SubjectEvidence,
    read_document,
)
from omp.wire.filed import read_filed
from omp.wire.rundir import Manifest, RunDirectory, changed_files, read_manifest

NOT_IN_METRICS = ("artifacts", "against")
"""Fields of the evidence that are added after `metrics.obfs` was sealed."""


@dataclass(frozen=True)
class Docket:
    """A completed run before the panels.

    Args:
        faults: What does not fit together; completeness fails on any.
        checked: How many files were compared.
        gate_set: Digest of the gates and bars in force.
    """

    run: Run
    directory: RunDirectory
    manifest: Manifest
    evidence: RunEvidence
    base: Case
    faults: tuple[str, ...]
    checked: int
    gate_set: str

    def case(
        self,
        subject: CandidateEvidence,
        *,
        more: Iterable[str] = (),
        checked: int = 0,
    ) -> Case:
        """The case of one subject."""
        return replace(
            self.base,
            subject=subject,
            selection=self.selection(subject),
            files=FileFacts(self.checked + checked, (*self.faults, *more)),
        )

    def member_case(self, candidate: CandidateEvidence, rules: Holdout) -> Case:
        """The case of a candidate that is screened as a member of what the run offers."""
        selection = selection_of(self.evidence, candidate, rules)
        return replace(self.case(candidate), selection=selection)

    def selection(self, subject: CandidateEvidence) -> CandidateEvidence | None:
        """Whose DSR counts: the champion's for an ensemble, else the subject's own."""
        if subject.kind != "ensemble":
            return subject
        champion = self.evidence.champion
        return None if champion is None else self.evidence.candidate(champion)


def open_docket(desk: Desk, run_id: str) -> Docket:
    """Read a completed run, every bound file compared with its digest.

    Raises:
        NotFound: There is no such run, or it is not completed, or its files are gone.
        Damaged: Manifest or evidence are not those that were ingested.
    """
    with desk.read() as tx:
        run = run_rows.get(tx, run_id)
    if run.state != "completed" or run.manifest_digest is None:
        raise NotFound(
            f"run {run_id} is {run.state}: it left nothing that could be judged",
            allowed="a completed run",
            remedy="omp runs list --state completed",
        )
    at_hand.require(run)
    directory = RunDirectory(desk.workspace.run(run_id))
    manifest = read_manifest(directory.manifest)
    evidence = read_document(RunEvidence, directory.evidence, expected_digest=run.evidence_digest)
    faults = list(changed_files(directory.root, manifest.files))
    if digest(directory.manifest.read_bytes()) != run.manifest_digest:
        faults.append("manifest.json is not the one that was ingested")
    with desk.read() as tx:
        faults += _mixed(tx, run, manifest, evidence)
        facts = ledger.facts(tx, run)
    settings = desk.settings
    base = Case(
        run=evidence,
        ledger=facts,
        review_policy=settings.review.policy,
        gates=settings.gates,
    )
    return Docket(
        run=run,
        directory=directory,
        manifest=manifest,
        evidence=evidence,
        base=base,
        faults=tuple(faults),
        checked=len(manifest.files),
        gate_set=gate_set(settings.gates, settings.review.policy),
    )


def _mixed(tx: Connection, run: Run, manifest: Manifest, evidence: RunEvidence) -> list[str]:
    """In what record, manifest, evidence, data and campaign contradict one another."""
    told: dict[str, dict[str, Any]] = {
        "environment": {
            "manifest": manifest.environment,
            "evidence": evidence.environment,
            "campaign": campaigns.get(tx, run.campaign_id, removed=True).environment,
        },
        "run": {"manifest": manifest.run_id, "evidence": evidence.run_id},
        "seed": {"manifest": manifest.seed, "evidence": evidence.seed},
        "configuration": {"manifest": manifest.config_hash, "evidence": evidence.config_hash},
        "data": {"manifest": manifest.data_digest, "evidence": evidence.data_digest},
    }
    if run.data_digest:
        try:
            told["environment"]["data"] = snapshots.get(tx, run.data_digest).environment
        except NotFound as error:
            return [error.asked]
    expected = {
        "environment": run.environment,
        "run": run.id,
        "seed": run.seed,
        "configuration": run.config_hash,
        "data": run.data_digest,
    }
    return [
        f"the {what} of its {where} is {said}, the record says {expected[what]}"
        for what, sayings in told.items()
        for where, said in sayings.items()
        if said != expected[what]
    ]


def read_subject(docket: Docket, subject_id: str, expected: str | None = None) -> SubjectEvidence:
    """The subject's own evidence, bound to the run's.

    Raises:
        NotFound: It was not written.
        Damaged: It was changed, or belongs to another run or another evidence.
    """
    path = docket.directory.candidate(subject_id) / "evidence.json"
    found = read_document(SubjectEvidence, path, expected_digest=expected)
    if (
        found.run_id != docket.run.id
        or found.run_evidence_digest != docket.run.evidence_digest
        or found.subject.candidate_id != subject_id
    ):
        raise Damaged(
            f"{path} is not the evidence of {subject_id} on run {docket.run.id}",
            remedy=f"write it again: combiner factory evidence --run {docket.run.id}",
        )
    return found


def subject_case(docket: Docket, subject: CandidateEvidence) -> Case:
    """The case of a subject with its own files compared, and its sealed metrics opened."""
    folder = docket.directory.candidate(subject.candidate_id)
    faults = list(changed_files(folder, subject.artifacts))
    faults += _metrics_differ(folder, subject)
    return docket.case(subject, more=faults, checked=len(subject.artifacts))


def _metrics_differ(folder: Path, subject: CandidateEvidence) -> list[str]:
    try:
        held = unseal(read_filed(folder / "metrics.obfs"))
    except OSError as error:
        return [f"metrics.obfs cannot be read: {error.strerror}"]
    except OmpError as error:
        return [error.asked]
    measured = {
        name: value for name, value in asdict(subject).items() if name not in NOT_IN_METRICS
    }
    claimed = {name: held.get(name) for name in measured}
    if claimed != finite(measured):
        names = [name for name in measured if claimed[name] != finite(measured)[name]]
        return [f"metrics.obfs does not hold the measured {', '.join(names[:5])}"]
    return []


def hall_facts(tx: Connection, run: Run, subject: CandidateEvidence) -> HallFacts:
    """Entries of the run's environment that are the subject already."""
    same = hall.same(tx, run.environment, subject.genome_hash, subject.behaviour_hash)
    return HallFacts(
        same_genome=tuple(
            one.candidate_id
            for one in same
            if one.genome_hash == subject.genome_hash and one.state != "demoted"
        ),
        same_behaviour=tuple(
            one.candidate_id for one in same if one.genome_hash != subject.genome_hash
        ),
    )


def signatures(tx: Connection, run: Run, candidate_id: str) -> tuple[Signature, ...]:
    """The reviewers' decisions about a subject."""
    return tuple(
        Signature(one.role, one.decision, one.operator, one.reason, one.signed_at)
        for one in hall.reviews_of(tx, run.id, candidate_id)
    )

"""How a subject enters the Hall: its folder first, whole and synced, then one transaction.

The row is always made from what lies in the folder, so an entry whose process died between the two
is adopted by the next call, with the instant and the provenance it was staged with.
"""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from omp.domain.errors import Damaged, NotFound, PromotionRefused
from omp.domain.hall import ENTRY, PROVENANCE_FIELDS
from omp.domain.verdict import Outcome, Verdict, worst
from omp.gates.case import Case
from omp.ops import canaries, looks, packets
from omp.ops.attestation import attest, public_pem
from omp.ops.desk import Desk
from omp.ops.docket import Docket
from omp.ops.parcels import post_entry
from omp.store import campaigns, hall, vault
from omp.store import candidates as candidate_rows
from omp.store import looks as look_rows
from omp.store import runs as run_rows
from omp.store.hall import Entry, Episode
from omp.store.looks import Look
from omp.store.runs import Run
from omp.wire.canonical import canonical, digest
from omp.wire.evidence import SubjectEvidence
from omp.wire.filed import is_filed, read_filed
from omp.wire.rundir import CANDIDATE_FILES

DATA_FILES = ("manifest.json", "bars.parquet", "readiness.json")
SEALED_FILES = ("manifest.json", "bars.parquet")


def enter(
    desk: Desk,
    docket: Docket,
    document: SubjectEvidence,
    case: Case,
    look: Look,
    given: tuple[Verdict, ...],
) -> Entry:
    """Put a subject that passed both panels into the Hall of Fame.

    Raises:
        PromotionRefused: A gate did not pass, provenance is incomplete, or it is there already.
        Frozen: Promotions are frozen.
        DiskFull: There is no room for its folder; nothing was promoted.
    """
    if worst(given) is not Outcome.PASS or {one.gate for one in given} != set(case.gates):
        raise PromotionRefused(
            f"{document.subject.candidate_id} did not pass every gate",
            allowed="a pass of every configured gate, in this very judgement",
            remedy=f"omp promote-check {docket.run.id}",
        )
    target = desk.workspace.entry(document.subject.candidate_id)
    if not _staged_by(target, docket.run.id):
        with desk.read() as tx:
            looks.require_thawed(desk, tx, docket.run.data_digest, docket.run)
            standing = hall.find(tx, document.subject.candidate_id)
        _refuse_standing(standing, docket.run)
        files = _files(desk, docket, document, look)
        words = _words(desk, docket, document, case, look, given)
        files |= words
        predicate = {"provenance": _provenance_in(words), "gates": packets.gate_answers(given)}
        digests = {name: vault.digest_of(content) for name, content in files.items()}
        files["attestation.json"] = attest(digests, predicate, desk.workspace.keys)
        staged = vault.stage(desk.workspace.hall, docket.run.id, files)
        former = f"{target.name}-{standing.episode if standing else 0}"
        vault.install(staged, target, former=former)
    else:
        vault.settle(target)  # a cut, or a disk that refused, may have come before that
    return _record(desk, docket, look, target)


def _staged_by(target: Path, run_id: str) -> bool:
    """Whether the entry's folder is in its place already, staged for this very run."""
    if not target.is_dir():
        return False
    found = vault.read_entry(target).get("provenance")
    return isinstance(found, dict) and found.get("run_id") == run_id


def _refuse_standing(standing: Entry | None, run: Run) -> None:
    if standing is not None and standing.environment != run.environment:
        raise PromotionRefused(
            f"{standing.candidate_id} is in the Hall of Fame of {standing.environment} data, "
            f"and this run is of {run.environment} data",
            allowed="a subject whose genome has no entry in another environment",
            remedy=f"omp hall show {standing.candidate_id}; entries of two are never mixed",
        )
    if standing is not None and standing.state != "demoted":
        raise PromotionRefused(
            f"{standing.candidate_id} is in the Hall of Fame already ({standing.state})",
            allowed="a subject that is not there, or was demoted",
            remedy=f"omp hall show {standing.candidate_id}; run {run.id} adds nothing",
        )


def _files(
    desk: Desk, docket: Docket, document: SubjectEvidence, look: Look
) -> dict[str, bytes | Path]:
    """What is copied into an entry's folder, each file proven by its digest."""
    subject, run = document.subject, docket.directory
    folder, looked = run.candidate(subject.candidate_id), run.look(look.look_id)
    work = desk.workspace
    data, sealed = work.snapshots, work.sealed
    snapshot = docket.evidence.data_digest
    files: dict[str, bytes | Path] = {
        name: _proven(folder / name, subject.artifacts[name]) for name in CANDIDATE_FILES
    }
    result = looks.read_result(docket, look)
    files["evidence.json"] = _bytes(folder / "evidence.json")
    files["run_evidence.json"] = _proven(run.evidence, str(docket.run.evidence_digest))
    files["campaign.toml"] = _bytes(run.campaign)
    files["look/look.json"] = _proven(looked / "look.json", str(look.evidence_digest))
    files["look/grant.json"] = look.grant.encode()
    for name, expected in result.artifacts.items():
        files[f"look/{name}"] = _proven(looked / name, expected)
    for name in DATA_FILES:
        files[f"data/{name}"] = _there(data / snapshot / name)
    for name in SEALED_FILES:
        files[f"data/sealed/{name}"] = _there(sealed / snapshot / name)
    files["signer.pub"] = public_pem(work.keys)
    return files


def _bytes(path: Path) -> bytes:
    if path.is_symlink() or not is_filed(path):
        raise _absent(path)
    return read_filed(path)


def _there(path: Path) -> Path:
    if not path.is_file() or path.is_symlink():
        raise _absent(path)
    return path


def _absent(path: Path) -> NotFound:
    return NotFound(
        f"{path} is not there, and an entry needs it",
        remedy="restore it from a backup, or mine again",
    )


def _proven(path: Path, expected: str) -> bytes:
    data = _bytes(path)
    if digest(data) != expected:
        raise Damaged(
            f"{path} was changed after it was judged",
            remedy="do not trust this run; mine it again with: omp queue add",
        )
    return data


def _words(
    desk: Desk,
    docket: Docket,
    document: SubjectEvidence,
    case: Case,
    look: Look,
    given: tuple[Verdict, ...],
) -> dict[str, bytes]:
    """Provenance, figures and packet, as bytes by file name."""
    provenance = _provenance(desk, docket, document, look)
    with desk.read() as tx:
        campaign = campaigns.get(tx, docket.run.campaign_id, removed=True)
    packet = packets.packet(
        case=case, provenance=provenance, given=given, look=look, campaign=campaign.name
    )
    entry = {
        "schema_version": 1,
        "kind": document.subject.kind,
        "provenance": provenance,
        "metrics": packets.figures(case, given, look, campaign.name),
    }
    markdown = packets.markdown(packet)
    return {
        "entry.json": canonical(entry),
        "packet.json": canonical(packet),
        "packet.md": markdown.encode(),
        "packet.html": packets.page(packet, markdown).encode(),
    }


def _provenance(
    desk: Desk, docket: Docket, document: SubjectEvidence, look: Look
) -> dict[str, Any]:
    """Every field of an entry's provenance.

    Raises:
        PromotionRefused: One is missing.
    """
    run, evidence, subject = docket.run, docket.evidence, document.subject
    found: dict[str, Any] = {
        "candidate_id": subject.candidate_id,
        "genome_hash": subject.genome_hash,
        "run_id": run.id,
        "campaign_id": run.campaign_id,
        "config_hash": run.config_hash,
        "git_sha": evidence.git_sha,
        "promoted_at": desk.clock.iso(),
        "behaviour_hash": subject.behaviour_hash,
        "data_digest": evidence.data_digest,
        "data_lineage": run.lineage,
        "seed": run.seed,
        "engine_version": evidence.engine_version,
        "lock_digest": evidence.lock_digest,
        "cost_model": evidence.cost_model,
        "gate_set": docket.gate_set,
        "n_trials": evidence.n_trials,
        "look_id": look.look_id,
        "environment": run.environment,
    }
    require_complete(found)
    return {name: found[name] for name in PROVENANCE_FIELDS}


def require_complete(provenance: dict[str, Any]) -> None:
    """Refuse provenance that lacks a field.

    Raises:
        PromotionRefused: Names the missing ones.
    """
    missing = [
        name for name in PROVENANCE_FIELDS if provenance.get(name) is None or provenance[name] == ""
    ]
    missing += [name for name in ("cost_model",) if provenance.get(name) == {}]
    if missing:
        raise PromotionRefused(
            f"provenance lacks {', '.join(missing)}",
            allowed="all of: " + ", ".join(PROVENANCE_FIELDS),
            remedy="mine again with a version that records them",
        )


def _provenance_in(words: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(words["entry.json"])["provenance"]
    return found


def _record(desk: Desk, docket: Docket, look: Look, target: Path) -> Entry:
    """The row of an entry whose folder is in its place, made from that folder alone."""
    shelved = vault.read_shelved(target)
    if faults := vault.faults(target, shelved.files):
        raise Damaged(
            f"the entry {target.name} is not whole: {'; '.join(faults)}",
            remedy="restore it from a backup, or quarantine it: omp hall quarantine",
        )
    document = vault.read_entry(target)
    provenance: Any = document["provenance"]
    metrics: Any = document["metrics"]
    require_complete(provenance)
    run, promoted_at = docket.run, str(provenance["promoted_at"])
    with desk.write() as tx:
        looks.require_thawed(desk, tx, docket.run.data_digest, docket.run)
        standing = hall.find(tx, target.name)
        if standing is not None and standing.run_id == run.id:
            _close_run(desk, tx, docket, standing)
            return standing
        _refuse_standing(standing, run)
        _refuse_double(tx, docket, target.name)
        episode = 1 if standing is None else standing.episode + 1
        stay = Episode(target.name, episode, run.id, look.look_id, promoted_at)
        entry = Entry(
            candidate_id=target.name,
            environment=run.environment,
            genome_hash=str(provenance["genome_hash"]),
            behaviour_hash=str(provenance["behaviour_hash"]),
            state=ENTRY.start if standing is None else ENTRY.after(standing.state, "promote"),
            state_reason=None,
            episode=episode,
            run_id=run.id,
            campaign_id=run.campaign_id,
            promoted_at=promoted_at,
            updated_at=desk.clock.iso(),
            provenance=provenance,
            metrics=metrics,
            artifacts=shelved.files,
        ).sealed()
        if standing is None:
            hall.add(tx, entry, stay)
        else:
            hall.change(tx, standing, entry)
            hall.add_episode(tx, stay)
        look_rows.change(tx, look.look_id, state="taken", promoted=True)
        desk.note(
            tx,
            "hall.promoted",
            entry.candidate_id,
            {
                "run": run.id,
                "environment": run.environment,
                "episode": episode,
                "genome_hash": entry.genome_hash,
                "look": look.look_id,
                "manifest": shelved.files[vault.MANIFEST],
            },
        )
        post_entry(desk, tx, entry)
        _close_run(desk, tx, docket, entry)
    return entry


def _refuse_double(tx: Connection, docket: Docket, candidate_id: str) -> None:
    """Once more, in the transaction itself: nobody else entered the same meanwhile."""
    row = candidate_rows.get(tx, docket.run.id, candidate_id)
    same = hall.same(tx, docket.run.environment, row.genome_hash, row.behaviour_hash)
    others = [one.candidate_id for one in same if one.candidate_id != candidate_id]
    if others:
        raise PromotionRefused(
            f"{candidate_id} is in the Hall of Fame already as {', '.join(others)}",
            allowed="a subject whose genome and behaviour are new",
            remedy=f"omp hall show {others[0]}",
        )


def _close_run(desk: Desk, tx: Connection, docket: Docket, entry: Entry) -> None:
    run_rows.change(
        tx,
        docket.run.id,
        stage="done",
        outcome="promoted",
        first_failed_gate=None,
        subject_id=entry.candidate_id,
    )
    canaries.judge(desk, tx, docket.run, promoted=True)

"""The `audit` child: is a run directory what its manifest, its charges and its evidence say?"""

from collections.abc import Callable
from typing import Any

from omp.domain.errors import Damaged, OmpError
from omp.mining.candidate_files import metrics
from omp.mining.evidence import recompute
from omp.mining.opened import OpenRun
from omp.wire.canonical import canonical
from omp.wire.charges import read_charges
from omp.wire.container import unseal
from omp.wire.evidence import RunEvidence, read_document, write_document
from omp.wire.filed import SUFFIX, digest_filed, is_filed, read_filed
from omp.wire.rundir import CANDIDATE_FILES, changed_files, content_digest, files_below, read_json


def audit(opened: OpenRun, *, may_go_on: Callable[[], None]) -> dict[str, Any]:
    """Look at everything; name each fault in a sentence.

    Returns:
        `faults`, and what was looked at: `files`, `trials`, `candidates`.
    """
    faults = _files(opened)
    candidates = 0
    try:
        faults += _counts(opened)
        claimed = read_document(RunEvidence, opened.run.evidence)
        faults += _metrics(opened, claimed)
        again = recompute(opened, may_go_on=may_go_on)
        candidates = len(again.candidates)
        faults += _evidence(claimed, again)
    except Damaged as error:
        faults.append(error.asked)
    return {
        "run_id": opened.manifest.run_id,
        "faults": faults,
        "files": len(opened.manifest.files),
        "trials": opened.manifest.counts.get("distinct", 0),
        "candidates": candidates,
    }


def _files(opened: OpenRun) -> list[str]:
    manifest = opened.manifest
    faults = list(changed_files(opened.run.root, manifest.files))
    if content_digest(manifest.files) != manifest.content_digest:
        faults.append("the manifest's content digest does not fit its list of files")
    own = set()
    for one in sorted(opened.run.elite.glob("*/manifest.json")):
        name = one.parent.relative_to(opened.run.root).as_posix()
        own.add(name)
        bound = read_json(one, remedy="write the folder again")["files"]
        faults += [f"{name}: {fault}" for fault in changed_files(one.parent, bound)]
    for name in files_below(opened.run.root):
        added = any(name.startswith(f"{folder}/") for folder in own)
        if not {name, name + SUFFIX} & manifest.files.keys() and not added:
            faults.append(f"{name} is not in the manifest")
    return faults


def _counts(opened: OpenRun) -> list[str]:
    """Charges against counts: what was evaluated must be what was owed."""
    said = opened.manifest.counts
    tally = read_charges(opened.run.charges)
    faults = []
    if tally.open_generations:
        faults.append(f"{tally.open_generations} charged generations have no result")
    checks = (
        ("generations", len(tally.owed), "charged generations"),
        ("genomes", tally.genomes, "charged genomes"),
        ("distinct", tally.trials, "charged trials"),
        ("trials_kept", len(opened.trials), "rows of trials.parquet"),
        ("exported", min(len(opened.rows), len(opened.best())), "exported candidates"),
    )
    faults += [
        f"the manifest counts {said.get(name)} {what}, there are {found}"
        for name, found, what in checks
        if said.get(name) != found
    ]
    by_generation: dict[int, int] = {}
    for generation in opened.trials.generation.tolist():
        by_generation[generation] = by_generation.get(generation, 0) + 1
    if len(opened.trials) == tally.trials:
        faults += [
            f"generation {one.generation} owes {one.behaviours} behaviours, trials.parquet has "
            f"{by_generation.get(one.generation, 0)}"
            for one in tally.owed
            if one.behaviours is not None and one.behaviours != by_generation.get(one.generation, 0)
        ]
    return faults


def _metrics(opened: OpenRun, claimed: RunEvidence) -> list[str]:
    """The sealed metrics of each folder against the evidence."""
    faults = []
    for one in claimed.candidates:
        folder = opened.run.candidate(one.candidate_id)
        missing = [name for name in CANDIDATE_FILES if not is_filed(folder / name)]
        if missing:
            faults.append(f"{one.candidate_id} lacks {', '.join(missing)}")
            continue
        try:
            sealed = unseal(read_filed(folder / "metrics.obfs"), name=one.candidate_id)
        except OmpError as error:
            faults.append(error.asked)
            continue
        if canonical(sealed) != canonical(metrics(one)):
            faults.append(f"metrics.obfs of {one.candidate_id} differs from its evidence")
        if any(digest_filed(folder / name) != value for name, value in one.artifacts.items()):
            faults.append(f"an artifact of {one.candidate_id} differs from its evidence")
    return faults


def _evidence(claimed: RunEvidence, again: RunEvidence) -> list[str]:
    if write_document(claimed) == write_document(again):
        return []
    ours = {one.candidate_id: one for one in again.candidates}
    faults = [
        f"the evidence of {one.candidate_id}, measured again, differs"
        for one in claimed.candidates
        if ours.get(one.candidate_id) != one
    ]
    return faults or ["the run's own numbers in evidence.json, measured again, differ"]

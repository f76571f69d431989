"""The `recheck` child: what a run offers is computed once more, in a process of its own.

Its members go through the search's evaluator twice, all at once and one by one with another number
of workers, and must give the bits that the run kept of them; and the subject's whole evidence is
measured again and must be the same file. So no subject comes before a gate on numbers that would
not come again.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from omp.config.fingerprint import engine_version
from omp.domain.failpoints import planted
from omp.mining.agreement import open_evaluator
from omp.mining.candidates import CandidateRow
from omp.mining.evidence import members_of, subject_document
from omp.mining.opened import OpenRun
from omp.mining.sentinel import Difference, bits, difference, diverged, other_workers
from omp.wire.canonical import digest
from omp.wire.evidence import write_document
from omp.wire.filed import is_filed, read_filed

FAULT = "recheck.diverge"

KEPT = ("n_trades", "exposure", "turnover", "sharpe", "sharpe_x", "max_drawdown", "profit_factor")
"""Numbers of a candidate's row that the evaluator gives as they are."""


def recheck(
    opened: OpenRun, candidate_id: str, member_ids: list[str], *, earlier: Path | None = None
) -> dict[str, object]:
    """Compute a subject again and compare to the last bit.

    Args:
        opened: The run that offers it.
        candidate_id: The subject, whose evidence has been written.
        member_ids: Its members; the subject itself where it is one candidate alone.
        earlier: Folder of the earlier subjects it was compared with.

    Returns:
        `candidate_id`, `evidence` (its digest), `members`, `workers` of both evaluations.

    Raises:
        Diverged: If anything is not the same.
        NotFound: If the run has no such member.
    """
    rows = members_of(opened, member_ids)
    workers = _members(opened, rows)
    found, _, document = subject_document(opened, rows, earlier=earlier)
    data = write_document(document)
    if planted(FAULT):
        data += b"\n"
    kept = opened.run.candidate(candidate_id) / "evidence.json"
    before = read_filed(kept) if is_filed(kept) else b""
    if found.candidate_id != candidate_id or data != before:
        raise diverged(
            Difference(0, "evidence.json", digest(before), digest(data)),
            genome=found.genome_hash[:32],
            where=f"the subject {candidate_id}",
            workers=workers,
        )
    return {
        "candidate_id": candidate_id,
        "evidence": digest(data),
        "members": [row.candidate_id for row in rows],
        "workers": list(workers),
    }


def _members(opened: OpenRun, rows: Sequence[CandidateRow]) -> tuple[int, int]:
    """Evaluate the members twice; gives the workers of both."""
    plan = opened.plan
    workers = plan.workers, other_workers(plan.workers)
    genomes = [opened.strategy(row).members[0].genome for row in rows]
    first = open_evaluator(plan).evaluate(genomes)
    again = open_evaluator(replace(plan, workers=workers[1]), chunk=1)
    alone = [again.evaluate([one]) for one in reversed(genomes)]
    second = np.concatenate([bits(one) for one in reversed(alone)])
    found = difference(bits(first), second, first.block_lengths.size)
    if found is None and _is_ours(opened):
        found = _against_the_rows(rows, first.behaviour_hash, [getattr(first, n) for n in KEPT])
    if found is not None:
        raise diverged(
            found,
            genome=rows[found.row].genome_hash[:32],
            where=f"the member {rows[found.row].candidate_id}",
            workers=workers,
            generation=rows[found.row].generation,
        )
    return workers


def _is_ours(opened: OpenRun) -> bool:
    """Whether this very program mined the run; other engines may round in their own way."""
    return not opened.campaign.engine.command and opened.manifest.engine_version == engine_version()


def _against_the_rows(
    rows: Sequence[CandidateRow], behaviour: Sequence[str], columns: Sequence[np.ndarray]
) -> Difference | None:
    """The first number that is not the one in candidates.parquet; None where all are."""
    for at, row in enumerate(rows):
        if row.behaviour_hash != behaviour[at]:
            return Difference(at, "behaviour", row.behaviour_hash, behaviour[at])
        for name, column in zip(KEPT, columns, strict=True):
            kept, now = (
                np.asarray(one, dtype=column.dtype) for one in (getattr(row, name), column[at])
            )
            if kept.tobytes() != now.tobytes():
                return Difference(at, name, digest(kept.tobytes()), digest(now.tobytes()))
    return None

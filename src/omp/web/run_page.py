"""What the pages of runs show: lists, one run, one candidate."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omp.domain.errors import OmpError
from omp.domain.verdict import Verdict
from omp.ops import at_hand, funnel, promotion, runs
from omp.ops.desk import Desk
from omp.ops.promotion import Check, Refusal
from omp.store import runs as run_rows
from omp.web import charts
from omp.wire.evidence import CandidateEvidence, RunEvidence, SubjectEvidence, read_document
from omp.wire.filed import is_filed, read_filed
from omp.wire.rundir import RunDirectory

SHOWN = 20
"""Candidates shown until all are asked for."""


@dataclass(frozen=True)
class Found:
    """Something read from a run's directory, or why it could not be read."""

    evidence: RunEvidence | None = None
    check: Check | None = None
    fault: str = ""


def listed(
    desk: Desk, environment: str | None, state: str | None, after: str | None
) -> dict[str, Any]:
    """Runs, the newest first."""
    page = runs.list_runs(desk, environment=environment, state=state, after=after, limit=50)
    return {"runs": page.items, "next": page.next, "state": state}


def progress(desk: Desk, run_id: str) -> dict[str, Any]:
    """The part of a run's page that moves while it runs."""
    return {"run": runs.show(desk, run_id).as_record()}


def everything(desk: Desk, run_id: str, *, whole: bool) -> dict[str, Any]:
    """A run's page.

    Args:
        whole: Every candidate, not only the first ones.
    """
    found = progress(desk, run_id)
    run = found["run"]
    read = _read(desk, run)
    refused: tuple[Refusal, ...] = promotion.refusals(desk, run_id)
    kept = refused if whole else refused[:SHOWN]
    groups: dict[str, int] = {}
    for one in refused:
        gate = one.verdict.gate if one.verdict else "not judged yet"
        groups[gate] = groups.get(gate, 0) + 1
    return {
        **found,
        "evidence": read.evidence,
        "check": read.check,
        "fault": read.fault,
        "refused": kept,
        "n_refused": len(refused),
        "stopped_by": sorted(groups.items(), key=lambda item: -item[1]),
        "luck": read.evidence.candidates[0].luck_sharpe_x_annual
        if read.evidence and read.evidence.candidates
        else None,
        "funnel": funnel.of_run(desk, run_id),
        "log": runs.logs(desk, run_id, lines=40),
        "campaign_text": runs.campaign_text(desk, run_id),
    }


def _read(desk: Desk, run: dict[str, Any]) -> Found:
    if run["state"] != "completed" or run["where"]:
        return Found()
    try:
        evidence = evidence_of(desk, run)
        return Found(evidence, promotion.promote_check(desk, run["id"]))
    except OmpError as error:
        return Found(fault=error.sentence)


def evidence_of(desk: Desk, run: dict[str, Any]) -> RunEvidence:
    """The evidence of a completed run, by the digest in the record."""
    with desk.read() as tx:
        at_hand.require(run_rows.get(tx, run["id"]))
    path = RunDirectory(desk.workspace.run(run["id"])).evidence
    return read_document(RunEvidence, path, expected_digest=run["evidence_digest"])


def candidate(desk: Desk, run_id: str, candidate_id: str) -> dict[str, Any]:
    """The page of one candidate of a run.

    Raises:
        NotFound: The run has no such candidate, or its files are gone.
    """
    run = runs.show(desk, run_id).as_record()
    given: tuple[Verdict, ...]
    folder = _folder(desk, run_id, candidate_id)
    if candidate_id == run["subject_id"]:
        given = promotion.promote_check(desk, run_id).verdicts
    else:
        given = promotion.screen(desk, run_id, candidate_id)
    return {
        "run": run,
        "one": _measured(desk, run, candidate_id),
        "verdicts": given,
        "strategy": _text(folder / "strategy.toml"),
    }


def _measured(desk: Desk, run: dict[str, Any], candidate_id: str) -> CandidateEvidence:
    own = _folder(desk, run["id"], candidate_id) / "evidence.json"
    if is_filed(own):
        return read_document(SubjectEvidence, own).subject
    return evidence_of(desk, run).candidate(candidate_id)


def candidate_curves(desk: Desk, run_id: str, candidate_id: str) -> dict[str, Any]:
    """In-sample equity and drawdown of a candidate."""
    return charts.curves(_folder(desk, run_id, candidate_id) / "curves.json")


def _folder(desk: Desk, run_id: str, candidate_id: str) -> Path:
    return RunDirectory(desk.workspace.run(run_id)).candidate(candidate_id)


def _text(path: Path) -> str:
    try:
        return read_filed(path).decode()
    except OSError:
        return ""

"""Stage B: the thorough look at the best hundred, on the in-sample window alone."""

from collections.abc import Callable
from dataclasses import dataclass

from omp.mining.candidate_files import candidate_files
from omp.mining.measure import Court, Origin, measure
from omp.mining.run_evidence import Provenance, assemble, court_of
from omp.mining.search import RunResult
from omp.mining.strategy_file import Strategy
from omp.wire.evidence import CandidateEvidence, RunEvidence


@dataclass(frozen=True, eq=False)
class Judged:
    """What stage B found.

    Args:
        evidence: Content of `evidence.json`.
        files: Bytes of each exported candidate's folder, by candidate id and file name.
    """

    evidence: RunEvidence
    files: dict[str, dict[str, bytes]]
    court: Court


def _go_on() -> None:
    """Nobody asks us to stop."""


def judge(
    result: RunResult, provenance: Provenance, *, may_go_on: Callable[[], None] = _go_on
) -> Judged:
    """Measure every exported candidate and the run's selection as a whole.

    Args:
        result: The finished search.
        provenance: What every record repeats.
        may_go_on: Called before each candidate; raises to stop early.
    """
    court = court_of(result.plan, result.counts.distinct)
    measured: list[tuple[Strategy, CandidateEvidence]] = []
    files: dict[str, dict[str, bytes]] = {}
    for row, strategy in zip(result.exported, result.strategies, strict=True):
        may_go_on()
        origin = Origin(row.generation, row.behaviour_hash)
        evidence, made = candidate_files(court.bench, strategy, measure(court, strategy, origin))
        measured.append((strategy, evidence))
        files[evidence.candidate_id] = made
    document = assemble(
        result.plan,
        court,
        provenance,
        result.counts,
        result.found.sharpe_x,
        result.trials,
        result.block_lengths,
        measured,
        result.standing,
    )
    return Judged(document, files, court)

"""The case before the panels: everything a gate may look at, and nothing it could compute from.

A part that is not known is None; a gate that needs it answers UNKNOWN.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from omp.config.gate_bars import GateBars
from omp.wire.evidence import CandidateEvidence, LookEvidence, RunEvidence
from omp.wire.grant import Grant

RISK_ANALYST = "risk-analyst"
TRADER_EXPERT = "trader-expert"
REVIEWERS: tuple[str, ...] = (RISK_ANALYST, TRADER_EXPERT)
"""Roles whose signature a gate asks for."""
SIGNED, DECLINED = "signed", "declined"
"""What a reviewer decides."""


@dataclass(frozen=True)
class LedgerFacts:
    """What the trial ledger holds about the run.

    Args:
        run_trials: Distinct trials ingested for the run.
        open_generations: Generations of the run charged without a result.
        lineage_trials: Trials of the lineage over all its runs.
    """

    run_trials: int
    open_generations: int
    lineage_trials: int


@dataclass(frozen=True)
class HallFacts:
    """Entries of the same environment that are the subject under this or another name.

    Args:
        same_genome: Entries with its genome (a demoted one does not count: it may return).
        same_behaviour: Entries of another genome with its behaviour.
    """

    same_genome: tuple[str, ...]
    same_behaviour: tuple[str, ...]


@dataclass(frozen=True)
class FileFacts:
    """What was found when the files of run and subject were compared with their digests.

    Args:
        checked: How many files were compared.
        faults: One sentence for each that is missing or differs.
    """

    checked: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Signature:
    """A reviewer's decision about the subject: `signed` or `declined`."""

    role: str
    decision: str
    operator: str
    reason: str
    signed_at: str


@dataclass(frozen=True)
class Case:
    """One subject before the panels.

    Args:
        run: The run's evidence.
        subject: The subject's own evidence.
        selection: Whose DSR counts: the run's champion for an ensemble, else the subject itself.
        files: Result of comparing the files with their digests.
        ledger: What the trial ledger holds.
        hall: Entries that would be doubled.
        grant: The look that was granted.
        look: What the look found.
        look_refusal: Why no look was granted, where one was refused.
        signatures: Reviewers' decisions, oldest first.
        review_policy: `auto` or `manual`.
        gates: Bars of every gate, in the order in which they are asked.
    """

    run: RunEvidence | None = None
    subject: CandidateEvidence | None = None
    selection: CandidateEvidence | None = None
    files: FileFacts | None = None
    ledger: LedgerFacts | None = None
    hall: HallFacts | None = None
    grant: Grant | None = None
    look: LookEvidence | None = None
    look_refusal: str | None = None
    signatures: tuple[Signature, ...] = ()
    review_policy: str | None = None
    gates: Mapping[str, GateBars] = field(default_factory=dict)

    def signed(self, role: str) -> Signature | None:
        """The last decision of a role."""
        found = [one for one in self.signatures if one.role == role]
        return found[-1] if found else None

"""The first panel before the candidates of a run that is held in memory alone.

It measures what it is asked about: the costly proofs of a candidate when its other gates let it
through, and only the champion where PBO, which speaks about the run, refuses every candidate.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np

from omp.config.settings import Settings
from omp.domain.verdict import Outcome, Verdict
from omp.gates.case import Case, FileFacts, LedgerFacts
from omp.gates.panel import gates, judge
from omp.mining.bench import Bench
from omp.mining.candidate_files import candidate_files
from omp.mining.measure import Court, Origin, draft, prove_further
from omp.mining.run_evidence import Provenance, assemble, court_of
from omp.mining.search import RunResult
from omp.ops.ensemble import may_be_offered, selection_of
from omp.wire.evidence import CandidateEvidence

SAME_X = 1.0 - 1e-9
"""Correlation of two sketches from which on their series may be equal to the bit."""

SAME_SHARPE = 1e-9
"""Difference of two Sharpe ratios that may be rounding."""

FROM_DRAFT = frozenset({"variance_sanity", "pbo", "dsr", "walk_forward"})
"""Gates of the first panel whose verdict on a draft is their verdict on the whole evidence."""


def refusal(
    result: RunResult,
    settings: Settings,
    charged: LedgerFacts,
    words: Provenance,
    bench: Bench | None = None,
) -> "Screen | None":
    """The screen on the champion alone, where PBO refuses the run; None where all must be asked.

    See `Screen` for the arguments.
    """
    leaders = leading(result)
    if leaders is None:
        return None
    some = replace(
        result,
        best=result.best[leaders],
        near=result.near[leaders],
        expected=result.expected[leaders],
        folded=result.folded[leaders],
    )
    screen = Screen(some, settings, charged, words, bench)
    return screen if screen.refuses_the_run else None


def leading(result: RunResult) -> np.ndarray | None:
    """Which of the exported candidates can be the champion.

    Returns:
        Their places; None where two of the exported may have the same returns, since the health of
        the population then depends on all of them.
    """
    if not len(result.folded) or len(result.folded) != len(result.best):
        return None
    alike = result.folded @ result.folded.T
    np.fill_diagonal(alike, 0.0)
    if alike.max() > SAME_X or not result.folded.any(axis=1).all():
        return None
    sharpe = result.found.sharpe_x[result.best]
    return np.flatnonzero(sharpe >= sharpe.max() - SAME_SHARPE)


class Screen:
    """The first panel before a run's candidates; it measures what it is asked about.

    Args:
        result: The finished search.
        settings: Gates, bars and rules.
        charged: What the ledger holds about the run.
        words: What every record of the run repeats.
        bench: The in-sample window, opened before; None opens it.
    """

    def __init__(
        self,
        result: RunResult,
        settings: Settings,
        charged: LedgerFacts,
        words: Provenance,
        bench: Bench | None = None,
    ) -> None:
        self.settings = settings
        self.rows = {one.candidate_id: one for one in result.exported}
        self.strategies = {
            row.candidate_id: one
            for row, one in zip(result.exported, result.strategies, strict=True)
        }
        self.court: Court = court_of(result.plan, result.counts.distinct, bench)
        drafts = [
            (one, draft(self.court, one, Origin(row.generation, row.behaviour_hash)))
            for row, one in zip(result.exported, result.strategies, strict=True)
        ]
        self.evidence = assemble(
            result.plan,
            self.court,
            words,
            result.counts,
            result.found.sharpe_x,
            result.trials,
            result.block_lengths,
            drafts,
            result.standing,
        )
        self._base = Case(
            run=self.evidence,
            ledger=charged,
            review_policy=settings.review.policy,
            gates=settings.gates,
        )
        self._drafted = tuple(one for one in gates(settings.gates, 1) if one.name in FROM_DRAFT)

    def __contains__(self, name: object) -> bool:
        """Whether a candidate may be offered."""
        rules = self.settings.holdout
        drafted = self.evidence.candidate(str(name))
        judged_by = selection_of(self.evidence, drafted, rules)
        if judged_by is None or (judged_by.dsr or 0.0) < rules.min_dsr:
            return False
        case = replace(self.case(drafted), selection=judged_by)
        if any(one.judge(case).outcome is not Outcome.PASS for one in self._drafted):
            return False
        whole = self.whole(drafted)
        case = replace(self.case(whole), selection=judged_by)
        return may_be_offered(judge(case, 1), judged_by, rules)

    def from_draft(self) -> tuple[Verdict, ...]:
        """What the gates that a draft is enough for say of the champion."""
        if self.champion is None:
            return ()
        case = self.case(self.champion)
        return tuple(one.judge(case) for one in self._drafted)

    @property
    def refuses_the_run(self) -> bool:
        """Whether PBO refuses the run's selection, and so every candidate of it."""
        return any(
            one.judge(self._base).outcome is not Outcome.PASS
            for one in self._drafted
            if one.name == "pbo"
        )

    def whole(self, drafted: CandidateEvidence) -> CandidateEvidence:
        """A candidate's whole evidence, with the digests of its artifacts."""
        strategy = self.strategies[drafted.candidate_id]
        found = prove_further(self.court, strategy, drafted)
        return candidate_files(self.court.bench, strategy, found)[0]

    @cached_property
    def champion(self) -> CandidateEvidence | None:
        """The draft of the candidate with the highest in-sample Sharpe ratio of x."""
        name = self.evidence.champion
        return None if name is None else self.evidence.candidate(name)

    def selection(self, subject: CandidateEvidence) -> CandidateEvidence | None:
        """Whose DSR counts: the champion's for an ensemble, else the subject's own."""
        return self.champion if subject.kind == "ensemble" else subject

    def case(self, subject: CandidateEvidence) -> Case:
        """The case of one subject; its artifacts never left memory, so none can differ."""
        return replace(
            self._base,
            subject=subject,
            selection=self.selection(subject),
            files=FileFacts(max(1, len(subject.artifacts)), ()),
        )

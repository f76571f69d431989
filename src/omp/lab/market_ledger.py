"""The ledger of one market in memory: what was tried, looked at and promoted on it.

It holds what the tables of the store hold, in the store's own records, so that the rules of
promotion read it as they read the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from omp.config.settings import Holdout
from omp.domain import holdout
from omp.gates.case import HallFacts, LedgerFacts
from omp.ops.looks import Likeness
from omp.store.looks import Look, Subject
from omp.wire.evidence import CandidateEvidence


@dataclass(frozen=True)
class Member:
    """An entry of the market's Hall."""

    candidate_id: str
    genome_hash: str
    behaviour_hash: str


@dataclass(eq=False)
class MarketLedger:
    """One market's record over all campaigns on it.

    Args:
        trials: Distinct trials charged so far.
        looks: Looks granted so far, in order.
        subjects: Their subjects.
        pools: In-sample pool of each subject, as `mining.tables.read_pool` gives it.
        hall: What was promoted.
    """

    trials: int = 0
    looks: list[Look] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    pools: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    hall: list[Member] = field(default_factory=list)

    def charge(self, distinct: int) -> LedgerFacts:
        """Charge a finished search; gives what the gates are told of it."""
        self.trials += distinct
        return LedgerFacts(run_trials=distinct, open_generations=0, lineage_trials=self.trials)

    @property
    def likeness(self) -> Likeness:
        """Every earlier subject and look."""
        return Likeness(tuple(self.subjects), tuple(self.looks))

    def next_look(self, rules: Holdout) -> tuple[int, float]:
        """Ordinal and level of the next look."""
        ordinal = len(self.looks) + 1
        promoted = [one.ordinal for one in self.looks if one.promoted]
        level = holdout.level(
            ordinal, alpha=rules.alpha, spending=rules.spending, promoted=promoted
        )
        return ordinal, level

    def grant(self, look: Look, subject: Subject, pool: Mapping[str, Any]) -> None:
        """Write down a look before it is taken."""
        self.looks.append(look)
        self.subjects.append(subject)
        self.pools[subject.subject_id] = pool

    def take(self, p_value: float | None) -> None:
        """Write down what the last look found."""
        self.looks[-1] = replace(self.looks[-1], state="taken", p_value=p_value)

    def promote(self, subject: CandidateEvidence) -> None:
        """The subject of the last look enters the market's Hall."""
        self.looks[-1] = replace(self.looks[-1], promoted=True)
        self.hall.append(Member(subject.candidate_id, subject.genome_hash, subject.behaviour_hash))

    def hall_facts(self, subject: CandidateEvidence) -> HallFacts:
        """Entries that are the subject already."""
        genome = [one for one in self.hall if one.genome_hash == subject.genome_hash]
        others = [one for one in self.hall if one.genome_hash != subject.genome_hash]
        return HallFacts(
            same_genome=tuple(one.candidate_id for one in genome),
            same_behaviour=tuple(
                one.candidate_id for one in others if one.behaviour_hash == subject.behaviour_hash
            ),
        )

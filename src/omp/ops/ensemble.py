"""What a run offers: an ensemble of its best, chosen greedily, or one candidate alone."""

from collections.abc import Container
from dataclasses import dataclass

from omp.config.settings import Holdout
from omp.domain.verdict import Outcome, Verdict, worst
from omp.wire.evidence import CandidateEvidence, RunEvidence

CONSIDERED = 100
"""Candidates that are considered, best first."""


@dataclass(frozen=True)
class Offer:
    """The candidates a run offers together; one alone is offered as itself."""

    members: tuple[str, ...]

    @property
    def is_ensemble(self) -> bool:
        return len(self.members) > 1


def may_be_offered(
    given: tuple[Verdict, ...], candidate: CandidateEvidence, rules: Holdout
) -> bool:
    """Whether a candidate passes the first panel with the DSR that a look asks for."""
    return worst(given) is Outcome.PASS and (candidate.dsr or 0.0) >= rules.min_dsr


def choose(run: RunEvidence, passing: Container[str], rules: Holdout) -> Offer:
    """The subject of a run.

    An ensemble takes, greedily by in-sample Sharpe ratio of x, candidates that pass the screen and
    whose x correlates with that of every member already taken below the limit. An unknown
    correlation counts as too high.

    Args:
        run: Its evidence; `correlation` is in the order of `candidates`.
        passing: Candidates that may be offered (see `may_be_offered`); asked only about those
            that could still be taken.
        rules: `[holdout]`.

    Returns:
        No members where nothing may be offered.
    """
    if rules.subject == "champion":
        champion = run.champion
        return Offer((champion,) if champion is not None and champion in passing else ())
    ranked = sorted(
        range(len(run.candidates)),
        key=lambda at: (-(run.candidates[at].sharpe_x or float("-inf")), at),
    )[:CONSIDERED]
    taken: list[int] = []
    for at in ranked:
        if len(taken) >= rules.max_members:
            break
        apart = all(_apart(run.correlation, at, one, rules.member_correlation) for one in taken)
        if apart and run.candidates[at].candidate_id in passing:
            taken.append(at)
    return Offer(tuple(run.candidates[at].candidate_id for at in taken))


def _apart(correlation: list[list[float | None]], one: int, other: int, limit: float) -> bool:
    try:
        value = correlation[one][other]
    except IndexError:
        return False
    return value is not None and value < limit

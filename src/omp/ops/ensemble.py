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
    given: tuple[Verdict, ...], selection: CandidateEvidence | None, rules: Holdout
) -> bool:
    """Whether a candidate passes the first panel with the DSR that a look asks for.

    Args:
        given: The first panel's verdicts on it.
        selection: Whose DSR counts (see `selection_of`).
        rules: `[holdout]`.
    """
    dsr = None if selection is None else selection.dsr
    return worst(given) is Outcome.PASS and (dsr or 0.0) >= rules.min_dsr


def selection_of(
    run: RunEvidence, candidate: CandidateEvidence, rules: Holdout
) -> CandidateEvidence | None:
    """Whose DSR counts while a candidate is screened as a member of what the run offers.

    DSR, like PBO, speaks about the run's selection: the champion's counts for every member of an
    ensemble, and a candidate's own where one is offered alone.
    """
    if rules.subject == "champion":
        return candidate
    return None if run.champion is None else run.candidate(run.champion)


def choose(run: RunEvidence, passing: Container[str], rules: Holdout) -> Offer:
    """The subject of a run.

    An ensemble takes greedily, by the Sharpe ratio that is expected of them and then by that which
    they show in-sample, candidates that pass the screen and whose x correlates with that of every
    member already taken below the limit. An unknown correlation counts as too high.

    Args:
        run: Its evidence; `correlation` and `expected` are in the order of `candidates`.
        passing: Candidates that may be offered (see `may_be_offered`); asked only about those
            that could still be taken.
        rules: `[holdout]`.

    Returns:
        No members where nothing may be offered.
    """
    if rules.subject == "champion":
        champion = run.champion
        return Offer((champion,) if champion is not None and champion in passing else ())
    ranked = sorted(range(len(run.candidates)), key=lambda at: _rank(run, at))[:CONSIDERED]
    taken: list[int] = []
    for at in ranked:
        if len(taken) >= rules.max_members:
            break
        apart = all(_apart(run.correlation, at, one, rules.member_correlation) for one in taken)
        if apart and run.candidates[at].candidate_id in passing:
            taken.append(at)
    return Offer(tuple(run.candidates[at].candidate_id for at in taken))


def _rank(run: RunEvidence, at: int) -> tuple[float, float, int]:
    """Sort key, best first; what is unknown comes last."""
    standing = run.expected or run.agreement
    expected = standing[at] if at < len(standing) else None
    return (-_or_last(expected), -_or_last(run.candidates[at].sharpe_x), at)


def _or_last(value: float | None) -> float:
    return float("-inf") if value is None else value


def _apart(correlation: list[list[float | None]], one: int, other: int, limit: float) -> bool:
    try:
        value = correlation[one][other]
    except IndexError:
        return False
    return value is not None and value < limit

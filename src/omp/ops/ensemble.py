"""What a run offers: an ensemble of its best, chosen greedily, or one candidate alone."""

from collections.abc import Collection
from dataclasses import dataclass

from omp.config.settings import Holdout
from omp.wire.evidence import RunEvidence

CONSIDERED = 100
"""Candidates that are considered, best first."""


@dataclass(frozen=True)
class Offer:
    """The candidates a run offers together; one alone is offered as itself."""

    members: tuple[str, ...]

    @property
    def is_ensemble(self) -> bool:
        return len(self.members) > 1


def choose(run: RunEvidence, passing: Collection[str], rules: Holdout) -> Offer:
    """The subject of a run.

    An ensemble takes, greedily by in-sample Sharpe ratio of x, candidates that pass the screen and
    whose x correlates with that of every member already taken below the limit. An unknown
    correlation counts as too high.

    Args:
        run: Its evidence; `correlation` is in the order of `candidates`.
        passing: Candidates that pass the screen with a DSR that a look asks for.
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
        if run.candidates[at].candidate_id not in passing:
            continue
        if all(_apart(run.correlation, at, other, rules.member_correlation) for other in taken):
            taken.append(at)
    return Offer(tuple(run.candidates[at].candidate_id for at in taken))


def _apart(correlation: list[list[float | None]], one: int, other: int, limit: float) -> bool:
    try:
        value = correlation[one][other]
    except IndexError:
        return False
    return value is not None and value < limit

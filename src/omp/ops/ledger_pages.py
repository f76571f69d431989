"""The ledger as people look at it: each lineage with its trials, its luck line and its budget."""

import math
from dataclasses import dataclass

from sqlalchemy import Connection

from omp.domain.errors import NotFound
from omp.domain.luck import expected_max_sharpe
from omp.ops import ledger, windows
from omp.ops.desk import Desk
from omp.ops.windows import Window
from omp.store import ledger as rows
from omp.store import looks as look_rows
from omp.store import luck as luck_rows
from omp.store import runs as run_rows
from omp.store import snapshots
from omp.store.looks import Look
from omp.store.luck import MeasuredLuck
from omp.store.snapshots import Lineage


@dataclass(frozen=True)
class LineageView:
    """A lineage, what was tried on it and what is left of its sealed window.

    Args:
        boundary: First sealed instant.
        members: Lineages that are one with it; counts add over them.
        bars: In-sample bars of the run completed last; before one, all that may be mined.
        luck_sharpe_annual: Annual Sharpe ratio that the best of so many trials reaches on noise.
        effective_trials: Trials that would be as many different ideas, from the random rules of
            the last measurement; None before there is one.
        measured: The last measurement of the luck line on surrogate copies; None before it.
        lost: Looks granted before a record was restored that does not hold them.
        spent: Sum of the levels of the looks granted, out of `alpha` for the window's life.
        standing: The sealed window, and whether a new one may be opened.
    """

    lineage: str
    environment: str
    name: str
    venue: str
    instruments: list[str]
    first: str
    last: str
    boundary: str
    members: list[str]
    runs: int
    trials: int
    bars: int | None
    luck_sharpe_annual: float | None
    effective_trials: int | None
    measured: MeasuredLuck | None
    window: str
    looks: int
    promoted: int
    lost: int
    spent: float
    alpha: float
    next_ordinal: int
    next_level: float
    standing: Window


@dataclass(frozen=True)
class LookView:
    """A look without its signed grant, with the environment it belongs to."""

    look_id: str
    window: str
    lineage: str
    environment: str
    ordinal: int
    level: float
    run_id: str
    candidate_id: str
    subject_digest: str
    behaviour_hash: str
    state: str
    granted_at: str
    taken_at: str | None
    p_value: float | None
    evidence_digest: str | None
    promoted: bool


def lineages(
    desk: Desk, *, environment: str | None = None, limit: int = 50, start: int = 0
) -> tuple[tuple[LineageView, ...], bool]:
    """Lineages, the newest first, and whether there are more.

    Args:
        environment: Only lineages of this environment; None for all.
        start: How many are passed over.
    """
    with desk.read() as tx:
        roots = snapshots.newest_roots(tx, environment=environment, limit=limit + 1, start=start)
        shown = tuple(_view(desk, tx, one) for one in roots[:limit])
    return shown, len(roots) > limit


def lineage(desk: Desk, lineage_id: str) -> LineageView:
    """One lineage; a joined one is shown as the one it became part of.

    Raises:
        NotFound: There is none of that id.
    """
    with desk.read() as tx:
        return _view(desk, tx, snapshots.root(tx, lineage_id))


def _view(desk: Desk, tx: Connection, root: Lineage) -> LineageView:
    members = snapshots.members(tx, root.id)
    trials = rows.trials_of(tx, members)
    budget = ledger.budget_of(tx, desk, root.id)
    bars, a_year, name = _newest(tx, members)
    per_bar = None if bars is None else expected_max_sharpe(trials, bars)
    luck = None if per_bar is None or a_year is None else per_bar * math.sqrt(a_year)
    measured = luck_rows.latest(tx, members)
    return LineageView(
        lineage=root.id,
        environment=root.environment,
        name=name,
        venue=root.venue,
        instruments=root.instruments,
        first=root.first,
        last=root.last,
        boundary=root.boundary,
        members=list(members),
        runs=rows.runs_of(tx, members),
        trials=trials,
        bars=bars,
        luck_sharpe_annual=luck,
        effective_trials=_effective(trials, measured),
        measured=measured,
        window=budget.window,
        looks=budget.looks,
        promoted=budget.promoted,
        lost=budget.lost,
        spent=budget.spent,
        alpha=budget.alpha,
        next_ordinal=budget.next_ordinal,
        next_level=budget.next_level,
        standing=windows.window_of(tx, desk, root),
    )


def _effective(trials: int, measured: MeasuredLuck | None) -> int | None:
    """Trials times the share of different ideas among random rules; None where it is unknown."""
    if measured is None or measured.random_rules == measured.without_trades:
        return None
    trading = measured.random_rules - measured.without_trades
    return round(trials * measured.ideas / trading)


def _newest(tx: Connection, members: tuple[str, ...]) -> tuple[int | None, float | None, str]:
    """In-sample bars, bars a year and name of the data mined last, or else of the newest snapshot.

    Bars as the run had them, after its embargo: the luck line is drawn for so many.
    """
    found = snapshots.of_lineages(tx, members)
    if not found:
        return None, None, ""
    mined = run_rows.mined_last(tx, members)
    of_it = [one for one in found if mined is not None and one.digest == mined.data_digest]
    manifest = (of_it or found)[0].manifest
    bars = mined.bars if mined is not None and of_it else manifest.get("bars")
    a_year = manifest.get("periods_per_year")
    return (
        bars if isinstance(bars, int) else None,
        float(a_year) if isinstance(a_year, int | float) else None,
        found[0].name,
    )


def looks(desk: Desk, *, environment: str | None = None) -> tuple[LookView, ...]:
    """Every look that was granted, the newest first."""
    with desk.read() as tx:
        found = look_rows.in_environment(tx, environment)
    return tuple(_look(one, of) for one, of in reversed(found))


def look(desk: Desk, look_id: str) -> LookView:
    """One look.

    Raises:
        NotFound: There is none of that id.
    """
    with desk.read() as tx:
        found = look_rows.get(tx, look_id)
        try:
            environment = snapshots.root(tx, found.lineage).environment
        except NotFound:
            environment = run_rows.get(tx, found.run_id).environment
    return _look(found, environment)


def _look(found: Look, environment: str) -> LookView:
    shared = {
        name: getattr(found, name)
        for name in LookView.__dataclass_fields__
        if name != "environment"
    }
    return LookView(**shared, environment=environment)

"""How alike a subject is to the earlier ones: whether it is a twin, and of which kind.

It is measured on everything before the boundary, however little of that a campaign searched: the
same rule mined on other years of its data must not look like another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from omp.domain.holdout import MIN_COMMON
from omp.mining.bench import Bench
from omp.mining.plan import Plan
from omp.mining.run_evidence import in_sample_bench
from omp.mining.streams import Float, Int, Streams
from omp.mining.tables import read_pool
from omp.wire.evidence import Against

_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, eq=False)
class Pool:
    """What likeness is measured on.

    Args:
        timestamp: UTC ns of each bar, or number of each UTC day, ascending, [T].
        position: Pooled position, its mean where a day is one, [T].
        excess: Pooled x, its sum where a day is one, [T].
    """

    timestamp: Int
    position: Float
    excess: Float

    def between(self, first: int, last: int) -> int:
        """Bars from one instant to another, both included."""
        ends = np.searchsorted(self.timestamp, [first, last + 1])
        return int(ends[1] - ends[0])

    def at(self, rows: Int) -> "Pool":
        """Some of the rows."""
        return Pool(self.timestamp[rows], self.position[rows], self.excess[rows])

    def by_day(self) -> "Pool":
        """The same by UTC day: mean position, sum of x."""
        days, first = np.unique(self.timestamp // _DAY_NS, return_index=True)
        bars = np.diff(np.append(first, self.timestamp.size))
        held, earned = (np.add.reduceat(one, first) for one in (self.position, self.excess))
        return Pool(days, held / bars, earned)


def pool_of(streams: Streams) -> Pool:
    """The pooled streams of a subject."""
    return Pool(streams.timestamp, streams.held(), streams.excess())


def likeness_bench(plan: Plan, bench: Bench) -> Bench:
    """The bench on which a subject of a plan is held beside earlier ones.

    Its window is the in-sample window that the campaign would have without start and end: every bar
    before the embargo. Where a campaign narrows nothing that is its own bench.

    Args:
        plan: What was searched.
        bench: The bench of the plan's in-sample window.
    """
    widest = slice(0, len(plan.panel) - plan.windows.embargo_bars)
    if plan.windows.in_sample == widest:
        return bench
    return in_sample_bench(replace(plan, windows=replace(plan.windows, in_sample=widest)))


def kept_subjects(earlier: Path | None, own_id: str) -> list[tuple[str, Path]]:
    """Id and `returns.parquet` of every earlier subject but the subject itself, in name order.

    Args:
        earlier: Folder with one folder per earlier subject; None for none.
        own_id: The subject, which is not compared with itself.
    """
    if earlier is None or not earlier.is_dir():
        return []
    files = [(one.name, one / "returns.parquet") for one in sorted(earlier.iterdir())]
    return [(name, path) for name, path in files if name != own_id and path.is_file()]


def likeness(pool: Pool, kept: Iterable[tuple[str, Path]]) -> list[Against]:
    """How alike a subject is to each kept one, in their order."""
    return likeness_to(pool, ((name, read_pool(path)) for name, path in kept))


def likeness_to(pool: Pool, earlier: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Against]:
    """How alike a subject is to each of some others, in their order.

    Bars of the same instant are compared. Where there are fewer than 30, or fewer than half of the
    bars that either has in the time both cover (another length of a bar, other sessions), UTC days
    are: the mean position and the sum of x of each. With fewer than 30 of either nothing is known.

    Args:
        pool: The subject's.
        earlier: Id of each other subject, and its pool as `read_pool` gives it.
    """
    return [
        _against(pool, name, Pool(other["timestamp"], other["position"], other["excess"]))
        for name, other in earlier
    ]


def _against(ours: Pool, name: str, theirs: Pool) -> Against:
    bars = _common(ours, theirs)
    n_bars = len(bars[0].timestamp)
    days = None if _mostly(ours, theirs, n_bars) else _common(ours.by_day(), theirs.by_day())
    n_days = None if days is None else len(days[0].timestamp)
    if n_days is not None and n_days < MIN_COMMON <= n_bars:
        days = n_days = None
    one, other = days or bars
    return Against(
        name,
        n_bars,
        _correlation(one.position, other.position),
        _correlation(one.excess, other.excess),
        n_days,
    )


def _common(one: Pool, other: Pool) -> tuple[Pool, Pool]:
    """Both on the instants that both have."""
    _, ours, theirs = np.intersect1d(
        one.timestamp, other.timestamp, assume_unique=True, return_indices=True
    )
    return one.at(ours), other.at(theirs)


def _mostly(one: Pool, other: Pool, n_bars: int) -> bool:
    """Whether the bars of the same instant are enough, and half of those in the time both cover."""
    if n_bars < MIN_COMMON:
        return False
    first = max(int(one.timestamp[0]), int(other.timestamp[0]))
    last = min(int(one.timestamp[-1]), int(other.timestamp[-1]))
    return 2 * n_bars >= max(one.between(first, last), other.between(first, last))


def _correlation(one: Float, other: Float) -> float | None:
    if one.size < MIN_COMMON or float(np.ptp(one)) == 0.0 or float(np.ptp(other)) == 0.0:
        return None
    value = float(np.corrcoef(one, other)[0, 1])
    return max(-1.0, min(1.0, value)) if np.isfinite(value) else None

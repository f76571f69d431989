"""The windows of a lineage: in-sample with its embargo, walk-forward folds, blocks for CSCV.

All windows are positions on a panel's union calendar. The mining part of a snapshot ends before
the boundary, so nothing here can reach a sealed bar; the boundary is checked once more all the
same.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import DataNotReady
from omp.market.bars import Panel

MIN_FOLD_BARS = 20


@dataclass(frozen=True)
class Fold:
    """One step of a walk forward: bars to learn from, then later bars to be judged on."""

    train: slice
    test: slice


@dataclass(frozen=True)
class Windows:
    """What a run may see of a panel, as slices of its union calendar.

    Args:
        in_sample: the bars that are searched and judged, after the embargo.
        warmup_bars: bars before `in_sample` that may feed indicators and nothing else.
        embargo_bars: bars taken from the end of the mining part.
        folds: walk-forward folds inside `in_sample`, oldest first.
    """

    in_sample: slice
    warmup_bars: int
    embargo_bars: int
    folds: tuple[Fold, ...]

    @property
    def n_bars(self) -> int:
        """Bars in the in-sample window."""
        return int(self.in_sample.stop - self.in_sample.start)


def boundary_index(n_bars: int, sealed_fraction: float) -> int:
    """Position of the first sealed bar: the last `sealed_fraction` of n_bars, rounded up.

    Raises:
        ValueError: when the fraction is not between 0 and 1.
    """
    if not 0.0 < sealed_fraction < 1.0:
        raise ValueError(f"sealed_fraction is {sealed_fraction}; it lies between 0 and 1")
    return n_bars - math.ceil(n_bars * sealed_fraction - 1e-9)


def windows(
    panel: Panel,
    *,
    boundary_ns: int,
    embargo_bars: int,
    folds: int = 6,
    purge_bars: int = 0,
    start_ns: int | None = None,
    end_ns: int | None = None,
    min_bars: int = 250,
) -> Windows:
    """Fix the windows of a run.

    Args:
        panel: the mining part of a snapshot.
        boundary_ns: first sealed instant, UTC nanoseconds.
        embargo_bars: the longest look-back the campaign permits; so many bars before the
            boundary are left out.
        folds: number of test folds of the walk forward.
        purge_bars: bars left out between training and test bars of a fold.
        start_ns: optional first instant; it can only narrow, earlier bars become warm-up.
        end_ns: optional last instant; it can only narrow.
        min_bars: fewest in-sample bars that may be mined.

    Raises:
        DataNotReady: when a bar at or after the boundary is in the panel, or too few bars remain.
    """
    calendar = panel.timestamp
    if len(panel) and int(calendar[-1]) >= boundary_ns:
        raise DataNotReady(
            f"the panel reaches {iso(int(calendar[-1]))}, the sealed window begins "
            f"{iso(boundary_ns)}",
            allowed="only bars before the boundary are ever mined",
            remedy="open the mining part of the snapshot, not the whole series",
        )
    start = 0 if start_ns is None else int(np.searchsorted(calendar, start_ns, side="left"))
    stop = len(panel) - embargo_bars
    if end_ns is not None:
        stop = min(stop, int(np.searchsorted(calendar, end_ns, side="right")))
    n_bars = stop - start
    if embargo_bars < 0 or n_bars < max(min_bars, (folds + 1) * MIN_FOLD_BARS):
        raise DataNotReady(
            f"{max(n_bars, 0)} in-sample bars remain after an embargo of {embargo_bars} bars",
            allowed=f"at least {max(min_bars, (folds + 1) * MIN_FOLD_BARS)} bars",
            remedy="widen [data] start and end, shorten the longest look-back, or import more "
            "history",
        )
    return Windows(slice(start, stop), start, embargo_bars, _folds(start, stop, folds, purge_bars))


def _folds(start: int, stop: int, folds: int, purge_bars: int) -> tuple[Fold, ...]:
    """Cut [start, stop) into folds + 1 equal parts; each but the first is a test fold."""
    edges = [start + (stop - start) * part // (folds + 1) for part in range(folds + 2)]
    return tuple(
        Fold(slice(start, max(start, low - purge_bars)), slice(low, high))
        for low, high in itertools.pairwise(edges[1:])
    )


def block_bounds(n_bars: int, n_blocks: int = 16) -> NDArray[np.int64]:
    """Edges of the equal CSCV blocks over n_bars, the oldest n_bars mod n_blocks bars dropped.

    Bailey, Borwein, López de Prado, Zhu (2015), section 2: S even, blocks of equal length.

    Returns:
        int64[n_blocks + 1]; block b holds the bars edges[b] up to and without edges[b + 1].

    Raises:
        ValueError: when n_blocks is odd or below 2, or there is less than one bar a block.
    """
    if n_blocks < 2 or n_blocks % 2:
        raise ValueError(f"n_blocks is {n_blocks}; CSCV needs an even number of at least 2")
    length = n_bars // n_blocks
    if length < 1:
        raise ValueError(f"{n_bars} bars cannot make {n_blocks} blocks")
    return n_bars % n_blocks + length * np.arange(n_blocks + 1, dtype=np.int64)


def iso(time_ns: int) -> str:
    """UTC nanoseconds as ISO text to the second, `2009-04-07T00:00:00Z`."""
    return f"{np.datetime64(int(time_ns), 'ns').astype('datetime64[s]')}Z"


def parse_iso(text: str) -> int:
    """ISO text (a date or an instant; UTC unless it names an offset) as UTC nanoseconds.

    Raises:
        ValueError: when the text is no ISO date or instant.
    """
    from datetime import UTC, datetime

    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * 1_000_000_000 + moment.microsecond * 1000

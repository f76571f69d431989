"""What a new import changes in the bars that a data set already had.

Bars of the sealed part are counted and never shown: what this finds stands in a manifest that
anyone may read.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from omp.domain.errors import Damaged
from omp.market.bars import FIELDS, PRICE_FIELDS, Bars, Panel
from omp.market.catalog import Catalog
from omp.market.splits import iso, parse_iso

MAX_CASES = 10
RESCALED_TOLERANCE = 1e-6

Mask = NDArray[np.bool_]


def compare(catalog: Catalog, name: str, panel: Panel) -> dict[str, Any] | None:
    """How a panel differs from the snapshot that a data set's name means now.

    Args:
        catalog: where the snapshots lie.
        name: the data set.
        panel: the whole new series.

    Returns:
        None for a new name; else the counts of common, changed, added and removed bars, the same
        per symbol that differs with the first and last changed bar, and the first cases. Where
        all changed prices of a symbol differ by one factor (a new dividend or split in adjusted
        prices), `factor` is it.
    """
    digest = catalog.sets.current(name)
    if digest is None:
        return None
    found: dict[str, Any] = {"previous": digest}
    try:
        old = catalog.resolve(digest)
        if (old.venue, old.timeframe) != (panel.venue, panel.timeframe):
            what = f"{old.venue} {old.timeframe} before, {panel.venue} {panel.timeframe} now"
            return found | {"not_comparable": what}
        before = catalog.whole(digest)
    except Damaged as error:
        return found | {"not_comparable": error.asked}
    boundary_ns = parse_iso(old.boundary)
    earlier = {one.symbol: one for one in before.bars}
    later = {one.symbol: one for one in panel.bars}
    symbols: dict[str, Any] = {}
    cases: list[dict[str, Any]] = []
    common = 0
    for symbol in sorted(earlier.keys() & later.keys()):
        shared, entry = _symbol(earlier[symbol], later[symbol], boundary_ns, cases)
        common += shared
        if entry["changed"] or entry["added"] or entry["removed"]:
            symbols[symbol] = entry
    gone = sorted(earlier.keys() - later.keys())
    new = sorted(later.keys() - earlier.keys())
    return found | {
        "common_bars": common,
        "changed_bars": sum(one["changed"] for one in symbols.values()),
        "added_bars": sum(one["added"] for one in symbols.values()),
        "removed_bars": sum(one["removed"] for one in symbols.values()),
        "symbols": symbols,
        "symbols_added": new,
        "symbols_removed": gone,
        "cases": cases,
    }


def _symbol(
    before: Bars, after: Bars, boundary_ns: int, cases: list[dict[str, Any]]
) -> tuple[int, dict[str, Any]]:
    """Common bars of a symbol, and what differs."""
    stamps, old_at, new_at = np.intersect1d(
        before.timestamp, after.timestamp, assume_unique=True, return_indices=True
    )
    differs: dict[str, Mask] = {}
    for name in FIELDS:
        old, new = getattr(before, name)[old_at], getattr(after, name)[new_at]
        differs[name] = old != new
    for name in sorted(before.features.keys() & after.features.keys()):
        old, new = before.features[name][old_at], after.features[name][new_at]
        differs[name] = (old != new) & ~(np.isnan(old) & np.isnan(new))
    changed = np.logical_or.reduce(list(differs.values()))
    where = np.flatnonzero(changed)
    for at in where[stamps[where] < boundary_ns]:
        for name in (one for one, mask in differs.items() if mask[at]):
            if len(cases) >= MAX_CASES:
                break
            pair = (_value(before, name, old_at[at]), _value(after, name, new_at[at]))
            cases.append(
                {
                    "symbol": before.symbol,
                    "time": iso(int(stamps[at])),
                    "field": name,
                    "before": pair[0],
                    "after": pair[1],
                }
            )
        if len(cases) >= MAX_CASES:
            break
    return int(stamps.size), {
        "changed": int(where.size),
        "added": len(after) - int(stamps.size),
        "removed": len(before) - int(stamps.size),
        "first": iso(int(stamps[where[0]])) if where.size else None,
        "last": iso(int(stamps[where[-1]])) if where.size else None,
        "factor": _factor(before, after, old_at[where], new_at[where]),
    }


def _value(bars: Bars, name: str, at: int) -> float:
    column = bars.features[name] if name in bars.features else getattr(bars, name)
    return float(column[at])


def _factor(
    before: Bars, after: Bars, old_at: NDArray[np.int64], new_at: NDArray[np.int64]
) -> float | None:
    """The one factor by which all prices of the changed bars differ, if there is one."""
    if not old_at.size:
        return None
    ratios = np.concatenate(
        [getattr(after, name)[new_at] / getattr(before, name)[old_at] for name in PRICE_FIELDS]
    )
    middle = float(np.median(ratios))
    is_one = bool((np.abs(ratios / middle - 1.0) <= RESCALED_TOLERANCE).all())
    return middle if is_one and middle != 1.0 else None

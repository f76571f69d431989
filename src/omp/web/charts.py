"""Figures for the charts, read from the JSON that children wrote."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from omp.domain.errors import NotFound
from omp.ops import runs
from omp.ops.desk import Desk
from omp.wire.filed import read_filed

POINTS = 1000


def curves(path: Path) -> dict[str, Any]:
    """Equity, drawdown and buy-and-hold over time, seconds since 1970.

    Raises:
        NotFound: There are none.
    """
    try:
        found = json.loads(read_filed(path))
        times = [int(datetime.fromisoformat(one).timestamp()) for one in found["time"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise NotFound(f"there are no curves in {path.parent.name}") from None
    return {
        "x": times,
        "equity": found.get("equity", []),
        "buy_and_hold": found.get("buy_and_hold", []),
        "drawdown": [-one if one else 0 for one in found.get("drawdown", [])],
    }


def convergence(desk: Desk, run_id: str) -> dict[str, Any]:
    """Best and median Sharpe by generation: of the finished run, else of the lines so far."""
    found: dict[int, tuple[float | None, float | None]] = {}
    summary = runs.summary(desk, run_id) or {}
    for row in summary.get("convergence") or []:
        best, median = row.get("best_sharpe_x_annual"), row.get("median_sharpe_x_annual")
        found[row["generation"]] = (best, median)
    after = 0
    while not summary:
        page = runs.events(desk, run_id, after=after)
        for event in page.items:
            if event["event"] == "progress" and isinstance(event.get("generation"), int):
                found[event["generation"]] = (event.get("best_sharpe"), None)
        if page.next is None or int(page.next) <= after:
            break
        after = int(page.next)
    kept = sorted(found)
    kept = kept[:: max(1, len(kept) // POINTS)]
    return {
        "x": kept,
        "best": [found[one][0] for one in kept],
        "median": [found[one][1] for one in kept],
    }

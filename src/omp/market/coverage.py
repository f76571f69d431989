"""Which sessions each symbol has, month by month: what the calendar picture of a snapshot shows.

Counts only, no prices; so the sealed part may be counted with the rest.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omp.market.bars import Panel
from omp.market.venues import Venue

SCHEMA_VERSION = 1
CALENDAR_FILE = "calendar.json"

Days = NDArray[np.datetime64]


def coverage(parts: Sequence[Panel], place: Venue) -> dict[str, Any]:
    """Sessions a month between a symbol's first and last bar, and how many of them have no bar.

    Args:
        parts: the mining part and the sealed part of one series.
        place: its venue; where its calendar does not reach, the days on which any symbol has a
            bar stand for the sessions.

    Returns:
        `first_month` (ISO), `months` (their number), `calendar` (`venue` or `own bars`), and per
        symbol `start` (index of its first month), `sessions` and `missing` from there on.
    """
    own: dict[str, list[Days]] = {}
    for part in parts:
        for one in part.bars:
            if len(one):
                own.setdefault(one.symbol, []).append(_days(one.timestamp))
    if not own:
        return {"schema_version": SCHEMA_VERSION, "first_month": "", "months": 0, "symbols": {}}
    days = {symbol: np.unique(np.concatenate(found)) for symbol, found in own.items()}
    union = np.unique(np.concatenate(list(days.values())))
    sessions = place.sessions(_date(union[0]), _date(union[-1]))
    named = "venue" if sessions is not None else "own bars"
    sessions = union if sessions is None else sessions
    first = union[0].astype("datetime64[M]")
    return {
        "schema_version": SCHEMA_VERSION,
        "calendar": named,
        "first_month": str(first),
        "months": int((union[-1].astype("datetime64[M]") - first).astype(int)) + 1,
        "symbols": {symbol: _of_symbol(found, sessions, first) for symbol, found in days.items()},
    }


def _of_symbol(own: Days, sessions: Days, first: np.datetime64) -> dict[str, Any]:
    expected = sessions[(sessions >= own[0]) & (sessions <= own[-1])]
    lacking = np.setdiff1d(expected, own)
    start, end = (int((day.astype("datetime64[M]") - first).astype(int)) for day in own[[0, -1]])
    counted = [
        np.bincount((one.astype("datetime64[M]") - first).astype(int), minlength=end + 1)[start:]
        for one in (expected, lacking)
    ]
    return {"start": start, "sessions": counted[0].tolist(), "missing": counted[1].tolist()}


def _days(stamps: NDArray[np.int64]) -> Days:
    return stamps.astype("datetime64[ns]").astype("datetime64[D]")


def _date(day: np.datetime64) -> date:
    return date.fromisoformat(str(day))

"""What the pages of data show: the sets with their standing, one snapshot with its picture."""

from typing import Any

from omp.ops import data, data_sets
from omp.ops.desk import Desk
from omp.store.snapshots import Snapshot
from omp.web.calendar_picture import WORDS, picture

SNAPSHOTS = 200
SYMBOLS = 60
"""Symbols of the calendar picture until all are asked for."""


def everything(desk: Desk, environment: str | None) -> dict[str, Any]:
    """Data sets with their standing, and the registered snapshots, each with its readiness."""
    found = data.listed(desk, environment=environment)
    return {
        "sets": data_sets.listed(desk, environment=environment),
        "snapshots": found[:SNAPSHOTS],
        "ready": {one.digest: _ready(desk, one) for one in found[:SNAPSHOTS]},
    }


def snapshot(desk: Desk, name: str, *, whole: bool) -> dict[str, Any]:
    """One snapshot, or the one a data set's name means, with all that is known about it.

    Args:
        whole: Every symbol in the calendar picture, not only the worst.

    Raises:
        NotFound: There is none.
    """
    page = data_sets.show(desk, name)
    named = name if name != page.view.name else page.view.current
    found = data.get(desk, named)
    certificate = data_sets.certificate_of(desk, found.digest)
    return {
        "one": found,
        "certificate": certificate,
        "set": page.view,
        "page": page,
        "picture": picture(
            data_sets.calendar_of(desk, found.digest),
            certificate,
            boundary=found.boundary,
            limit=None if whole else SYMBOLS,
        ),
        "legend": WORDS,
    }


def _ready(desk: Desk, one: Snapshot) -> str:
    ready = data_sets.certificate_of(desk, one.digest).get("ready")
    return "unknown" if not isinstance(ready, bool) else "yes" if ready else "no"

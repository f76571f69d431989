"""Where the sealed window of joined lineages begins; both wings ask here."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

Moment = TypeVar("Moment", int, datetime)


def standing(cuts: Sequence[tuple[Moment, bool]]) -> Moment:
    """The boundary that holds for data of one lineage.

    The earliest one; but a boundary that an opened window moved forward never goes back, and of
    several such the latest holds, for every bar before it was mined or looked at.

    Args:
        cuts: Boundary of each lineage that is joined, and of the new data, each with whether a
            later window than its first was opened there; one or more.
    """
    opened = [at for at, was_opened in cuts if was_opened]
    return max(opened) if opened else min(at for at, _ in cuts)

"""The shelf of venues: one file each, declaring `VENUE`."""

from omp.market.shelves import member, members
from omp.market.venues.base import Terms, Venue

__all__ = ["Terms", "Venue", "venue", "venue_names"]


def venue(name: str) -> Venue:
    """The venue of this name.

    Raises:
        InvalidInput: when there is none, with the names there are.
    """
    found: Venue = member(__name__, "VENUE", name, "venue")
    return found


def venue_names() -> tuple[str, ...]:
    """The names of all venues, in order."""
    return tuple(members(__name__, "VENUE"))

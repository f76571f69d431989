"""The shelf of venues: one file each, declaring `VENUE`."""

from omp.domain.errors import InvalidInput
from omp.market.venues.base import Terms, Venue
from omp.shelf import shelf

__all__ = ["Terms", "Venue", "venue", "venue_names"]


def venue(name: str) -> Venue:
    """The venue of this name.

    Raises:
        InvalidInput: when there is none, with the names there are.
    """
    known = shelf(__name__, "VENUE", "omp.venues")
    if name not in known:
        raise InvalidInput(
            f"there is no venue {name!r}", allowed=", ".join(known), remedy="name one of these"
        )
    found: Venue = known[name]
    return found


def venue_names() -> tuple[str, ...]:
    """The names of all venues, in order."""
    return tuple(shelf(__name__, "VENUE", "omp.venues"))

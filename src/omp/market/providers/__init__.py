"""The shelf of data providers: one file each, declaring `PROVIDER`; none is needed to mine."""

from omp.domain.errors import InvalidInput
from omp.market.providers.base import Ask, Fetched, Provider
from omp.shelf import shelf

__all__ = ["Ask", "Fetched", "Provider", "provider", "providers"]


def providers() -> dict[str, Provider]:
    """All providers by name."""
    return dict(shelf(__name__, "PROVIDER", "omp.providers"))


def provider(name: str) -> Provider:
    """The provider of this name.

    Raises:
        InvalidInput: when there is none, with the names there are.
    """
    known = providers()
    if name not in known:
        raise InvalidInput(
            f"there is no data provider {name!r}",
            allowed=", ".join(known),
            remedy="name one of these, or import a file: omp data import PATH",
        )
    return known[name]

"""The shelf of importers: one file for each kind of market data file, declaring `IMPORTER`."""

from pathlib import Path

from omp.domain.errors import InvalidInput, NotFound
from omp.market.importers.base import Importer, Options, Raw
from omp.shelf import shelf

__all__ = ["Importer", "Options", "Raw", "importers", "read"]


def importers() -> dict[str, Importer]:
    """All importers by name."""
    return dict(shelf(__name__, "IMPORTER", "omp.importers"))


def read(path: Path, options: Options, importer: str | None = None) -> Raw:
    """Read a file, or every file of a folder that one importer recognises.

    Args:
        path: a file, or a folder (its sub-folders are not entered).
        options: how to read.
        importer: name of the importer; by default the one that recognises the files.

    Raises:
        NotFound: when there is no such path.
        InvalidInput: when no importer, or more than one, recognises what is there.
        DataNotReady: when a file cannot be understood.
    """
    known = importers()
    if importer is not None and importer not in known:
        raise InvalidInput(
            f"there is no importer {importer!r}", allowed=", ".join(known), remedy="name one"
        )
    if not path.exists():
        raise NotFound(
            f"there is no file or folder {path}",
            allowed="a market data file, or a folder of them",
            remedy="check the path; a relative one starts at the current folder",
        )
    there = sorted(path.iterdir()) if path.is_dir() else [path]
    candidates = {importer: known[importer]} if importer else known
    fits = {
        name: tuple(one for one in there if one.is_file() and member.recognises(one))
        for name, member in candidates.items()
    }
    fits = {name: files for name, files in fits.items() if files}
    if len(fits) != 1:
        raise InvalidInput(
            f"{path} is read by " + (" and by ".join(fits) if fits else "no importer"),
            allowed="; ".join(f"{name}: {member.meaning}" for name, member in known.items()),
            remedy="name one with --importer" if fits else "convert the file to CSV or Parquet",
        )
    ((name, files),) = fits.items()
    return known[name].parse(files, options)

"""The shelf of importers: one file for each kind of market data file, declaring `IMPORTER`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from omp.domain.errors import InvalidInput
from omp.market.archives import Limits, plain_files
from omp.market.importers.base import Importer, Options, Raw
from omp.market.venues import venue
from omp.shelf import shelf

__all__ = ["Importer", "Limits", "Options", "Raw", "importers", "read"]


def importers() -> dict[str, Importer]:
    """All importers by name."""
    return dict(shelf(__name__, "IMPORTER", "omp.importers"))


def read(
    path: Path,
    options: Options,
    importer: str | None = None,
    *,
    staging: Path | None = None,
    limits: Limits | None = None,
) -> Raw:
    """Read a file, an archive, or every file of a folder that one importer recognises.

    Args:
        path: a file, an archive, or a folder with all that lies in it.
        options: how to read.
        importer: name of the importer; by default the one that recognises the files' content. An
            importer with a format of its own goes before one that takes tables in general.
        staging: folder in which archives are unpacked.
        limits: how much an archive may unpack to.

    Raises:
        NotFound: when there is no such path.
        InvalidInput: when no importer, or more than one, recognises what is there.
        DataNotReady: when an archive is not to be trusted, or a file cannot be understood.
    """
    known = importers()
    if importer is not None and importer not in known:
        raise InvalidInput(
            f"there is no importer {importer!r}", allowed=", ".join(known), remedy="name one"
        )
    with plain_files(path, staging=staging, limits=limits) as there:
        candidates = {importer: known[importer]} if importer else known
        name, files = _chosen(path, there, candidates, known)
        beside = known[name].companions(path)
        more = (one for folder in beside for one in sorted(folder.iterdir()))
        own = tuple(one for one in more if one.is_file() and known[name].recognises(one))
        local = options.timezone or venue(known[name].venue or "us").timezone
        raw = known[name].parse((*files, *own), replace(options, timezone=local))
    _require_used(raw, options, known[name])
    return raw


def _require_used(raw: Raw, options: Options, member: Importer) -> None:
    """Refuse options that the importer has no use for, so that none is ignored in silence."""
    idle = [f"--feature {name}" for name in options.features if name not in raw.features]
    if not member.is_general:
        idle += [f"--column {name}" for name in options.columns]
    if options.fractional and member.name != "cotahist":
        idle.append("--fractional")
    if idle:
        raise InvalidInput(
            f"the importer {member.name} has no use for {', '.join(idle)}",
            allowed=f"{member.name}: {member.meaning}",
            remedy="leave the option away, or name another importer with --importer",
        )


def _chosen(
    path: Path,
    there: tuple[Path, ...],
    candidates: Mapping[str, Importer],
    known: Mapping[str, Importer],
) -> tuple[str, tuple[Path, ...]]:
    """The one importer that recognises what is there, and the files it recognises."""
    fits: dict[str, tuple[Path, ...]] = {}
    for is_general in (False, True):
        for name, member in candidates.items():
            if member.is_general is is_general:
                files = tuple(one for one in there if member.recognises(one))
                fits |= {name: files} if files else {}
        if fits:
            break
    if len(fits) != 1:
        raise InvalidInput(
            f"{path} is read by " + (" and by ".join(fits) if fits else "no importer"),
            allowed="; ".join(f"{name}: {member.meaning}" for name, member in known.items()),
            remedy="name one with --importer" if fits else "convert the file to CSV or Parquet",
        )
    return next(iter(fits.items()))

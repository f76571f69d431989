"""A file that a user gave: how it begins, and how it is refused."""

from pathlib import Path

from omp.domain.errors import DataNotReady


def head_of(path: Path, size_bytes: int = 4096) -> bytes:
    """The first bytes of a file; of one that is not there, nothing."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(size_bytes)


def refused(file: str, rule: str, what: str, *, allowed: str, remedy: str) -> DataNotReady:
    """The refusal of a file, by the name of the rule it breaks."""
    return DataNotReady(
        f"{file} cannot be imported: {rule}: {what}",
        allowed=allowed,
        remedy=f"{remedy}; nothing was changed",
        faults=(f"{rule}: {file}: {what}",),
    )

"""Files outside the workspace, lent to a daemon, which reads nothing outside it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from omp.cli.face import Face
from omp.domain.errors import NotFound

Lent = TypeVar("Lent", Path, Path | None)


def existing(path: Path | None) -> Path | None:
    """A file that a person named, with its whole path.

    Raises:
        NotFound: There is none.
    """
    found = path.expanduser().resolve() if path else None
    if found is not None and not found.is_file():
        raise NotFound(f"there is no file {found}", remedy="name an existing one")
    return found


@contextmanager
def lent(face: Face, source: Lent) -> Iterator[Lent]:
    """The source, or for a live daemon a copy of it in the workspace, with what belongs to it.

    Links are copied as links, so that an import refuses them as it would at their own place.
    """
    from omp.market.importers import importers

    root = face.workspace.root
    if source is None or not face.door.is_live or source.is_relative_to(root):
        yield source
        return
    root.joinpath("data").mkdir(exist_ok=True)
    beside: set[Path] = {
        one for member in importers().values() for one in member.companions(source)
    }
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=root / "data") as folder:
        for one in (source, *sorted(beside)):
            if one.is_dir():
                shutil.copytree(one, Path(folder) / one.name, symlinks=True)
            else:
                shutil.copy2(one, Path(folder) / one.name)
        yield Path(folder) / source.name

"""Data sets: names that people give to data, and the snapshot each name means now."""

import json
from pathlib import Path

import rfc8785

from omp.domain.durable import write_durable
from omp.domain.errors import Damaged
from omp.domain.ids import check_id

SCHEMA_VERSION = 1


class DataSets:
    """The pointers of a workspace, one small file per name, replaced atomically.

    Args:
        folder: where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> tuple[str, ...]:
        """The names of all data sets, in order."""
        return tuple(sorted(path.stem for path in self.folder.glob("[!.]*.json")))

    def history(self, name: str) -> tuple[str, ...]:
        """The digests a name has meant, the present one last; empty when there is no such name.

        Raises:
            Damaged: when the pointer cannot be read.
        """
        path = self.folder / f"{name}.json"
        if "/" in name or not path.is_file():
            return ()
        try:
            pointer = json.loads(path.read_bytes())
            listed = [str(one) for one in (*pointer["history"], pointer["current"])]
            for digest in listed:
                check_id(digest, "snapshot")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Damaged(
                f"the data set {name!r} at {path} cannot be read ({error!r})",
                allowed="the file the import wrote",
                remedy="import the data again under the same name",
            ) from error
        return tuple(dict.fromkeys(reversed(listed)))[::-1]

    def current(self, name: str) -> str | None:
        """The digest a name means now, or None when there is no such name."""
        history = self.history(name)
        return history[-1] if history else None

    def point(self, name: str, digest: str) -> None:
        """Let a name mean a snapshot from now on."""
        before = [one for one in self.history(name) if one != digest]
        record = {
            "schema_version": SCHEMA_VERSION,
            "name": check_id(name, "data set"),
            "current": digest,
            "history": [*before, digest],
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        write_durable(self.folder / f"{name}.json", rfc8785.dumps(record))

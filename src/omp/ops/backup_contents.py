"""What of a workspace belongs into a backup, and what its database says must be there."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from omp.store import copies
from omp.wire.workspace import Workspace

TREES = ("dashboard", "configs", "data", "artifacts", "state")
"""Folders that are kept, but for what `LEFT_OUT` names. Run directories are kept only while their
promotion is not decided; a finished one is whole in the Hall, or was refused."""

LEFT_OUT = frozenset(
    {
        *("state/omp.db", "state/omp.db-wal", "state/omp.db-shm"),  # copied by SQLite itself
        "state/keys",  # apart
        *("state/token", "state/anchor", "state/reserve", "state/cache"),  # made anew
        *("state/daemon.json", "state/daemon.lock", "state/slots"),  # of this machine, this hour
    }
)

HIDDEN_KEPT = frozenset({".episodes"})

UNDECIDED = "SELECT id FROM runs WHERE state = 'completed' AND outcome IN ('pending', 'waiting')"


@dataclass(frozen=True)
class Named:
    """What a database names.

    Args:
        runs: Runs whose directory is still needed.
        hashes: Path in the workspace -> hash its file must have.
        folders: Folders that must hold something.
    """

    runs: tuple[str, ...]
    hashes: Mapping[str, str]
    folders: tuple[str, ...]

    def missing(self, found: Mapping[str, str]) -> tuple[str, ...]:
        """One sentence for each thing that is not among the found files, or differs."""
        faults = [
            f"{path} is missing or does not have its hash"
            for path, expected in sorted(self.hashes.items())
            if found.get(path) != expected
        ]
        holding = {str(parent) for path in found for parent in Path(path).parents}
        faults += [f"{one} is missing" for one in self.folders if one not in holding]
        return tuple(faults)


def named(copy: Path) -> Named:
    """What must be in a backup, by the copy of the database."""
    hashes: dict[str, str] = {}
    for candidate, artifacts in copies.rows_of(
        copy, "SELECT candidate_id, artifacts FROM hall_entries WHERE state != 'removed'"
    ):
        for name, digest in json.loads(str(artifacts)).items():
            hashes[f"artifacts/hall_of_fame/{candidate}/{name}"] = str(digest)
    for lineage, subject, digest in copies.rows_of(
        copy, "SELECT lineage, subject_id, positions_digest FROM subjects ORDER BY created_at"
    ):
        hashes[f"state/subjects/{lineage}/{subject}/returns.parquet"] = str(digest)
    digests = copies.rows_of(copy, "SELECT digest FROM snapshots WHERE removed_at IS NULL")
    return Named(
        runs=tuple(str(row[0]) for row in copies.rows_of(copy, UNDECIDED)),
        hashes=hashes,
        folders=tuple(f"data/snapshots/{row[0]}" for row in digests),
    )


def files(workspace: Workspace, runs: tuple[str, ...]) -> Iterator[str]:
    """Paths in the workspace of the files to keep, links and hidden files left out."""
    for tree in TREES:
        yield from _below(workspace.root, workspace.root / tree)
    for run_id in runs:
        yield from _below(workspace.root, workspace.run(run_id))


def _below(root: Path, folder: Path) -> Iterator[str]:
    for here, folders, names in os.walk(folder, followlinks=False):
        place = Path(here).relative_to(root)
        folders[:] = sorted(
            one
            for one in folders
            if (place / one).as_posix() not in LEFT_OUT
            and (not one.startswith(".") or one in HIDDEN_KEPT)
            and not (Path(here) / one).is_symlink()
        )
        for one in sorted(names):
            path = place / one
            hidden = one.startswith(".") or path.as_posix() in LEFT_OUT
            plain = (root / path).is_file() and not (root / path).is_symlink()
            if plain and not hidden and not one.endswith((".lock", ".part")):
                yield path.as_posix()

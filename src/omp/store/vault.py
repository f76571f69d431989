"""The vault: folders of Hall of Fame entries, staged, synced and moved into place as a whole.

An entry's folder is there whole or not at all. Its `manifest.json`, written last, binds every file;
what lies there without a row in the record is adopted or moved aside, never deleted.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from omp.domain.durable import disk_room, sync_folder, write_durable
from omp.domain.errors import Damaged, NotFound
from omp.domain.failpoints import hit
from omp.store.shredder import move_aside, shred
from omp.wire.canonical import canonical, digest
from omp.wire.rundir import SCHEMA_VERSION, changed_files, read_json

STAGING = ".staging"
EPISODES = ".episodes"
PRIVATE = "data"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Shelved:
    """An entry's folder as its manifest describes it.

    Args:
        files: Path in the folder -> blake3, the manifest itself included.
    """

    folder: Path
    files: dict[str, str]


def digest_of(content: bytes | Path) -> str:
    """blake3 of a file's content, given as bytes or by its path."""
    if isinstance(content, bytes):
        return digest(content)
    return blake3(max_threads=1).update_mmap(content).hexdigest()


def stage(hall: Path, name: str, files: Mapping[str, bytes | Path]) -> Path:
    """Write the files of an entry into a fresh staging folder, durably; the manifest comes last.

    Args:
        hall: Folder of all entries; the staging folder lies on the same filesystem.
        name: Name of the staging folder, such as the run's id.
        files: Path in the entry's folder -> content, or the file it is copied from.

    Raises:
        DiskFull: If there is no room; nothing was promoted then.
    """
    parent = hall / STAGING
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    root = parent / name
    with disk_room(root):
        if root.exists():  # left by a crash; it is only a copy
            shred(parent, name)
        root.mkdir()
        for relative, content in files.items():
            path = root / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, content)
        if (root / PRIVATE).is_dir():
            (root / PRIVATE).chmod(0o700)
        listed = {relative: digest_of(root / relative) for relative in sorted(files)}
        manifest = canonical({"schema_version": SCHEMA_VERSION, "files": listed})
        _write(root / MANIFEST, manifest)
        for folder, _, _ in os.walk(root, topdown=False):
            sync_folder(Path(folder))
        sync_folder(parent)
    hit("promotion.staged")
    return root


def _write(path: Path, content: bytes | Path) -> None:
    with path.open("wb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            with content.open("rb") as source:
                shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())


def install(staged: Path, target: Path, *, former: str) -> None:
    """Move a staged entry into its place, durably.

    Args:
        former: Name under which a folder that stands there from an earlier episode is kept.
    """
    with disk_room(target):
        if target.exists():
            move_aside(target, target.parent / EPISODES, former)
        staged.rename(target)
    hit("promotion.after_rename")
    settle(target)
    with disk_room(staged):
        sync_folder(staged.parent)
    hit("promotion.after_vault")


def settle(target: Path) -> None:
    """Make the name of an entry's folder durable, once it stands in its place.

    Raises:
        DiskRefused: The disk did not keep it; the entry gets no row before it does.
    """
    with disk_room(target):
        sync_folder(target.parent)


def read_shelved(folder: Path) -> Shelved:
    """The files of an entry's folder, as its manifest has them.

    Raises:
        NotFound: There is no such folder, or it has no manifest.
        Damaged: Its manifest cannot be read.
    """
    remedy = "put the folder back from your own copy of it, or remove the entry: omp hall remove"
    path = folder / MANIFEST
    document = read_json(path, remedy=remedy)
    try:
        files = {str(name): str(value) for name, value in document["files"].items()}
    except (KeyError, AttributeError) as error:
        raise Damaged(f"{path} lists no files: {error}", remedy=remedy) from None
    return Shelved(folder, {**files, MANIFEST: digest(path.read_bytes())})


def faults(folder: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence for each file of an entry that is missing or changed."""
    if not folder.is_dir() or folder.is_symlink():
        return (f"its folder {folder.name} is missing",)
    return changed_files(folder, dict(files))


def read_entry(folder: Path) -> dict[str, object]:
    """`entry.json`: provenance and figures, as they were staged.

    Raises:
        NotFound: The folder has none.
        Damaged: It does not have the digest in the manifest.
    """
    shelved = read_shelved(folder)
    expected = shelved.files.get("entry.json")
    if expected is None:
        raise NotFound(f"{folder} holds no entry.json", remedy="it is no entry; move it away")
    return read_json(
        folder / "entry.json",
        remedy="put the folder back from your own copy of it, or remove the entry: omp hall remove",
        expected_digest=expected,
    )


def folders(hall: Path) -> tuple[str, ...]:
    """Names of the entries' folders; links and hidden folders are none."""
    if not hall.is_dir():
        return ()
    return tuple(
        sorted(
            one.name
            for one in hall.iterdir()
            if not one.name.startswith(".") and one.is_dir() and not one.is_symlink()
        )
    )


def quarantine(hall: Path, name: str, stamp: str) -> Path:
    """Move a folder that belongs to no entry out of the Hall; nothing is deleted."""
    return move_aside(hall / name, hall.parent / "quarantine", f"{name}-{stamp}")


def keep_note(folder: Path, document: Mapping[str, object]) -> None:
    """Write beside a quarantined folder why it is there."""
    path = folder.with_name(folder.name + ".json")
    write_durable(path, json.dumps(document, indent=1, sort_keys=True).encode() + b"\n")

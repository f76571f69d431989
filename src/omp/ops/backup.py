"""Backups: the whole record of a workspace, copied while it mines, file by file under its hash.

A backup is a manifest, the keys in a file apart, and the contents in `objects/`, which backups in
one folder share: only what is new is copied. The database is copied first, in one read
transaction; whatever it names must then be found, with its hash, or the backup is begun again.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from omp.config.fingerprint import engine_version
from omp.domain.errors import Conflict, Damaged, Refused, UnsafePath, WorkspaceBusy
from omp.ops import backup_contents
from omp.ops.backup_keys import write_keys
from omp.ops.backup_manifest import (
    PREFIX,
    BackupFile,
    Manifest,
    manifests,
    read_manifest,
    write_manifest,
)
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.store import copies, meta, objects
from omp.wire.rundir import SCHEMA_VERSION

TRIES = 3
LAST_KEY = "backup.last"


@dataclass(frozen=True)
class Backup:
    """A backup that was made, verified.

    Args:
        file: Its manifest; what `omp restore` takes.
        files: Files it holds, the database included.
        bytes: What a restored workspace weighs.
        new_bytes: What had to be copied for it.
        dropped: Older backups that went; none while something is missing or changed.
        faults: What the record names and was missing or changed already.
    """

    name: str
    file: str
    made_at: str
    files: int
    bytes: int
    new_bytes: int
    head: int
    keys_file: str
    keys_sealed: bool
    dropped: tuple[str, ...]
    faults: tuple[str, ...]
    note: str


def make(desk: Desk, *, to: str | None = None, keep: int | None = None) -> Backup:
    """Make a backup and prove it.

    Args:
        to: Folder for backups, outside the workspace; by default `backups/` in it.
        keep: So many of this workspace's stay in that folder; by default as configured.

    Raises:
        Refused: The record is in PostgreSQL, which has its own tools.
        DiskFull: It would leave less free than the warning limit.
        Damaged: The database is damaged, or the copy could not be proven.
    """
    _refuse_server(desk)
    folder = _folder(desk, to)
    with _alone(folder):
        manifest, new_bytes = _copied(desk, folder)
        path = folder / f"{manifest.name}.json"
        if faults := found_faults(path):
            path.unlink()
            raise Damaged(f"the backup could not be proven: {faults[0]}", remedy="look at the disk")
        keep = desk.settings.backup.keep if keep is None else keep
        dropped = () if manifest.faults else _prune(folder, manifest, keep)
    with desk.write() as tx:
        facts = {"name": manifest.name, "at": manifest.made_at, "seq": manifest.head.seq}
        desk.note(tx, "backup.made", manifest.name, {**facts, "bytes": manifest.bytes})
        meta.put_json(tx, LAST_KEY, {**facts, "file": str(path)})
    if manifest.faults:
        open_incident(
            desk,
            "backup.faults",
            "SEV-1",
            f"{manifest.name} holds a damaged record: {manifest.faults[0]}",
            details={"symptoms": list(manifest.faults[:50])},
        )
    apart = "sealed with the passphrase" if manifest.keys_sealed else "NOT sealed, mode 0600"
    return Backup(
        name=manifest.name,
        file=str(path),
        made_at=manifest.made_at,
        files=1 + len(manifest.files),
        bytes=manifest.bytes,
        new_bytes=new_bytes,
        head=manifest.head.seq,
        keys_file=str(path.with_suffix(".keys")),
        keys_sealed=manifest.keys_sealed,
        dropped=dropped,
        faults=manifest.faults,
        note=f"{manifest.name}: {1 + len(manifest.files)} files, {manifest.bytes / 1e6:.1f} MB, "
        f"{new_bytes / 1e6:.1f} MB of them new; keys apart, {apart}",
    )


def found_faults(path: Path) -> tuple[str, ...]:
    """One sentence for each content of a backup that is missing or changed; every byte is read.

    Raises:
        Damaged: The manifest itself cannot be used.
    """
    manifest = read_manifest(path)
    found = (objects.fault(path.parent, one) for one in sorted(manifest.digests))
    return tuple(one for one in found if one is not None)


def _refuse_server(desk: Desk) -> None:
    if desk.db.dialect != "sqlite":
        raise Refused(
            "this workspace keeps its record in PostgreSQL, and omp backup copies SQLite only",
            allowed="a backup of the database by its own tools, together with the workspace folder",
            remedy="pg_dump the database of [store] url first, then copy the workspace folder",
        )


def _folder(desk: Desk, to: str | None) -> Path:
    home, root = desk.workspace.backups, desk.workspace.root
    folder = home if to is None else Path(to).expanduser().resolve()
    if folder != home and (folder.is_relative_to(root) or root.is_relative_to(folder)):
        raise UnsafePath(
            f"backups cannot be put into {folder}",
            allowed=f"a folder outside {root}, best on another disk; or none: {home}",
            remedy="name another folder with --to",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkspaceBusy(
                f"another backup is being made in {folder}",
                remedy="wait until it is done, then try again",
            ) from None
        yield
    finally:
        os.close(handle)


def _copied(desk: Desk, folder: Path) -> tuple[Manifest, int]:
    """Everything copied and the manifest written; begun again while the workspace moves on."""
    spare_bytes = desk.settings.limits.warn_disk_free_gb * 1e9
    now = desk.clock.now()
    name = f"{PREFIX}{now.strftime('%Y%m%dT%H%M%S%f')}-{secrets.token_hex(3)}"
    copy = folder / f".{name}.db"
    missing: tuple[str, ...] = ()
    new_bytes = 0
    for _ in range(TRIES):
        try:
            copies.copy_database(desk.workspace.database, copy)
            facts = copies.read_facts(copy)
            named = backup_contents.named(copy)
            database = objects.put(folder, copy, spare_bytes=spare_bytes)
        finally:
            copy.unlink(missing_ok=True)
        files: dict[str, BackupFile] = {}
        new_bytes += database.bytes * database.is_new
        for relative in backup_contents.files(desk.workspace, named.runs):
            try:
                kept = objects.put(folder, desk.workspace.root / relative, spare_bytes=spare_bytes)
            except FileNotFoundError:
                continue  # it went meanwhile; what the record names is looked for below
            files[relative] = BackupFile(kept.digest, kept.bytes)
            new_bytes += kept.bytes * kept.is_new
        found = {relative: one.digest for relative, one in files.items()}
        missing = named.missing(found)
        if not missing:
            break
    sealed = write_keys(desk.workspace.keys, folder / f"{name}.keys", name)
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=name,
        workspace_id=facts.workspace_id,
        root=str(desk.workspace.root),
        made_at=desk.clock.iso(),
        engine_version=engine_version(),
        revision=facts.revision,
        head=facts.head,
        database=BackupFile(database.digest, database.bytes),
        files=files,
        keys_sealed=sealed,
        faults=missing,
    )
    return write_manifest(folder / f"{name}.json", manifest), new_bytes


def _prune(folder: Path, latest: Manifest, keep: int) -> tuple[str, ...]:
    """Let older backups of this workspace go, and the contents that nothing names any more."""
    if keep < 1:
        raise Conflict(f"keep {keep} backups", allowed="1 or more", remedy="correct [backup] keep")
    own: list[tuple[Path, Manifest]] = []
    wanted: set[str] = set()
    for path in manifests(folder):
        try:
            found = read_manifest(path)
        except Damaged:
            return ()  # what it needs is not known, so nothing may go
        wanted |= found.digests
        if found.workspace_id == latest.workspace_id:
            own.append((path, found))
    gone = own[:-keep]
    for path, _ in gone:
        path.unlink()
        path.with_suffix(".keys").unlink(missing_ok=True)
    if gone:
        left = [read_manifest(path) for path in manifests(folder)]
        wanted = {digest for one in left for digest in one.digests}
    objects.drop_others(folder, wanted)
    return tuple(one.name for _, one in gone)

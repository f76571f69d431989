"""Restoring a backup into an empty folder: everything proven first, then written, then opened.

A restored record may be older than what is known. Looks that were granted after the backup would
be forgotten, so looks stay frozen until a person has written down what happened, unless the
workspace that was backed up still stands and has gone no further.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from omp.domain.durable import sync_folder
from omp.domain.errors import Conflict, Damaged, NewerFormat, NotFound
from omp.ops import incidents
from omp.ops.backup import found_faults
from omp.ops.backup_keys import read_keys
from omp.ops.backup_manifest import Manifest, manifests, read_manifest
from omp.ops.opening import open_desk
from omp.ops.workspace import write_private
from omp.store import copies, journal, objects, runs
from omp.store.journal import Head
from omp.store.migrate import REVISIONS
from omp.wire.workspace import Workspace


@dataclass(frozen=True)
class Restored:
    """What was restored, or would be.

    Args:
        frozen: Why looks are frozen in it; None where the record is known to be the latest.
    """

    name: str
    into: str
    made_at: str
    files: int
    bytes: int
    head: int
    dry_run: bool
    frozen: str | None
    note: str


def restore(
    file: Path, into: Path, *, dry_run: bool = False, anchor: Path | None = None
) -> Restored:
    """Restore a backup.

    Args:
        file: Its manifest, `backup-….json`.
        into: A folder that is not there, or empty.
        dry_run: Prove every byte, write nothing.
        anchor: `state/anchor` of the workspace as it was last known, kept elsewhere.

    Raises:
        NotFound: There is no such backup.
        Damaged: A content is missing or changed; nothing is written.
        NewerFormat: A newer program wrote it.
        InvalidInput: Its keys need a passphrase that is missing or wrong.
        Conflict: The folder holds something.
        DiskFull: There is no room; nothing is left behind.
    """
    manifest = read_manifest(file)
    if manifest.revision not in REVISIONS:
        raise NewerFormat(
            f"{file.name} holds a database of revision {manifest.revision}, by a newer version",
            allowed=f"revisions up to {REVISIONS[-1]}",
            remedy="update this program, then restore",
        )
    if faults := found_faults(file):
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise Damaged(
            f"{file.name} cannot be restored: {faults[0]}{more}",
            allowed="a backup whose every content has its hash",
            remedy=f"use another backup in {file.parent}",
        )
    keys = read_keys(file.with_suffix(".keys"), manifest.name)
    target = into.expanduser().resolve()
    _refuse_used(target)
    known, why = _known(file, manifest, anchor)
    if not dry_run:
        _write(file.parent, manifest, dict(keys), target, known, _known_looks(manifest, anchor))
        _open(target, manifest, why)
    verb = "would be restored" if dry_run else "is restored"
    looks = f"; looks are frozen: {why}" if why else ""
    return Restored(
        name=manifest.name,
        into=str(target),
        made_at=manifest.made_at,
        files=1 + len(manifest.files) + len(keys),
        bytes=manifest.bytes,
        head=manifest.head.seq,
        dry_run=dry_run,
        frozen=why,
        note=f"{manifest.name} {verb} into {target}, up to record {manifest.head.seq}{looks}",
    )


def _refuse_used(target: Path) -> None:
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        raise Conflict(
            f"{target} is there and not empty",
            allowed="a folder that is not there yet, or an empty one",
            remedy="name another folder with --into; nothing is ever restored over a workspace",
        )


def _known(file: Path, manifest: Manifest, anchor: Path | None) -> tuple[Head, str | None]:
    """The furthest record known of this workspace, and why looks must freeze, if they must."""
    if anchor is not None and not anchor.is_file():
        raise NotFound(f"there is no anchor {anchor}", remedy="name state/anchor of the workspace")
    heads: list[Head] = []
    for place in _anchors(manifest, anchor):
        heads += [head] if (head := _read_anchor(place)) else []
    is_known = bool(heads)
    for path in manifests(file.parent):
        try:
            other = read_manifest(path)
        except Damaged:
            continue
        if other.workspace_id == manifest.workspace_id:
            heads.append(other.head)
    furthest = max(heads, key=lambda one: one.seq, default=manifest.head)
    if furthest.seq > manifest.head.seq:
        return furthest, f"the backup ends at record {manifest.head.seq}, {furthest.seq} is known"
    if not is_known:
        return manifest.head, (
            f"the workspace at {manifest.root} is not there to say whether looks were granted "
            f"after record {manifest.head.seq}"
        )
    return manifest.head, None


def _known_looks(manifest: Manifest, anchor: Path | None) -> dict[str, int]:
    """The highest look at each sealed window that an anchor of this workspace knows."""
    known: dict[str, int] = {}
    for place in _anchors(manifest, anchor):
        for window, ordinal in journal.looks_in(place).items():
            known[window] = max(ordinal, known.get(window, 0))
    return known


def _anchors(manifest: Manifest, anchor: Path | None) -> list[Path]:
    return [journal.anchor_path(Workspace(Path(manifest.root))), *([anchor] if anchor else [])]


def _read_anchor(path: Path) -> Head | None:
    try:
        document = json.loads(path.read_bytes())
        return Head(int(document["seq"]), str(document["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(
    store: Path,
    manifest: Manifest,
    keys: dict[str, bytes],
    target: Path,
    known: Head,
    looks: dict[str, int],
) -> None:
    """Everything into a folder beside the target, which then becomes it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Workspace(target.with_name(f".{target.name}.restoring"))
    if part.root.exists():
        shutil.rmtree(part.root)  # left by a restore that was cut; it is only a copy
    try:
        for folder in part.folders:
            folder.mkdir(parents=True, exist_ok=True)
        for folder in part.private_folders:
            folder.chmod(0o700)
        for relative, one in manifest.files.items():
            path = part.root / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            objects.fetch(store, one.digest, path, mode=_mode(relative))
        for name, content in keys.items():
            write_private(part.keys / Path(name).name, content)
        objects.fetch(store, manifest.database.digest, part.database, mode=0o600)
        _prove(part.database, manifest)
        journal.write_anchor(part, known, looks=looks, accept=True)
        for here, _, _ in os.walk(part.root, topdown=False):
            sync_folder(Path(here))
        if target.exists():
            target.rmdir()
        part.root.rename(target)
        sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(part.root, ignore_errors=True)
        raise


def _prove(database: Path, manifest: Manifest) -> None:
    facts = copies.read_facts(database)
    if (facts.head, facts.workspace_id) != (manifest.head, manifest.workspace_id):
        raise Damaged("the database is not the one of the manifest", remedy="use another backup")


def _mode(relative: str) -> int:
    return 0o600 if relative.startswith("state/") else 0o644


def _open(target: Path, manifest: Manifest, why: str | None) -> None:
    """Open it once: what ran is nobody's child here, and what is not known freezes looks."""
    desk = open_desk(target)
    try:
        with desk.read() as tx:
            held = [one for one in runs.find(tx, limit=1_000_000) if one.pid is not None]
        with desk.write() as tx:
            for one in held:
                runs.change(tx, one.id, pid=None, boot_id=None, start_ticks=None)
            desk.note(
                tx,
                "backup.restored",
                manifest.name,
                {"seq": manifest.head.seq, "from": manifest.root, "made_at": manifest.made_at},
            )
        if why is not None:
            incidents.open_incident(
                desk,
                incidents.JOURNAL_BEHIND,
                "SEV-0",
                f"restored from {manifest.name}: {why}",
            )
    finally:
        desk.db.close()

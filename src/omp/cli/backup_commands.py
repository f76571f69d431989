"""Backups: backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from omp.cli.face import Answer, Face, as_plain, note, verb
from omp.cli.printing import plain

DAMAGED = 7


def add_to(app: typer.Typer) -> None:
    """Put these commands on `app`."""
    verb(app, "backup")(backup)
    verb(app, "restore")(restore)


def backup(
    face: Face,
    to: Annotated[
        Path | None, typer.Option("--to", help="A folder for backups; by default backups/.")
    ] = None,
) -> Answer:
    """Back up the whole record while it mines, and prove the copy.

    Keys go into a file apart, sealed if OMP_BACKUP_PASSPHRASE is set.
    """
    if to is None:
        data = face.call("backup.make")
    else:
        data = face.call("backup.to", to=str(to.expanduser().resolve()))
    faults = [f"damaged already: {plain(one)}" for one in data.get("faults") or ()]
    lines = [
        plain(data.get("note")),
        *faults,
        f"restore: omp restore {data.get('file')} --into DIR",
    ]
    return Answer(data, lines, exit_code=DAMAGED if faults else 0)


def restore(
    face: Face,
    file: Annotated[Path, typer.Argument(help="The backup's manifest, backup-….json.")],
    into: Annotated[Path, typer.Option("--into", help="A new or empty folder.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Prove every byte, and write nothing.")
    ] = False,
    anchor: Annotated[
        Path | None,
        typer.Option("--anchor", help="state/anchor of the workspace as last known, kept apart."),
    ] = None,
) -> Answer:
    """Restore a backup into an empty folder, every hash proven first."""
    from omp.ops.backup_restore import restore as put_back

    del face
    note(f"proving {file} …")
    done = put_back(file.expanduser().resolve(), into, dry_run=dry_run, anchor=anchor)
    lines = [done.note]
    if not dry_run:
        lines += [
            f"next: omp up --workspace {done.into}; never beside the one it was copied from",
            f"looks: omp incidents list --workspace {done.into}, then omp incidents resolve ID",
        ]
    return Answer(as_plain(done), lines)

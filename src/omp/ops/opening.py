"""Opening a workspace: settings read, database opened and brought to its schema, record checked."""

import getpass
import os
from pathlib import Path

from omp.config.settings import load_settings
from omp.domain.errors import NotFound
from omp.ops.desk import Clock, Desk, SystemClock
from omp.ops.incidents import check_anchor
from omp.store import journal
from omp.store.database import Database
from omp.store.migrate import migrate
from omp.wire.workspace import Workspace


def open_desk(
    root: Path, *, operator: str | None = None, role: str = "operator", clock: Clock | None = None
) -> Desk:
    """Open a workspace.

    Args:
        root: Folder of the workspace; made by `omp.ops.workspace.create`.
        operator: In whose name the desk acts; default the local user.
        role: That person's role.
        clock: Another source of time, for tests.

    Raises:
        NotFound: There is no workspace, or its database is gone.
        InvalidConfiguration: The settings have faults; all are listed.
        Damaged: The database is damaged, or newer than this program.
    """
    workspace = Workspace(root.resolve())
    if not workspace.config_file.exists():
        raise NotFound(
            f"{root} is no workspace: {workspace.config_file} is not there",
            allowed="a folder made by omp init or omp up",
            remedy="omp init makes one, or completes a half-made one",
        )
    loaded = load_settings(workspace.config_file)
    existed = journal.anchor_path(workspace).exists()
    db = Database.open(loaded.settings.store.url or workspace.database, must_exist=existed)
    try:
        migrate(db, copies=workspace.backups)
        desk = Desk(
            workspace=workspace,
            settings=loaded.settings,
            loaded=loaded,
            db=db,
            clock=clock or SystemClock(),
            operator=operator or local_user(),
            role=role,
        )
        check_anchor(desk)
    except BaseException:
        db.close()
        raise
    return desk


def local_user() -> str:
    """The name of the user who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"

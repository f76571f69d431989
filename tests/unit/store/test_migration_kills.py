"""Killed at any step of a migration, the next start completes it; older code refuses newer data."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.desks import desk, template

from omp.domain.errors import NewerFormat
from omp.ops.desk import Desk
from omp.ops.opening import open_desk
from omp.store import copies, journal
from omp.store.database import Database
from omp.store.migrate import REVISIONS, migrate

__all__ = ["desk", "template"]

PROGRAM = """
import os, signal, sys
from pathlib import Path
from alembic import command
from omp.store import migrate
from omp.store.database import Database

def die(*_): os.kill(os.getpid(), signal.SIGKILL)

where, step = sys.argv[1], sys.argv[2]
if step == "copy":
    migrate.copy_database = die
elif step == "views":
    migrate._make_views = die
else:
    whole = command.upgrade
    def some(config, _):
        whole(config, step)
        die()
    command.upgrade = some
migrate.migrate(Database.open(Path(where)), copies=Path(where).parent / "backups")
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the first revision, with a record of its own."""
    from alembic import command
    from alembic.config import Config

    from omp.store.migrate import SCRIPTS

    path = tmp_path_factory.mktemp("first") / "omp.db"
    db = Database.open(path)
    with db.write() as tx:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = tx
        command.upgrade(config, REVISIONS[0])
        tx.execute(text("INSERT INTO meta VALUES ('kept', 'yes')"))
    db.close()
    return path


@pytest.mark.parametrize("step", ["copy", *REVISIONS[1:], "views"])
def test_killed_at_a_step_it_is_as_before_and_then_completed(
    first: Path, tmp_path: Path, step: str
) -> None:
    path = tmp_path / "omp.db"
    shutil.copy(first, path)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), step], check=False, env=dict(os.environ)
    )
    assert done.returncode == -signal.SIGKILL
    db = Database.open(path, must_exist=True)
    with db.read() as tx:
        assert tx.execute(text("SELECT version_num FROM alembic_version")).scalar() == REVISIONS[0]
    migrate(db, copies=tmp_path / "backups")
    with db.read() as tx:
        assert tx.execute(text("SELECT version_num FROM alembic_version")).scalar() == REVISIONS[-1]
        assert tx.execute(text("SELECT value FROM meta WHERE key = 'kept'")).scalar() == "yes"
        assert journal.verify(tx) is None
    db.check()
    db.close()
    (copy,) = (tmp_path / "backups").glob("before-*.db")
    assert copies.read_facts(copy).revision == REVISIONS[0]


def test_older_code_leaves_a_newer_database_with_its_queue_alone(desk: Desk) -> None:
    with desk.db.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    desk.db.close()
    before = desk.workspace.database.read_bytes()
    with pytest.raises(NewerFormat, match="update this program"):
        open_desk(desk.workspace.root)
    assert desk.workspace.database.read_bytes() == before

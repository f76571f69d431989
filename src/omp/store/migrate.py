"""Bring a database to the schema of this program; refuse what is damaged or newer.

A database at the head is recognised by one row, before Alembic is imported. A database that is
not ours, or that a newer program wrote, is left exactly as it is.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from omp.domain.errors import Damaged, NewerFormat
from omp.store import meta
from omp.store.copies import copy_database
from omp.store.database import Database
from omp.store.views import VIEWS, views_digest

REVISIONS: tuple[str, ...] = tuple(f"{number:04d}" for number in range(1, 12))
"""Every revision in `migrations/versions`, oldest first; the last is the head."""

SCRIPTS = Path(__file__).parent / "migrations"
_VIEWS_KEY = "schema.views"


def migrate(db: Database, *, copies: Path | None = None) -> None:
    """Bring the schema and the published views to this program's.

    Args:
        copies: Folder into which a SQLite database is copied before its schema is changed.

    Raises:
        DiskFull: There is no room for that copy; nothing was changed.
        NewerFormat: A newer program wrote the database.
        Damaged: Tables are there, but not the row that says which revision they are.
    """
    with db.read() as tx:
        revision = current_revision(tx)
        at_head = revision == REVISIONS[-1] and meta.get(tx, _VIEWS_KEY) == views_digest()
    if at_head:
        return
    if copies is not None and db.dialect == "sqlite" and revision not in (None, REVISIONS[-1]):
        copies.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy_database(Path(db.where), copies / f"before-{REVISIONS[-1]}-from-{revision}.db")
    with db.write() as tx:
        revision = current_revision(tx)
        if revision != REVISIONS[-1]:
            _upgrade(tx)
        _make_views(tx)


def current_revision(tx: Connection) -> str | None:
    """The revision of the database; None of an empty one.

    Raises:
        NewerFormat: A newer program wrote it.
        Damaged: It has tables and no revision.
    """
    names = set(inspect(tx).get_table_names())
    if "alembic_version" not in names:
        if names:
            raise Damaged(
                f"the database has tables ({', '.join(sorted(names)[:3])}, …) but no revision",
                allowed="a database this program made",
                remedy="put back your own copy of it, or name an empty database in [store] url",
            )
        return None
    try:
        revisions = tx.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    except DBAPIError as error:
        raise Damaged(f"the database's revision cannot be read: {error.orig}") from error
    if len(revisions) != 1:
        raise Damaged(
            f"the database names {len(revisions)} revisions instead of one",
            remedy="put back your own copy of it",
        )
    revision = str(revisions[0])
    if revision not in REVISIONS:
        raise NewerFormat(
            f"the database is of revision {revision}, written by a newer version",
            allowed=f"revisions up to {REVISIONS[-1]}",
            remedy="update this program; it touches nothing until then",
        )
    return revision


def _upgrade(tx: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = tx
    command.upgrade(config, "head")


def _make_views(tx: Connection) -> None:
    for name, select in VIEWS.items():
        tx.execute(text(f"DROP VIEW IF EXISTS {name}"))
        tx.execute(text(f"CREATE VIEW {name} AS {select}"))
    meta.put(tx, _VIEWS_KEY, views_digest())

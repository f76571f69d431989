"""Looks and charges are never taken away; a run's in-sample bars are kept in its row.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_FIXED = {
    "looks": (
        'look_id, "window", lineage, ordinal, level, run_id, candidate_id, subject_digest, '
        'behaviour_hash, "grant", granted_at'
    ),
    "ledger": "run_id, generation, lineage, charged_at",
}
"""Table -> the columns that stay as they were written."""


def _statements(dialect: str, table: str, columns: str) -> tuple[str, ...]:
    told = f"rows of {table} are never taken away, nor is what they fixed changed"
    if dialect == "sqlite":
        abort = f"BEGIN SELECT RAISE(ABORT, '{told}'); END"
        return (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {abort}",
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OF {columns} ON {table} {abort}",
        )
    call = f"EXECUTE FUNCTION {table}_stays()"
    return (
        (
            f"CREATE OR REPLACE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{told}'; END $$"
        ),
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} {call}",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OF {columns} ON {table} {call}",
    )


def upgrade() -> None:
    """Add the column, make the triggers."""
    op.add_column("runs", sa.Column("bars", sa.Integer()))
    dialect = op.get_bind().dialect.name
    for table, columns in _FIXED.items():
        for statement in _statements(dialect, table, columns):
            op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    op.drop_column("runs", "bars")
    on = {"sqlite": "", "postgresql": " ON {table}"}[op.get_bind().dialect.name]
    for table in _FIXED:
        for name in ("no_delete", "no_change"):
            op.execute(f"DROP TRIGGER {table}_{name}" + on.format(table=table))

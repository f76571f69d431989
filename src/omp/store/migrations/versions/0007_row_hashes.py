"""Hashes of the rows of the ledger, of looks and of verdicts.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

from omp.store.seals import row_hash

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("ledger", "looks", "verdicts")


def upgrade() -> None:
    """Add the column and fill it for the rows there are."""
    connection = op.get_bind()
    for name in TABLES:
        op.add_column(name, sa.Column("row_hash", sa.String(length=64), nullable=True))
        table = sa.Table(name, sa.MetaData(), autoload_with=connection)
        keys = tuple(table.primary_key.columns)
        for row in connection.execute(sa.select(table)).mappings().all():
            this = sa.and_(*(key == row[key.name] for key in keys))
            found = row_hash(table, dict(row))
            connection.execute(sa.update(table).where(this).values(row_hash=found))

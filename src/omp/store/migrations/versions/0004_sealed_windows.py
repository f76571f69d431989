"""When a later sealed window than a lineage's first was opened.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("lineages", sa.Column("opened_at", sa.String(length=32), nullable=True))


def downgrade() -> None:
    """Drop it again; which looks belong to which window is lost."""
    with op.batch_alter_table("lineages") as table:
        table.drop_column("opened_at")

"""Markets whose bars were let go, and an index that alone answers how many trials were made.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; count trials by an index."""
    op.add_column("snapshots", sa.Column("removed_at", sa.String(length=32), nullable=True))
    op.create_index("ix_ledger_counts", "ledger", ["lineage", "run_id", "behaviours", "genomes"])
    op.drop_index("ix_ledger_lineage", "ledger")


def downgrade() -> None:
    """Take them away; what was let go stays gone."""
    op.create_index("ix_ledger_lineage", "ledger", ["lineage"])
    op.drop_index("ix_ledger_counts", "ledger")
    op.drop_column("snapshots", "removed_at")

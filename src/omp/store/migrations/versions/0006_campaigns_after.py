"""Campaigns that wait for others, and the indices by which the next run is found.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


_INDICES = (
    ("ix_runs_claim", "runs", ["state", "campaign_id", "queued_at", "not_before", "id"]),
    (
        "ix_campaigns_claim",
        "campaigns",
        ["id", "state", "removed_at", "priority", "position"],
    ),
)


def upgrade() -> None:
    """Add the column and the indices."""
    op.add_column("campaigns", sa.Column("after", sa.Text(), nullable=False, server_default="[]"))
    for name, table, columns in _INDICES:
        op.create_index(name, table, columns, unique=False)


def downgrade() -> None:
    """Take them away; what waited for another campaign waits no more."""
    for name, table, _ in _INDICES:
        op.drop_index(name, table)
    op.drop_column("campaigns", "after")

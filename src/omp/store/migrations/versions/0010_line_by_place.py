"""An index of campaigns by priority and place, by which the next run is found at once.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "ix_campaigns_line", "campaigns", ["state", "removed_at", "priority", "position", "id"]
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_index("ix_campaigns_line", "campaigns")

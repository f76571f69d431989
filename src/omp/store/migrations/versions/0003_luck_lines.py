"""Measured luck lines.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "luck_lines",
        sa.Column("run_id", sa.String(length=96), nullable=False),
        sa.Column("lineage", sa.String(length=96), nullable=False),
        sa.Column("measured_at", sa.String(length=32), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("block_bars", sa.Integer(), nullable=False),
        sa.Column("measured_annual", sa.Float(), nullable=False),
        sa.Column("assumed_annual", sa.Float(), nullable=True),
        sa.Column("best_of_run_annual", sa.Float(), nullable=True),
        sa.Column("share_as_good", sa.Float(), nullable=True),
        sa.Column("trials", sa.Integer(), nullable=False),
        sa.Column("random_rules", sa.Integer(), nullable=False),
        sa.Column("ideas", sa.Integer(), nullable=False),
        sa.Column("without_trades", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_luck_lines_run_id")),
        sa.PrimaryKeyConstraint("run_id", "measured_at", name=op.f("pk_luck_lines")),
    )
    op.create_index(op.f("ix_luck_lines_lineage"), "luck_lines", ["lineage"], unique=False)


def downgrade() -> None:
    """Drop it again; it can be measured anew."""
    op.drop_table("luck_lines")

"""Alerts, silences, and of an incident its episode and the code that was at work.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NEW = (
    ("recovered_at", sa.String(length=32)),
    ("git_sha", sa.String(length=96)),
    ("engine_version", sa.String(length=96)),
    ("code_digest", sa.String(length=64)),
)


def upgrade() -> None:
    """Make the two tables, and add the columns."""
    op.add_column(
        "incidents", sa.Column("episode", sa.Integer(), nullable=False, server_default="1")
    )
    for name, kind in _NEW:
        op.add_column("incidents", sa.Column(name, kind, nullable=True))
    op.create_table(
        "silences",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("kind", sa.String(length=96), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("operator", sa.String(length=96), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("until", sa.String(length=32), nullable=False),
        sa.Column("lifted_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
    )
    op.create_table(
        "alerts",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("incident_id", sa.String(length=96), nullable=True),
        sa.Column("kind", sa.String(length=96), nullable=False),
        sa.Column("severity", sa.String(length=96), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=96), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Text(), nullable=False),
        sa.Column("told_at", sa.String(length=32), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_alerts")),
        sa.UniqueConstraint("key", name=op.f("uq_alerts_key")),
    )
    op.create_index(op.f("ix_alerts_incident_id"), "alerts", ["incident_id"], unique=False)
    op.create_index(op.f("ix_alerts_state"), "alerts", ["state"], unique=False)


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("alerts")
    op.drop_table("silences")
    for name, _ in reversed(_NEW):
        op.drop_column("incidents", name)
    op.drop_column("incidents", "episode")

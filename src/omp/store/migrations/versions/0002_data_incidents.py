"""Data sets, data incidents with what they hold, and queued re-validations.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the four tables."""
    op.create_table(
        "data_sets",
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("refreshed_at", sa.String(length=32), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("max_age_days", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_data_sets")),
    )
    op.create_table(
        "data_incidents",
        sa.Column("incident_id", sa.String(length=96), nullable=False),
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("origin", sa.String(length=96), nullable=False),
        sa.Column("digests", sa.Text(), nullable=False),
        sa.Column("symbols", sa.Text(), nullable=False),
        sa.Column("first", sa.String(length=32), nullable=True),
        sa.Column("last", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_data_incidents_incident_id")
        ),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_data_incidents")),
    )
    op.create_index(op.f("ix_data_incidents_name"), "data_incidents", ["name"], unique=False)
    op.create_table(
        "data_holds",
        sa.Column("incident_id", sa.String(length=96), nullable=False),
        sa.Column("kind", sa.String(length=96), nullable=False),
        sa.Column("subject", sa.String(length=96), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("state_before", sa.String(length=96), nullable=True),
        sa.Column("reason_before", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("marked_at", sa.String(length=32), nullable=False),
        sa.Column("released_at", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_data_holds_incident_id")
        ),
        sa.PrimaryKeyConstraint("incident_id", "kind", "subject", name=op.f("pk_data_holds")),
    )
    op.create_index(op.f("ix_data_holds_subject"), "data_holds", ["subject"], unique=False)
    op.create_table(
        "revalidations",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("candidate_id", sa.String(length=96), nullable=False),
        sa.Column("trigger", sa.String(length=96), nullable=False),
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("digest_before", sa.String(length=64), nullable=False),
        sa.Column("digest_after", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=96), nullable=False),
        sa.Column("queued_at", sa.String(length=32), nullable=False),
        sa.Column("done_at", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["hall_entries.candidate_id"],
            name=op.f("fk_revalidations_candidate_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revalidations")),
    )
    op.create_index(
        op.f("ix_revalidations_candidate_id"), "revalidations", ["candidate_id"], unique=False
    )
    op.create_index(op.f("ix_revalidations_state"), "revalidations", ["state"], unique=False)


def downgrade() -> None:
    """Drop them again, what is open in them with them."""
    for name in ("revalidations", "data_holds", "data_incidents", "data_sets"):
        op.drop_table(name)

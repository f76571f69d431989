"""Where the directory of each run lies: at hand, archived, in the trash, or gone.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KINDS = {
    "placed_at": sa.String(length=32),
    "packed_at": sa.String(length=32),
    "archive": sa.Text(),
    "held": sa.Text(),
}
_GONE = "UPDATE runs SET place = 'deleted' WHERE output_bytes = 0 AND finished_at IS NOT NULL"


def upgrade() -> None:
    """Add the columns; a run whose directory was deleted before is known by its weight of 0."""
    place = sa.Column("place", sa.String(length=96), nullable=False, server_default="here")
    op.add_column("runs", place)
    for name, kind in _KINDS.items():
        op.add_column("runs", sa.Column(name, kind))
    op.execute(sa.text(_GONE))


def downgrade() -> None:
    """Take them away."""
    for name in ("place", *_KINDS):
        op.drop_column("runs", name)

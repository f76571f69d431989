"""Alembic's scripts: one file a revision, each frozen once it was released."""

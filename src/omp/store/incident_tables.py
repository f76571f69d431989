"""Tables beside `incidents`: what is silenced, and what is told to people."""

from sqlalchemy import Column, Integer, Table, Text

from omp.store.columns import ID, TS, metadata

silences = Table(
    "silences",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", ID, nullable=False),
    Column("reason", Text, nullable=False),
    Column("operator", ID, nullable=False),
    Column("created_at", TS, nullable=False),
    Column("until", TS, nullable=False),
    Column("lifted_at", TS),
)
"""`kind` is an incident's id, or the beginning of fingerprints."""

alerts = Table(
    "alerts",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("key", ID, nullable=False, unique=True),
    Column("incident_id", ID, index=True),
    Column("kind", ID, nullable=False),
    Column("severity", ID, nullable=False),
    Column("summary", Text, nullable=False),
    Column("created_at", TS, nullable=False),
    Column("state", ID, nullable=False, index=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("reached", Text, nullable=False),
    Column("told_at", TS),
    Column("last_error", Text),
)
"""`reached` is a JSON list: digests of the addresses that confirmed it."""

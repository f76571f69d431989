"""The tables of the Hall of Fame: entries, their episodes, and the reviewers' signatures."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from omp.store.columns import HASH, ID, TS, metadata

hall_entries = Table(
    "hall_entries",
    metadata,
    Column("candidate_id", ID, primary_key=True),
    Column("environment", ID, nullable=False, index=True),
    Column("genome_hash", HASH, nullable=False),
    Column("behaviour_hash", HASH, nullable=False),
    Column("state", ID, nullable=False),
    Column("state_reason", Text),
    Column("episode", Integer, nullable=False),
    Column("run_id", ID, ForeignKey("runs.id"), nullable=False),
    Column("campaign_id", ID, nullable=False),
    Column("promoted_at", TS, nullable=False),
    Column("updated_at", TS, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("artifacts", Text, nullable=False),
    Column("row_hash", HASH, nullable=False),
    UniqueConstraint("environment", "genome_hash"),
)

hall_episodes = Table(
    "hall_episodes",
    metadata,
    Column("candidate_id", ID, ForeignKey("hall_entries.candidate_id"), nullable=False),
    Column("episode", Integer, nullable=False),
    Column("run_id", ID, nullable=False),
    Column("look_id", ID, nullable=False),
    Column("promoted_at", TS, nullable=False),
    Column("ended_at", TS),
    Column("reason", Text),
    PrimaryKeyConstraint("candidate_id", "episode"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", ID, primary_key=True),
    Column("run_id", ID, nullable=False),
    Column("candidate_id", ID, nullable=False, index=True),
    Column("role", ID, nullable=False),
    Column("decision", ID, nullable=False),
    Column("operator", ID, nullable=False),
    Column("reason", Text, nullable=False),
    Column("signed_at", TS, nullable=False),
)

"""The tables about market data: snapshots, lineages and their luck, data sets, incidents."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from omp.store.columns import HASH, ID, TS, metadata

snapshots = Table(
    "snapshots",
    metadata,
    Column("digest", HASH, primary_key=True),
    Column("name", ID, nullable=False),
    Column("environment", ID, nullable=False),
    Column("lineage", ID, nullable=False, index=True),
    Column("manifest", Text, nullable=False),
    Column("imported_at", TS, nullable=False),
    Column("removed_at", TS),
)
"""`removed_at` is when the bars of a market that its seed makes anew were let go."""

lineages = Table(
    "lineages",
    metadata,
    Column("id", ID, primary_key=True),
    Column("environment", ID, nullable=False),
    Column("venue", ID, nullable=False),
    Column("instruments", Text, nullable=False),
    Column("first", TS, nullable=False),
    Column("last", TS, nullable=False),
    Column("boundary", TS, nullable=False),
    Column("joined_into", ID),
    Column("created_at", TS, nullable=False),
    Column("opened_at", TS),
)
"""`joined_into` names the lineage this one became part of; the root's boundary is the earliest,
but one that was opened never goes back. `opened_at` is when a later window than the first was
opened: earlier looks are not of its budget. Where one with its first window was joined, it is
that one's first look, if earlier."""

data_sets = Table(
    "data_sets",
    metadata,
    Column("name", ID, primary_key=True),
    Column("refreshed_at", TS, nullable=False),
    Column("source", Text),
    Column("max_age_days", Float),
)
"""A data set's name: when it was last brought up to date, from where (JSON: kind, arguments,
options), and the limit of its age where a person has set one of its own (0: frozen history)."""

data_incidents = Table(
    "data_incidents",
    metadata,
    Column("incident_id", ID, ForeignKey("incidents.id"), primary_key=True),
    Column("name", ID, nullable=False, index=True),
    Column("origin", ID, nullable=False),
    Column("digests", Text, nullable=False),
    Column("symbols", Text, nullable=False),
    Column("first", TS),
    Column("last", TS),
)
"""What an incident calls into question: a data set, symbols (none: all) and a span (none: all).
`origin` says who found it: person, overlap."""

data_holds = Table(
    "data_holds",
    metadata,
    Column("incident_id", ID, ForeignKey("incidents.id"), nullable=False),
    Column("kind", ID, nullable=False),
    Column("subject", ID, nullable=False, index=True),
    Column("holds", Boolean, nullable=False),
    Column("state_before", ID),
    Column("reason_before", Text),
    Column("reason", Text),
    Column("marked_at", TS, nullable=False),
    Column("released_at", TS),
    PrimaryKeyConstraint("incident_id", "kind", "subject"),
)
"""What a data incident reaches: each snapshot, run and entry, marked for ever. `holds` is true of
an entry that this incident put into quarantine, and so may let out again; `state_before` and
`reason_before` are what the entry goes back to."""

revalidations = Table(
    "revalidations",
    metadata,
    Column("id", ID, primary_key=True),
    Column("candidate_id", ID, ForeignKey("hall_entries.candidate_id"), nullable=False, index=True),
    Column("trigger", ID, nullable=False),
    Column("name", ID, nullable=False),
    Column("digest_before", HASH, nullable=False),
    Column("digest_after", HASH, nullable=False),
    Column("state", ID, nullable=False, index=True),
    Column("queued_at", TS, nullable=False),
    Column("done_at", TS),
    Column("outcome", Text),
)
"""Entries to be validated again: `trigger` is new-data or changed-data; `state` queued or done.
It spends nothing of a window, and may only flag or demote."""

luck_lines = Table(
    "luck_lines",
    metadata,
    Column("run_id", ID, ForeignKey("runs.id"), nullable=False),
    Column("lineage", ID, nullable=False, index=True),
    Column("measured_at", TS, nullable=False),
    Column("copies", Integer, nullable=False),
    Column("block_bars", Integer, nullable=False),
    Column("measured_annual", Float, nullable=False),
    Column("assumed_annual", Float),
    Column("best_of_run_annual", Float),
    Column("share_as_good", Float),
    Column("trials", Integer, nullable=False),
    Column("random_rules", Integer, nullable=False),
    Column("ideas", Integer, nullable=False),
    Column("without_trades", Integer, nullable=False),
    PrimaryKeyConstraint("run_id", "measured_at"),
)
"""What a run's search found on surrogate copies of its data: luck, measured."""

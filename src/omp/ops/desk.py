"""The desk an operator works at: workspace, settings, record and clock in one hand."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from omp.config.settings import LoadedSettings, Settings
from omp.domain.errors import ResourceShort
from omp.store import journal, looks
from omp.store.database import Database
from omp.wire.workspace import Workspace


class Clock(Protocol):
    """Where time comes from; tests put their own in its place."""

    def now(self) -> datetime:
        """This instant, aware, UTC."""

    def iso(self) -> str:
        """This instant as the tables keep it."""

    def monotonic(self) -> float:
        """Seconds for intervals; never goes back."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def iso(self) -> str:
        return journal.iso(self.now())

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass
class Arrears:
    """What was committed and could not be written where else it has to stand; None while all is.

    Args:
        anchor: Why the journal's head is not kept outside the database.
        queue_file: Why the queue file does not show the queue.
    """

    anchor: ResourceShort | None = None
    queue_file: ResourceShort | None = None


@dataclass(frozen=True)
class Desk:
    """What every verb needs, and in whose name it acts.

    Args:
        operator: Who acts; stands in every record.
        role: `operator`, `risk-analyst`, `trader-expert`, `daemon`, …
        wake: Set by every verb that may give the loop work; the daemon waits on it.
        live: Set while a daemon's loop runs in this process.
        arrears: Shared by all who work at this desk; the loop makes them good.
    """

    workspace: Workspace
    settings: Settings
    loaded: LoadedSettings
    db: Database
    clock: Clock
    operator: str
    role: str
    wake: threading.Event = field(default_factory=threading.Event)
    live: threading.Event = field(default_factory=threading.Event)
    arrears: Arrears = field(default_factory=Arrears)

    def acting_as(self, operator: str, role: str) -> "Desk":
        """The same desk in another's name."""
        return replace(self, operator=operator, role=role)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction that matters: after its commit the journal's head is anchored."""
        with self.db.write() as tx:
            yield tx
        self.anchor()

    @property
    def refused(self) -> tuple[str, ...]:
        """What the disk does not take at this instant, a sentence each; known by no row."""
        found = [f"the database takes no writes: {self.db.failed}"] if self.db.failed else []
        if self.arrears.anchor is not None:
            found.append(f"the journal's head is not anchored: {self.arrears.anchor.asked}")
        if self.arrears.queue_file is not None:
            found.append(f"the queue file is behind the queue: {self.arrears.queue_file.asked}")
        return tuple(found)

    def read(self) -> Any:
        """A short reader; `with desk.read() as tx:`."""
        return self.db.read()

    def note(self, tx: Connection, kind: str, subject: str, payload: dict[str, Any]) -> int:
        """One journal record in the operator's name, in the caller's transaction."""
        return journal.append(
            tx,
            kind,
            operator=self.operator,
            subject=subject,
            payload={**payload, "role": self.role},
            now=self.clock.now(),
        )

    def anchor(self) -> ResourceShort | None:
        """Keep the journal's head outside the database, unless the journal is behind it.

        What was committed stands, whether the disk takes the anchor or not: a fault is remembered,
        the loop tells of it, and the next record, or the next tick, anchors this one as well.

        Returns:
            The fault, if there was one.
        """
        fault: ResourceShort | None = None
        try:
            with self.db.read() as tx:
                behind, last = journal.behind(tx, self.workspace), journal.head(tx)
                granted = looks.highest(tx)
            if behind is None and last.seq:
                journal.write_anchor(self.workspace, last, looks=granted)
        except ResourceShort as error:
            fault = error
        self.arrears.anchor = fault
        return fault

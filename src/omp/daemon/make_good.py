"""Makes good what the disk refused: the record itself, its anchor, the queue file.

What was committed stands. What a disk did not keep counts as not written, is tried again at every
tick, and is told once.
"""

import logging

from omp.domain.durable import LOOK_AT_DISK
from omp.domain.errors import DiskFull, DiskRefused, OmpError, ResourceShort
from omp.ops import queue
from omp.ops.desk import Desk
from omp.ops.incidents import RECORD_REFUSED, UNANCHORED, open_incident

DISK = "watchdog.disk:miner"
"""Fingerprint of the incident of a full disk."""

_log = logging.getLogger("omp.daemon")


class MakeGood:
    """What is still owed, from tick to tick."""

    def __init__(self) -> None:
        self._unanchored = False
        self.untold: OmpError | None = None

    def record(self, desk: Desk) -> bool:
        """Begin anew with a record that the disk refused; whether it takes writes again."""
        why = desk.db.failed
        if not desk.db.recover():
            _log.error("the record takes no writes: %s", why)
            return False
        told = f"{why}: nothing was written until the disk took it again and every page was read"
        open_incident(desk, RECORD_REFUSED, "SEV-1", f"{told}. What to do: {LOOK_AT_DISK}")
        return True

    def log(self, desk: Desk) -> None:
        """Bring what an earlier process left in the write-ahead log into the database file.

        Raises:
            DiskRefused: The disk does not take it.
        """
        try:
            desk.db.fold()
        except DiskRefused:
            raise
        except ResourceShort as error:  # no sign of a fault: SQLite does it later by itself
            _log.info("the write-ahead log stays as it is: %s", error.sentence)

    def tell_late(self, desk: Desk) -> None:
        """Tell of a disk that was so full that nothing could be written of it."""
        if self.untold is not None:
            told = f"mining stopped for a while: {self.untold.sentence}"
            open_incident(desk, DISK, "SEV-1", told)
            self.untold = None

    def anchor(self, desk: Desk) -> None:
        """Keep the journal's head outside the database, where it could not be kept before.

        Raises:
            DiskFull: There is no room for it.
        """
        fault = None if desk.arrears.anchor is None else desk.anchor()
        if isinstance(fault, DiskFull):
            raise fault
        if fault is not None and not self._unanchored:
            told = f"the head of the journal is not kept outside the database: {fault.sentence}"
            open_incident(desk, UNANCHORED, "SEV-1", told)
        self._unanchored = fault is not None

    def queue_file(self, desk: Desk) -> None:
        """Write the queue file, where it could not be written before.

        Raises:
            ResourceShort: It cannot be written now.
        """
        if desk.arrears.queue_file is not None:
            queue.export_file(desk)
            if (fault := desk.arrears.queue_file) is not None:
                raise fault

"""Writes a generation to the disk while the next one is bred.

What is on the disk comes in the same order as without it: the checkpoint, the line that states the
generation's result, and only then the next charge, before which everybody waits for the pen.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from omp.domain.failpoints import hit
from omp.mining.checkpoints import Checkpoints
from omp.mining.search import Step
from omp.wire.charges import settle


class Pen:
    """One thread that forces one generation at a time to the disk.

    Args:
        checkpoints: Of the run.
        charges: Its `charges.ndjson`.
        attempt: Number of this attempt.
    """

    def __init__(self, checkpoints: Checkpoints, charges: Path, attempt: int) -> None:
        self._checkpoints, self._charges, self._attempt = checkpoints, charges, attempt
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pen")
        self._writing: Future[None] | None = None
        self._tell: Callable[[], None] = _nothing

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=True)

    def begin(self, record: bytes, step: Step, distinct: int, tell: Callable[[], None]) -> None:
        """Begin to make a generation durable and to state its result.

        Args:
            record: What its checkpoint appends.
            step: The generation.
            distinct: Distinct behaviours up to it.
            tell: Called by `wait` once all of it is on the disk.
        """
        self._tell = tell
        self._writing = self._thread.submit(
            self._write, record, step.generation, len(step.behaviours), distinct
        )

    def wait(self) -> None:
        """Return once the generation that was begun is durable and told.

        Raises:
            DiskFull: If there was no room; the record before it stands.
        """
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()
            self._tell()

    def _write(self, record: bytes, generation: int, behaviours: int, distinct: int) -> None:
        self._checkpoints.write(record)
        hit("mine.checkpointed")
        settle(
            self._charges,
            attempt=self._attempt,
            generation=generation,
            behaviours=behaviours,
            distinct=distinct,
        )
        hit("mine.settled")


def _nothing() -> None:
    """Nothing is to be told."""

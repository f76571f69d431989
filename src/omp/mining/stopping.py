"""Being asked to leave: TERM or INT, a checkpoint, and out within ten seconds."""

import os
import signal
import threading
from types import FrameType

from omp.domain.errors import Interrupted
from omp.wire.lines import Lines

PATIENCE_S = 7.0
"""After this long the process leaves by itself: the last generation is on the disk already."""


class StopFlag:
    """Whether somebody has asked this process to leave.

    Args:
        lines: Where the last word goes when a generation takes longer than the patience.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._asked = threading.Event()

    def listen(self) -> None:
        """Take TERM and INT as wishes; the main thread calls this once."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def is_set(self) -> bool:
        """Whether we were asked."""
        return self._asked.is_set()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._asked.is_set():
            self._leave_now()
        self._asked.set()
        timer = threading.Timer(PATIENCE_S, self._leave_now)
        timer.daemon = True
        timer.start()

    def _leave_now(self) -> None:
        self._lines.error(
            Interrupted(
                "stopped in mid-generation; the one before it is checkpointed",
                remedy="the daemon resumes it, or: combiner factory run --resume",
            )
        )
        os._exit(Interrupted.exit_code)

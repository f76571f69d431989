"""Where a process of ours stands, told when the daemon asks before it ends it."""

import faulthandler
import sys
from contextlib import suppress

from omp.wire.lines import STACK_SIGNAL


def answer_with_stacks() -> None:
    """From now on write the stacks of all threads to standard error when the signal comes."""
    with suppress(OSError, ValueError, AttributeError):  # no real standard error: nothing to tell
        faulthandler.register(STACK_SIGNAL, file=sys.stderr, all_threads=True)

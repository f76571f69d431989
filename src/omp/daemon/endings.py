"""What the end of a child means for its run: a table of the exit codes of the protocol."""

import signal
from dataclasses import dataclass

from omp.wire.lines import Event


@dataclass(frozen=True)
class Verdict:
    """What shall become of a run whose child ended early.

    Args:
        again: It goes back to the queue and is resumed; else it has failed.
        cause: For the record.
    """

    again: bool
    cause: str


_MEANINGS: dict[int, tuple[bool, str]] = {
    0: (False, "the engine ended without a finished run directory"),
    2: (False, "bad configuration"),
    3: (False, "data not ready"),
    4: (True, "resources ran short"),
    8: (False, "the same computation gave two results"),
    130: (True, "interrupted after a checkpoint"),
}
"""Exit code -> whether the run is resumed, and what it means; any other code is a failure."""


def ended_by(code: int | None, error: Event | None, stage: str) -> Verdict:
    """Judge an end by its exit code and the child's own last complaint.

    Args:
        code: Exit code; negative for a signal, None where nobody can know it.
        error: The child's last error event.
        stage: Stage that it was at.
    """
    said = str(error.fields.get("message") or "")[:2000] if error is not None else ""
    if code is None:
        return Verdict(True, f"its process was gone (stage {stage}){_colon(said)}")
    if code < 0:
        return Verdict(True, f"its process was ended by {_signal(-code)} (stage {stage})")
    again, meaning = _MEANINGS.get(code, (False, f"the engine failed with exit code {code}"))
    return Verdict(again, f"{meaning}{_colon(said)}")


def _colon(said: str) -> str:
    return f": {said}" if said else ""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

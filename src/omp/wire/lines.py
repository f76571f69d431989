"""The line protocol between a child and the daemon: one JSON object a line, both ends.

The child writes with `Lines`; the daemon reads the kept file with `read_lines`, from where it
stopped. A line without its newline is still being written and is left for the next reading.
"""

import datetime as dt
import json
import math
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO, get_args

from omp.domain.errors import DataNotReady, Diverged, InvalidConfiguration, OmpError
from omp.wire.canonical import finite

SCHEMA_VERSION = 1
STACK_SIGNAL = signal.SIGUSR1
"""On it the built-in engine writes the stacks of its threads to standard error."""

EventName = Literal["start", "progress", "checkpoint", "stage", "divergence", "result", "error"]
EVENTS: tuple[EventName, ...] = get_args(EventName)


def utc_now() -> str:
    """This instant, ISO 8601 in UTC with milliseconds."""
    now = dt.datetime.now(dt.UTC)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Lines:
    """The child's end: writes events to a stream, each line flushed at once.

    Args:
        stream: Where lines go; standard output by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def emit(self, event: EventName, **fields: Any) -> None:
        """Write one event with its instant; NaN and infinities become null."""
        if event not in EVENTS:
            raise ValueError(f"{event!r} is not an event; there are {', '.join(EVENTS)}")
        stream = self._stream or sys.stdout
        line = json.dumps(finite({"event": event, "ts": utc_now(), **fields}))
        stream.write(line + "\n")
        stream.flush()

    def error(self, error: BaseException) -> int:
        """Write the error event of an exception and give the exit code it asks for."""
        if isinstance(error, OmpError):
            faults: tuple[object, ...] = ()
            if isinstance(error, DataNotReady | InvalidConfiguration):
                faults = error.faults
            facts = {"facts": error.facts} if isinstance(error, Diverged) else {}
            self.emit(
                "error",
                code=error.code,
                message=error.sentence,
                exit_code=error.exit_code,
                faults=[str(fault) for fault in faults],
                **facts,
            )
            return error.exit_code
        self.emit(
            "error",
            code="unexpected",
            message=f"{type(error).__name__}: {error}",
            exit_code=1,
            faults=[],
        )
        return 1


@dataclass(frozen=True)
class Event:
    """One line as the daemon reads it: the event's name, its instant and its other fields."""

    event: str
    ts: str
    fields: dict[str, Any]

    def number(self, name: str) -> float | None:
        """A field as a finite number, or None where it is absent or something else."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value) if math.isfinite(value) else None


def parse_line(line: bytes) -> Event | None:
    """The event on a line, or None where the line is no event (a stray print of an engine)."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("event"), str):
        return None
    rest = {key: value for key, value in document.items() if key not in ("event", "ts")}
    return Event(document["event"], str(document.get("ts", "")), rest)


def read_lines(
    path: Path, offset: int = 0, *, max_bytes: int = 1 << 20
) -> tuple[tuple[Event, ...], int]:
    """The events after `offset`, and the offset to read from next time.

    Args:
        path: The kept lines; an absent file has none.
        offset: Bytes already read.
        max_bytes: How much is read at once; a longer line than this is skipped.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(max_bytes)
    except FileNotFoundError:
        return (), offset
    end = data.rfind(b"\n") + 1
    if end == 0:
        return (), offset + (len(data) if len(data) >= max_bytes else 0)
    parsed = (parse_line(line) for line in data[:end].splitlines())
    return tuple(event for event in parsed if event is not None), offset + end


def last_event(path: Path, *, tail_bytes: int = 1 << 16) -> Event | None:
    """The last event that was written whole, or None."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    events, _ = read_lines(path, max(0, size - tail_bytes), max_bytes=tail_bytes)
    return events[-1] if events else None

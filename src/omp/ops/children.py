"""How a verb has a child process do its computing, without starting processes by itself."""

import json
import os
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from omp.domain.errors import (
    Damaged,
    DataNotReady,
    Diverged,
    InvalidInput,
    NotFound,
    OmpError,
    ResourceShort,
)
from omp.wire.workspace import Workspace

LAST_LINES = 40

ENGINE: tuple[str, ...] = (sys.executable, "-m", "omp.cli.combiner")
"""The mining wing's command line."""


@dataclass(frozen=True)
class ChildResult:
    """How a child ended.

    Args:
        exit_code: 0 finished, 2 bad configuration, 3 data not ready, 4 resources, 130 interrupted.
        result: Its last line, when that is a `result` or `error` event; else None.
        last_lines: The end of what it wrote, for an incident.
    """

    exit_code: int
    result: dict[str, Any] | None
    last_lines: tuple[str, ...]


class Children(Protocol):
    """Starts `combiner …` with these arguments and waits for it."""

    def run(self, args: list[str], *, log: Path) -> ChildResult:
        """Run one child to its end; its output is kept in `log`."""


class DirectChildren:
    """Runs each child as a plain subprocess, as the command line does.

    Args:
        workspace: The workspace the child works in.
        timeout_s: Longest time a child may take.
    """

    def __init__(self, workspace: Workspace, *, timeout_s: float = 1800.0) -> None:
        self._workspace = workspace
        self._timeout_s = timeout_s

    def run(self, args: list[str], *, log: Path) -> ChildResult:
        """Run one child to its end; its output is kept in `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab+") as file:
            start = file.seek(0, os.SEEK_END)
            try:
                done = subprocess.run(
                    [*ENGINE, *args],
                    check=False,  # its exit code is its answer
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env=child_environment(self._workspace),
                    timeout=self._timeout_s,
                )
                exit_code = done.returncode
            except subprocess.TimeoutExpired:
                exit_code = -9
            file.seek(start)
            return read_result(exit_code, file.read().decode("utf-8", errors="replace"))


def child_environment(workspace: Workspace) -> dict[str, str]:
    """The environment of every child of this workspace."""
    return {
        **os.environ,
        "OMP_WORKSPACE": str(workspace.root),
        "NUMBA_CACHE_DIR": str(workspace.cache / "numba"),
    }


def read_result(exit_code: int, output: str) -> ChildResult:
    """What a child's output says about its end."""
    lines: deque[str] = deque(output.splitlines(), maxlen=LAST_LINES)
    result = None
    for line in reversed(lines):
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict) and document.get("event") in ("result", "error"):
            result = document
            break
    return ChildResult(exit_code, result, tuple(lines))


_KINDS: dict[int, type[OmpError]] = {
    InvalidInput.exit_code: InvalidInput,
    DataNotReady.exit_code: DataNotReady,
    ResourceShort.exit_code: ResourceShort,
    Damaged.exit_code: Damaged,
    Diverged.exit_code: Diverged,
}


def required(ended: ChildResult, what: str, *, log: Path) -> dict[str, Any]:
    """The result of a child that finished.

    Raises:
        OmpError: It did not; carries the child's own sentence and the kind its exit code names.
    """
    if ended.exit_code == 0 and ended.result and ended.result.get("event") == "result":
        return ended.result
    said = (ended.result or {}).get("message") or " / ".join(ended.last_lines[-3:]) or "nothing"
    kind = _KINDS.get(ended.exit_code, OmpError)
    if (ended.result or {}).get("code") == NotFound.code:
        kind = NotFound
    if kind is Diverged:
        facts = (ended.result or {}).get("facts")
        raise Diverged(
            f"{what}: {said}",
            remedy=f"see {log}",
            facts=facts if isinstance(facts, dict) else None,
        )
    raise kind(f"{what} ended with exit code {ended.exit_code}: {said}", remedy=f"see {log}")

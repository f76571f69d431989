"""What every command of `omp` has: a workspace, a door to the verbs, `--json`, one clear message.

A command is a function that takes a `Face` first and returns an `Answer`; `verb` gives it the
options `--workspace` and `--json`, runs it, and prints. Data goes to stdout, all else to stderr.
"""

import functools
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from omp.cli.doors import Door, open_door
from omp.domain.errors import OmpError
from omp.wire.workspace import Workspace

VARIABLE = "OMP_WORKSPACE"

Where = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        envvar=VARIABLE,
        metavar="DIR",
        help="The workspace; by default ./workspace.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the data as JSON.")]

DEFAULT_WORKSPACE = "workspace"


@dataclass
class Answer:
    """What a command found.

    Args:
        data: Printed as it is with `--json`.
        lines: The same for a person.
        exit_code: 0, unless the answer itself is bad news (`health`, `verify`).
    """

    data: Any
    lines: Iterable[str] = ()
    exit_code: int = 0


@dataclass
class Face:
    """The workspace a command works on, and the way to its verbs."""

    workspace: Workspace
    is_json: bool = False
    _door: Door | None = field(default=None, repr=False)

    @property
    def door(self) -> Door:
        """The live daemon's HTTP interface, else `ops` under the workspace lock."""
        if self._door is None:
            self._door = open_door(self.workspace)
        return self._door

    def call(self, verb: str, **given: Any) -> Any:
        """Answer of one verb, as plain JSON values."""
        return self.door.call(verb, {key: v for key, v in given.items() if v is not None})

    def note(self, text: str) -> None:
        """One line for the person, on stderr."""
        note(text)

    def close(self) -> None:
        """Give the lock back."""
        if self._door is not None:
            self._door.close()


def note(text: str) -> None:
    """One line on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say(text: str) -> None:
    """One line on stdout."""
    sys.stdout.write(text + "\n")


def workspace_of(given: Path | None) -> Workspace:
    """The workspace that is meant: the option, OMP_WORKSPACE, or ./workspace."""
    named = given or Path(os.environ.get(VARIABLE) or DEFAULT_WORKSPACE)
    return Workspace(named.expanduser().resolve())


def as_plain(value: Any) -> Any:
    """Frozen records, paths and tuples as JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return as_plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_plain(item) for item in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)


def show(answer: Answer, *, is_json: bool) -> None:
    """Print an answer on stdout."""
    if is_json:
        say(json.dumps(as_plain(answer.data), indent=2, ensure_ascii=False))
        return
    for line in answer.lines:
        say(line)


def verb(
    app: typer.Typer, name: str | None = None, **settings: Any
) -> Callable[[Callable[..., Answer]], Callable[..., None]]:
    """Make a function `(face, …) -> Answer` a command of `app`."""

    def make(body: Callable[..., Answer]) -> Callable[..., None]:
        @functools.wraps(body)
        def run(*, workspace: Path | None = None, as_json: bool = False, **given: Any) -> None:
            face = Face(workspace_of(workspace), as_json)
            try:
                answer = body(face, **given)
                show(answer, is_json=as_json)
            finally:
                face.close()
            if answer.exit_code:
                raise typer.Exit(answer.exit_code)

        own = list(inspect.signature(body).parameters.values())[1:]
        keyword = inspect.Parameter.KEYWORD_ONLY
        added = [
            inspect.Parameter("workspace", keyword, default=None, annotation=Where),
            inspect.Parameter("as_json", keyword, default=False, annotation=Json),
        ]
        signature = inspect.Signature([*(one.replace(kind=keyword) for one in own), *added])
        hints = {one.name: one.annotation for one in (*own, *added)}
        run.__signature__ = signature  # type: ignore[attr-defined]
        run.__annotations__ = hints
        del run.__wrapped__
        app.command(name, **settings)(run)
        return run

    return make


def explain(error: OmpError) -> None:
    """One clear message on stderr; each fault of a file on its own line."""
    faults: tuple[Any, ...] = getattr(error, "faults", ())
    if len(faults) > 1:
        head = error.asked.split(": ", 1)[0] if str(faults[0]) in error.asked else error.asked
        note(f"omp: {head}:")
        for fault in faults:
            note(f"  - {fault}")
        if error.remedy:
            note(f"What to do: {error.remedy.rstrip('.')}.")
        return
    note(f"omp: {error.sentence}")

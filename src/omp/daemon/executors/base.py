"""What the loop asks of a place where children run."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from omp.daemon.process import Identity


@dataclass(frozen=True)
class Order:
    """A child to start.

    Args:
        run_id: Run it works for.
        stage: Stage of the run: prepare, mine, evidence.
        command: Program and arguments; never a shell line.
        slot: Name of the slot whose lock the child holds while it lives.
        output: File that standard output is appended to.
        errors: File that standard error is appended to.
    """

    run_id: str
    stage: str
    command: tuple[str, ...]
    slot: str
    output: Path
    errors: Path
    environment: dict[str, str] = field(default_factory=dict)


class Child(Protocol):
    """A child that was started or adopted."""

    @property
    def identity(self) -> Identity: ...

    def exit_code(self) -> int | None:
        """The exit code once it has ended; None while it lives, or where nobody can know it."""

    def alive(self) -> bool:
        """Whether it still runs."""


class Executor(Protocol):
    """Starts children, finds them again, ends them."""

    def launch(self, order: Order) -> Child:
        """Start a child.

        Raises:
            ResourceShort: If its slot is still held by a living child.
            NotFound: If the program is not there.
        """

    def adopt(self, identity: Identity) -> Child | None:
        """The same child after a restart of the daemon; None when it has gone."""

    def slot_of(self, child: Child) -> str | None:
        """The slot whose lock a child holds; None where it holds none."""

    def ask_to_leave(self, child: Child) -> None:
        """Ask for a checkpoint and an end."""

    def contained(self) -> frozenset[str]:
        """Runs of this workspace whose processes the kernel holds together for us."""

    def over_memory(self, run_id: str) -> bool:
        """Whether the kernel ended a process of the run for its limit of memory."""

    def kill(self, run_id: str, child: Child | None = None) -> bool:
        """End the whole tree of a run at once; True when nothing of it is left."""

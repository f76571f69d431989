"""Everything that can go wrong, as one tree.

    OmpError
    ├── InvalidInput            what was given cannot be used (422, exit 2)
    │   ├── InvalidConfiguration    a TOML or queue file; carries every fault with its path
    │   └── UnsafePath              a path that leaves the workspace
    ├── NotFound                no such thing (404, exit 2)
    ├── IllegalMove             the state machine has no such arrow (409, exit 5)
    ├── Conflict                it clashes with what stands already (409, exit 5)
    ├── PreconditionFailed      If-Match named another version (412, exit 5)
    ├── Refused                 a rule of governance says no (409, exit 6)
    │   ├── LookRefused             no grant, a stale grant, a window that is spent or frozen
    │   ├── PromotionRefused        a gate did not pass, or provenance is incomplete
    │   └── Frozen                  promotions are frozen by an open SEV-0 or SEV-1
    ├── DataNotReady            data is not proven fit for mining (422, exit 3)
    │   └── DataHeld                an open data incident, or its age, keeps it from being mined
    ├── ResourceShort           memory, disk, a port, a lock is not to be had (503, exit 4)
    │   ├── WorkspaceBusy           another daemon owns the workspace
    │   ├── PortTaken               another program listens there
    │   ├── DiskFull                the disk has no room for what must be durable
    │   └── DiskRefused             the disk did not take, or did not keep, what must be durable
    ├── Damaged                 a file or row does not match its hash (500, exit 7)
    │   └── NewerFormat             written by a newer version than this one
    ├── Diverged                a computation done twice gave two results (500, exit 8)
    └── Interrupted             stopped after a checkpoint (exit 130)

Each message says what was asked, what is allowed and what to do, in three short fields, so that
the terminal, the API and the journal can show the same sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass


class OmpError(Exception):
    """A refusal that a person can act on.

    Args:
        asked: What was asked for or found, with the offending value.
        allowed: What would have been accepted.
        remedy: The next step for the person reading this.
    """

    code = "error"
    http_status = 500
    exit_code = 1

    def __init__(self, asked: str, *, allowed: str = "", remedy: str = "") -> None:
        self.asked = asked
        self.allowed = allowed
        self.remedy = remedy
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """The whole message in one line."""
        parts = [self.asked.rstrip(".")]
        if self.allowed:
            parts.append(f"Allowed: {self.allowed.rstrip('.')}")
        if self.remedy:
            parts.append(f"What to do: {self.remedy.rstrip('.')}")
        return ". ".join(parts) + "."


class InvalidInput(OmpError):
    code = "invalid_input"
    http_status = 422
    exit_code = 2


@dataclass(frozen=True)
class Fault:
    """One fault in a file: where it is, what is wrong, what would be right."""

    path: str
    problem: str
    allowed: str = ""

    def __str__(self) -> str:
        allowed = f" (allowed: {self.allowed})" if self.allowed else ""
        return f"{self.path}: {self.problem}{allowed}"


class InvalidConfiguration(InvalidInput):
    """A configuration or queue file with every fault it has."""

    code = "invalid_configuration"

    def __init__(self, asked: str, *, faults: tuple[Fault, ...] = (), remedy: str = "") -> None:
        self.faults = faults
        listed = "; ".join(str(fault) for fault in faults)
        super().__init__(f"{asked}: {listed}" if listed else asked, remedy=remedy)


class UnsafePath(InvalidInput):
    code = "unsafe_path"


class NotFound(OmpError):
    code = "not_found"
    http_status = 404
    exit_code = 2


class IllegalMove(OmpError):
    code = "illegal_move"
    http_status = 409
    exit_code = 5


class Conflict(OmpError):
    code = "conflict"
    http_status = 409
    exit_code = 5


class PreconditionFailed(OmpError):
    code = "precondition_failed"
    http_status = 412
    exit_code = 5


class Refused(OmpError):
    code = "refused"
    http_status = 409
    exit_code = 6


class LookRefused(Refused):
    code = "look_refused"


class PromotionRefused(Refused):
    code = "promotion_refused"


class Frozen(Refused):
    code = "frozen"


class DataNotReady(OmpError):
    """Data not proven fit for mining; `faults` names each rule, symbol and time."""

    code = "data_not_ready"
    http_status = 422
    exit_code = 3

    def __init__(
        self, asked: str, *, allowed: str = "", remedy: str = "", faults: tuple[str, ...] = ()
    ) -> None:
        self.faults = faults
        super().__init__(asked, allowed=allowed, remedy=remedy)


class DataHeld(DataNotReady):
    """Data that were fit and wait for a person: in question, or older than their limit."""

    code = "data_held"


class ResourceShort(OmpError):
    code = "resource_short"
    http_status = 503
    exit_code = 4


class WorkspaceBusy(ResourceShort):
    code = "workspace_busy"


class PortTaken(ResourceShort):
    code = "port_taken"


class DiskFull(ResourceShort):
    code = "disk_full"


class DiskRefused(ResourceShort):
    code = "disk_refused"


class Damaged(OmpError):
    code = "damaged"
    http_status = 500
    exit_code = 7


class NewerFormat(Damaged):
    code = "newer_format"


class Diverged(OmpError):
    """The same computation gave two results; `facts` names the genome, the field, both digests."""

    code = "diverged"
    http_status = 500
    exit_code = 8

    def __init__(
        self,
        asked: str,
        *,
        allowed: str = "",
        remedy: str = "",
        facts: Mapping[str, object] | None = None,
    ) -> None:
        self.facts = dict(facts or {})
        super().__init__(asked, allowed=allowed, remedy=remedy)


class Interrupted(OmpError):
    code = "interrupted"
    http_status = 503
    exit_code = 130

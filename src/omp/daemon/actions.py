"""What the watchdog decided, done: each action journalled, the grave ones with an incident."""

from collections.abc import Callable

from omp.daemon.supervisor import Supervisor
from omp.daemon.watchdog import Action
from omp.domain.errors import IllegalMove
from omp.ops import miner, queue
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.ops.runs import last_lines
from omp.store import runs as rows
from omp.wire.rundir import RunDirectory

OPERATOR, ROLE = "watchdog", "daemon"
LAST_LINES = 20
MEMORY_GRACE_S = 2.0

SEVERITY = {
    "offline": "SEV-1",
    "pause": "SEV-1",
    "quarantine": "SEV-2",
    "kill": "SEV-2",
    "warn": "SEV-2",
}
"""Actions that open an incident, and how grave it is; the others are only journalled."""


class Hands:
    """Does what the watchdog decided.

    Args:
        desk: The workspace; actions stand under the watchdog's own name.
        supervisor: The slots.
        clean: Frees disk space by the retention policy.
    """

    def __init__(self, desk: Desk, supervisor: Supervisor, clean: Callable[[Desk], None]) -> None:
        self._desk = desk.acting_as(OPERATOR, ROLE)
        self._supervisor = supervisor
        self._clean = clean
        self._verbs: dict[str, Callable[[Action], None]] = {
            "kill": self._kill,
            "offline": lambda action: self._want("stop", action),
            "pause": lambda action: self._want("pause", action),
            "quarantine": self._quarantine,
            "clean": lambda _action: self._clean(self._desk),
        }

    def do(self, action: Action) -> None:
        """Journal an action, open its incident, and do it."""
        fingerprint = f"watchdog.{action.cause}:{self._about(action)}"
        details = self._details(action) if action.kind in SEVERITY else {}
        with self._desk.write() as tx:
            self._desk.note(
                tx,
                "watchdog.action",
                action.subject,
                {"action": action.kind, "cause": action.cause, "summary": action.sentence},
            )
            if action.kind in SEVERITY:
                open_incident(
                    self._desk,
                    fingerprint[:96],
                    SEVERITY[action.kind],
                    action.sentence,
                    details=details,
                    tx=tx,
                )
        verb = self._verbs.get(action.kind)
        if verb is not None:
            verb(action)

    def _about(self, action: Action) -> str:
        """What the incident is about: of a run its campaign, so that one illness is one episode."""
        if action.kind != "kill":
            return action.subject
        with self._desk.read() as tx:
            return rows.get(tx, action.subject).campaign_id

    def _details(self, action: Action) -> dict[str, object]:
        details: dict[str, object] = {"symptoms": [action.sentence]}
        if action.kind == "kill":
            folder = RunDirectory(self._desk.workspace.run(action.subject))
            details["runs"] = [action.subject]
            details["campaigns"] = [self._about(action)]
            details |= self._supervisor.autopsy(action.subject)
            details["last_lines"] = [
                *last_lines(folder.events, LAST_LINES)[0],
                *last_lines(folder.stderr, LAST_LINES)[0],
            ]
        elif action.kind == "quarantine":
            details["campaigns"] = [action.subject]
        return details

    def _kill(self, action: Action) -> None:
        grace_s = MEMORY_GRACE_S if action.cause == "memory" else None
        cause = f"{action.cause}: {action.sentence}"
        self._supervisor.end(action.subject, cause, blameless=False, grace_s=grace_s)

    def _want(self, verb: str, action: Action) -> None:
        try:
            miner.want(self._desk, verb, reason=action.sentence)
        except IllegalMove:
            return  # a person was faster

    def _quarantine(self, action: Action) -> None:
        try:
            queue.quarantine(self._desk, action.subject, reason=action.sentence)
        except IllegalMove:
            return  # a person was faster

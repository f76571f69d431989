"""A test message to every address, sent at once; it spends nothing of the budget."""

from dataclasses import dataclass
from typing import Any

from omp.domain.errors import InvalidInput
from omp.ops.alert_round import Sender
from omp.ops.alert_targets import send, targets
from omp.ops.desk import Desk

BODY = "This is a test: alerts of this workspace arrive here."


@dataclass(frozen=True)
class Trial:
    """One address and what came of the test."""

    target: str
    ok: bool
    error: str | None


def send_trial(desk: Desk, *, sender: Sender = send) -> dict[str, Any]:
    """Send a test to every address.

    Raises:
        InvalidInput: There is no address.
    """
    wanted = targets(desk)
    if not wanted:
        raise InvalidInput(
            "there is nobody to tell: [alerts] names no address",
            allowed=f"addresses of apprise in the environment variable "
            f"{desk.settings.alerts.urls_env} of the daemon, or in [alerts] urls",
            remedy="set one, start the daemon anew, then: omp alerts test",
        )
    body = f"{BODY}\nworkspace {desk.workspace.root}"
    found = []
    for target in wanted:
        why = sender(target, "OMP: a test", body, "note")
        found.append(Trial(target.name, why is None, why))
    with desk.write() as tx:
        for one in found:
            if one.ok:
                desk.note(tx, "alert.sent", one.target, {"number": 1, "test": True})
            else:
                desk.note(tx, "alert.failed", one.target, {"why": one.error, "test": True})
    return {"ok": all(one.ok for one in found), "items": [vars(one) for one in found]}

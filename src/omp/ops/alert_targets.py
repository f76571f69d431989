"""The addresses people are told at, and one message to one of them, through apprise.

Apprise knows some hundred services. It is imported when there is an address, never before.
"""

import os
from dataclasses import dataclass
from typing import Any

import blake3

from omp.config.settings import Alerts
from omp.domain.errors import InvalidInput
from omp.ops.desk import Desk

CONNECT_S, READ_S = 5, 10
MARKS = {"begins": "warning", "grave": "failure", "ends": "success", "note": "info"}


@dataclass(frozen=True)
class Target:
    """One address. `name` names it without showing what is secret in it."""

    url: str

    @property
    def digest(self) -> str:
        """Names it in the record, without its password."""
        return blake3.blake3(self.url.encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        return f"{self.url.partition('://')[0][:20]}://… ({self.digest[:6]})"


def targets(desk: Desk) -> tuple[Target, ...]:
    """Every address people are told at."""
    return targets_of(desk.settings.alerts)


def targets_of(asked: Alerts) -> tuple[Target, ...]:
    """Every address of `[alerts]`: of the environment variable, and of the file."""
    from_environment = os.environ.get(asked.urls_env, "").split()
    return tuple(Target(url) for url in dict.fromkeys((*from_environment, *asked.urls)))


def send(target: Target, title: str, body: str, mark: str) -> str | None:
    """Send one message; why it could not be sent, or None.

    Args:
        mark: One of `MARKS`; services that can show it in colour.
    """
    import apprise

    try:
        service = _service(target)
    except InvalidInput as error:
        return error.sentence
    log: Any = apprise.LogCapture
    with log(level=apprise.logging.WARNING) as said:
        try:
            told = service.notify(body=body, title=title, notify_type=MARKS[mark])
        except Exception as error:  # noqa: BLE001 - plugins of a hundred services, each its own way
            return _without_secrets(target, f"{type(error).__name__}: {error}")
        text = said.getvalue() if hasattr(said, "getvalue") else ""
    if told:
        return None
    last = [line.strip() for line in text.splitlines() if line.strip()]
    return _without_secrets(target, last[-1] if last else "the service did not take it")


def faults_of(found: tuple[Target, ...]) -> tuple[str, ...]:
    """What is wrong with the addresses; empty when apprise knows each."""
    faults = []
    for target in found:
        try:
            _service(target)
        except InvalidInput as error:
            faults.append(error.asked)
    return tuple(faults)


def _service(target: Target) -> Any:
    import apprise

    mark = "&" if "?" in target.url else "?"
    asset = apprise.AppriseAsset(app_id="OMP", app_desc="OMP", app_url="", async_mode=False)
    whole = f"{target.url}{mark}cto={CONNECT_S}&rto={READ_S}"
    service = apprise.Apprise.instantiate(whole, asset=asset)
    if service is None:
        raise InvalidInput(
            f"apprise knows no service at {target.name}",
            allowed="an address as in the documentation of apprise, such as ntfy://topic",
            remedy="correct [alerts] urls or its environment variable, then: omp alerts test",
        )
    return service


def _without_secrets(target: Target, text: str) -> str:
    rest = target.url.partition("://")[2]
    for secret in sorted({one for one in _parts(rest) if len(one) > 3}, key=len, reverse=True):
        text = text.replace(secret, "…")
    return text[:500]


def _parts(rest: str) -> list[str]:
    for mark in "@/?&=:":
        rest = rest.replace(mark, " ")
    return rest.split()

"""Why nothing is promoted now: an open SEV-0, or new code before a SEV-0 or SEV-1 is explained.

Code is known by its content. An incident keeps the code that was at work when it was opened; while
nobody has written down its cause and its prevention, other code promotes nothing, so that no hasty
repair decides what enters the Hall of Fame.
"""

import tomllib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from omp.config.code_identity import code_digest, code_on_disk
from omp.config.fingerprint import engine_version, git_sha
from omp.domain.errors import NotFound
from omp.domain.incident import FREEZING, HELD_FROM_NEW_CODE
from omp.store import campaigns
from omp.store import incidents as rows
from omp.store.incidents import OPEN, Incident
from omp.store.runs import Run


@dataclass(frozen=True)
class Freeze:
    """What freezes promotions, and why in a sentence."""

    incidents: tuple[Incident, ...]
    sentence: str


def code_now() -> dict[str, Any]:
    """The columns of an incident that say which code is at work."""
    return {
        "git_sha": git_sha(),
        "engine_version": engine_version(),
        "code_digest": code_digest(),
    }


def freezing(tx: Connection, run: Run | None = None) -> Freeze | None:
    """What freezes promotions; None while they are allowed.

    Args:
        run: The run that is to be promoted; it must not have been mined by new code either.
    """
    serious = rows.find(tx, states=OPEN, severities=HELD_FROM_NEW_CODE, limit=10_000)
    gravest = tuple(one for one in serious if one.severity in FREEZING)
    if gravest:
        return Freeze(gravest, f"promotions are frozen by {_named(gravest)}")
    if not serious:
        return None
    known = {code_digest(), code_on_disk()}
    newer = tuple(one for one in serious if known != {one.code_digest})
    if newer:
        said = (
            f"promotions are frozen by {_named(newer)}: this code is not the code that was at "
            "work when it was opened, and its cause and prevention are not written"
        )
        return Freeze(newer, said)
    newer = tuple(one for one in serious if run is not None and _mined_by_newer(tx, run, one))
    if newer and run is not None:
        said = (
            f"promotions are frozen by {_named(newer)}: run {run.id} was mined by other code "
            f"({run.git_sha}) after it was opened, and its cause and prevention are not written"
        )
        return Freeze(newer, said)
    return None


def _named(found: tuple[Incident, ...]) -> str:
    return ", ".join(f"{one.id} ({one.severity})" for one in found)


def _mined_by_newer(tx: Connection, run: Run, incident: Incident) -> bool:
    """Whether the built-in engine of another commit mined a run after the incident was opened."""
    if run.git_sha is None or (run.finished_at or "") <= incident.detected_at:
        return False
    return run.git_sha != incident.git_sha and not _own_engine(tx, run)


def _own_engine(tx: Connection, run: Run) -> bool:
    """Whether the campaign brings an engine of its own, whose commits are not ours."""
    try:
        campaign = tomllib.loads(campaigns.config(tx, run.config_hash).text)
    except (NotFound, tomllib.TOMLDecodeError):
        return False
    return bool(campaign.get("engine", {}).get("command"))

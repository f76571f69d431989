"""Data sets as people look at them: fit or not and why, how old, from where, who used them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from omp.domain.errors import NotFound
from omp.domain.ids import check_id
from omp.ops import data_age, data_holds, data_incidents
from omp.ops.data_age import Age
from omp.ops.data_incidents import DataIncident
from omp.ops.desk import Desk
from omp.store import data_sets as rows
from omp.store import hall, runs, snapshots
from omp.store.data_sets import DataSet, Revalidation
from omp.store.snapshots import Snapshot

SHOWN_RUNS = 200


@dataclass(frozen=True)
class DataSetView:
    """What a data set's name means now.

    Args:
        current: Digest of the snapshot that campaigns mine.
        status: `ready`, or `NOT READY`.
        reasons: Why it is not ready; each says what to do. Empty when it is.
        last_bar_age_days: Since its last bar, for information.
        source: How it was imported, for `omp data update`; None: not known.
    """

    name: str
    environment: str
    venue: str
    timeframe: str
    symbols: list[str]
    first: str
    last: str
    boundary: str
    current: str
    lineage: str
    status: str
    reasons: tuple[str, ...]
    faults: int
    age_days: float
    max_age_days: float | None
    last_bar_age_days: float
    refreshed_at: str
    is_stale: bool
    snapshots: int
    incidents: tuple[str, ...]
    source: dict[str, Any] | None


@dataclass(frozen=True)
class Step:
    """One snapshot in the descent of a data set."""

    digest: str
    imported_at: str
    first: str
    last: str
    parents: tuple[str, ...]
    changed_bars: int | None
    added_bars: int | None
    is_current: bool
    held_by: tuple[str, ...]


@dataclass(frozen=True)
class Use:
    """A run that used one of the snapshots; `marked_by` are incidents, open or closed."""

    run_id: str
    campaign_id: str
    state: str
    outcome: str | None
    data_digest: str
    queued_at: str
    marked_by: tuple[str, ...]


@dataclass(frozen=True)
class DataSetPage:
    """A data set with its descent, its incidents, and who used it; `made` tells how it was."""

    view: DataSetView
    descent: tuple[Step, ...]
    incidents: tuple[DataIncident, ...]
    runs: tuple[Use, ...]
    entries: tuple[str, ...]
    revalidations: tuple[Revalidation, ...]
    made: dict[str, Any]


def listed(desk: Desk, *, environment: str | None = None) -> tuple[DataSetView, ...]:
    """Every data set, in the order of their names; fresh synthetic markets of runs are none."""
    with desk.read() as tx:
        kept, known = rows.listed(tx), snapshots.listed(tx, environment=environment)
        named: dict[str, list[Snapshot]] = {}
        for one in known:
            named.setdefault(one.name, []).append(one)
        return tuple(
            _view(desk, tx, name, found, kept.get(name)) for name, found in sorted(named.items())
        )


def show(desk: Desk, name: str) -> DataSetPage:
    """One data set, by its name or by the digest of one of its snapshots.

    Raises:
        NotFound: There is none.
    """
    check_id(name, "data set")
    with desk.read() as tx:
        known = snapshots.listed(tx)
        name = next((one.name for one in known if one.digest == name), name)
        own = [one for one in known if one.name == name]
        if not own and (gone := snapshots.removed(tx, [name])):
            raise NotFound(
                f"the bars of {gone[0].name} ({name[:12]}) were let go on {gone[0].removed_at}: "
                "its seed makes them anew",
                allowed="the newest made markets ([retention] keep_made_markets)",
                remedy="queue a campaign of the same source with that seed",
            )
        if not own:
            raise NotFound(
                f"there is no data set {name!r}",
                allowed=", ".join(sorted({one.name for one in known})) or "none yet",
                remedy="omp data list names them",
            )
        view = _view(desk, tx, name, own, rows.find(tx, name))
        family = data_holds.kin(known, [one.digest for one in own])
        descent = sorted(family.values(), key=lambda one: (one.imported_at, one.digest))
        used = runs.of_data(tx, family, limit=SHOWN_RUNS)
        entries = tuple(
            one.candidate_id
            for one in hall.listed(tx)
            if one.provenance.get("data_digest") in family
        )
        return DataSetPage(
            view,
            tuple(_step(tx, one, view.current) for one in descent),
            data_incidents.of_digests(tx, name, family),
            tuple(
                Use(
                    one.id,
                    one.campaign_id,
                    one.state,
                    one.outcome,
                    str(one.data_digest),
                    one.queued_at,
                    data_holds.marks(tx, data_holds.RUN, one.id),
                )
                for one in used
            ),
            entries,
            rows.revalidations_listed(tx, name=name),
            _made(next(one for one in own if one.digest == view.current)),
        )


def revalidations(
    desk: Desk, *, state: str | None = None, candidate_id: str | None = None
) -> tuple[Revalidation, ...]:
    """Re-validations that new data have queued, the newest first."""
    with desk.read() as tx:
        return rows.revalidations_listed(tx, state=state, candidate_id=candidate_id)


def certificate_of(desk: Desk, digest: str) -> dict[str, Any]:
    """The certificate of a snapshot; one that cannot be read is no certificate."""
    return _note(desk, digest, "readiness.json") or {"ready": None, "faults": []}


def calendar_of(desk: Desk, digest: str) -> dict[str, Any] | None:
    """Sessions with and without bars, month by month; None of a snapshot without the count."""
    return _note(desk, digest, "calendar.json")


def _note(desk: Desk, digest: str, file: str) -> dict[str, Any] | None:
    try:
        found = json.loads((desk.workspace.snapshots / digest / file).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _made(one: Snapshot) -> dict[str, Any]:
    """What the manifest says of how a snapshot was made: from which parents, changed how."""
    keys = ("parents", "repairs", "universe", "cash", "prices", "left_out", "features")
    return {key: one.manifest[key] for key in keys if one.manifest.get(key)}


def _view(
    desk: Desk, tx: Connection, name: str, own: Iterable[Snapshot], kept: DataSet | None
) -> DataSetView:
    by_digest = {one.digest: one for one in own}
    current = by_digest.get(_pointed(desk, name)) or next(iter(by_digest.values()))
    certificate = certificate_of(desk, current.digest)
    age = data_age.age_of(desk, current, kept)
    held = data_holds.holding(tx, current.digest)
    reasons = _reasons(name, certificate, age, held)
    manifest = current.manifest
    return DataSetView(
        name=name,
        environment=current.environment,
        venue=str(manifest["venue"]),
        timeframe=str(manifest.get("timeframe", "1d")),
        symbols=current.instruments,
        first=str(manifest["first"]),
        last=str(manifest["last"]),
        boundary=current.boundary,
        current=current.digest,
        lineage=current.lineage,
        status="NOT READY" if reasons else "ready",
        reasons=reasons,
        faults=len(certificate.get("faults") or ()),
        age_days=round(age.days, 3),
        max_age_days=age.max_days,
        last_bar_age_days=round(age.since_last_bar_days, 3),
        refreshed_at=age.refreshed_at,
        is_stale=age.is_stale,
        snapshots=len(by_digest),
        incidents=held,
        source=None if kept is None else kept.source,
    )


def _reasons(
    name: str, certificate: dict[str, Any], age: Age, held: tuple[str, ...]
) -> tuple[str, ...]:
    reasons = []
    if certificate.get("ready") is not True:
        reasons.append(f"its certificate is no plain yes: omp data check {name}")
    if held:
        reasons.append(
            f"in question: {', '.join(held)}: omp data resolve {held[0]} --cause '…' "
            "--prevention '…'"
        )
    if age.is_stale:
        reasons.append(
            f"last updated {age.days:.0f} days ago, the limit is {age.max_days:g}: "
            f"omp data update {name}"
        )
    return tuple(reasons)


def _pointed(desk: Desk, name: str) -> str:
    try:
        pointer = json.loads((desk.workspace.data_sets / f"{name}.json").read_bytes())
        return str(pointer["current"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _step(tx: Connection, one: Snapshot, current: str) -> Step:
    changes = one.manifest.get("changes") or {}
    return Step(
        digest=one.digest,
        imported_at=one.imported_at,
        first=str(one.manifest["first"]),
        last=str(one.manifest["last"]),
        parents=data_holds.parents_of(one),
        changed_bars=changes.get("changed_bars"),
        added_bars=changes.get("added_bars"),
        is_current=one.digest == current,
        held_by=data_holds.holding(tx, one.digest),
    )

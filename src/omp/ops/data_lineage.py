"""Lineages of data: which snapshots share trials, seeds, looks and one boundary."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from omp.domain.boundary import standing
from omp.domain.durable import write_durable
from omp.ops.desk import Desk
from omp.store import looks as look_rows
from omp.store import snapshots as rows
from omp.store.snapshots import Lineage
from omp.wire.canonical import canonical
from omp.wire.same_bars import shared_lineages


def join(tx: Connection, manifest: dict[str, Any], now: str) -> Lineage:
    """The lineage of a new snapshot: its own, or all those it meets made one.

    Data of one environment and venue that share an instrument and overlap in dates belong
    together, and so do data that have the same bars under another name, as the import has found
    and the manifest says; what they grew to may meet further ones. The earliest boundary holds
    for all, but one that an opened window moved forward never goes back: data cut before it are
    registered, and either cut anew or refused at the look.
    """
    grown = Lineage(
        id=str(manifest.get("lineage") or f"lin_{manifest['digest'][:20]}"),
        environment=manifest["environment"],
        venue=manifest["venue"],
        instruments=sorted(manifest["symbols"]),
        first=manifest["first"],
        last=manifest["last"],
        boundary=manifest["boundary"],
        joined_into=None,
        created_at=now,
    )
    shared = {grown.id, *shared_lineages(manifest)}
    known = rows.all_lineages(tx, environment=grown.environment)
    roots = [one for one in known if one.joined_into is None]
    met = [one for one in roots if not shared.isdisjoint(rows.members(tx, one.id))]
    grown = _union(tx, grown, met) if met else grown
    while True:
        fresh = [one for one in roots if one not in met and _meets(one, grown)]
        if not fresh:
            break
        met += fresh
        grown = _union(tx, grown, met)
    if not met:
        return rows.add_lineage(tx, grown)
    head = min(met, key=lambda one: one.id)
    rows.change_lineage(
        tx,
        head.id,
        instruments=grown.instruments,
        first=grown.first,
        last=grown.last,
        boundary=grown.boundary,
        opened_at=grown.opened_at,
    )
    for one in met:
        if one.id != head.id:
            rows.change_lineage(tx, one.id, joined_into=head.id)
    return rows.root(tx, head.id)


def _meets(one: Lineage, other: Lineage) -> bool:
    return (
        one.environment == other.environment
        and one.venue == other.venue
        and not set(one.instruments).isdisjoint(other.instruments)
        and instant(one.first) <= instant(other.last, end=True)
        and instant(other.first) <= instant(one.last, end=True)
    )


def _union(tx: Connection, grown: Lineage, met: list[Lineage]) -> Lineage:
    all_of_them = [grown, *met]
    sealed_from = standing(
        [(instant(one.boundary), one.opened_at is not None) for one in all_of_them]
    )
    return Lineage(
        id=grown.id,
        environment=grown.environment,
        venue=grown.venue,
        instruments=sorted({name for one in all_of_them for name in one.instruments}),
        first=min((one.first for one in all_of_them), key=instant),
        last=max((one.last for one in all_of_them), key=lambda text: instant(text, end=True)),
        boundary=next(one.boundary for one in all_of_them if instant(one.boundary) == sealed_from),
        joined_into=None,
        created_at=grown.created_at,
        opened_at=_counts_since(tx, met),
    )


def _counts_since(tx: Connection, met: list[Lineage]) -> str | None:
    """Since when looks count against the joined window; None where none was ever opened.

    Every look that may have seen a bar of the joined window counts: those since the earliest
    opening, and all of a lineage whose window is still its first. What came before an opening
    saw only bars before that boundary, and the latest opened boundary holds.
    """
    opened = [one.opened_at for one in met if one.opened_at is not None]
    if not opened:
        return None
    first = [
        look.granted_at
        for one in met
        if one.opened_at is None
        for look in look_rows.of_lineages(tx, rows.members(tx, one.id))
    ]
    return min([*opened, *first], key=instant)


def instant(text: str, *, end: bool = False) -> datetime:
    """ISO text as an instant; a bare date is its first moment, or its last with `end`."""
    moment = datetime.fromisoformat(text)
    if end and len(text) == len("2000-01-01"):
        moment = datetime.combine(moment.date(), time.min) + timedelta(days=1, microseconds=-1)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def write_lineages(desk: Desk, tx: Connection) -> None:
    """Write `data/lineages.json`, by which every import finds the boundary that holds."""
    listed = []
    for one in rows.standing_lineages(tx):
        root = rows.root(tx, one.id) if one.joined_into else one
        listed.append(
            {
                "lineage": one.id,
                "environment": one.environment,
                "venue": one.venue,
                "instruments": one.instruments,
                "first": one.first,
                "last": one.last,
                "boundary": root.boundary,
                "opened_at": root.opened_at,
            }
        )
    document = canonical({"schema_version": 1, "lineages": listed})
    path = desk.workspace.lineages_file
    if not path.exists() or path.read_bytes() != document:
        write_durable(path, document)


def export_lineages(desk: Desk) -> None:
    """The same, on its own."""
    with desk.read() as tx:
        write_lineages(desk, tx)

"""Markets that a seed makes anew: canaries and planted edges leave no bars behind for ever.

Every run of a `synthetic:` source mines a market of its own. Its seed makes the same bars again,
so once the run is judged they need not be kept: the newest `[retention] keep_made_markets` stay,
and each whose run is live, waits for a verdict, was promoted, or stands in an open incident.
Ledger, looks, journal and the snapshot's manifest (in the record) are never touched.
"""

import json

from sqlalchemy import Connection

from omp.config.campaign_file import parse_campaign
from omp.domain.errors import OmpError
from omp.ops import data_holds, incidents
from omp.ops.data_lineage import export_lineages
from omp.ops.data_sources import SYNTHETIC
from omp.ops.desk import Desk
from omp.store import campaigns, hall, snapshots
from omp.store import incidents as incident_rows
from omp.store import runs as run_rows
from omp.store.runs import Run
from omp.store.shredder import shred, shred_file
from omp.store.snapshots import Snapshot

AT_ONCE = 20
ENVIRONMENT = "synthetic"
UNDECIDED = ("pending", "waiting", "promoted")


def remove(desk: Desk) -> int:
    """Let the bars of old made markets go, a few at a time; gives how many went."""
    _finish(desk)
    keep = desk.settings.retention.keep_made_markets
    with desk.read() as tx:
        if len(snapshots.listed(tx, environment=ENVIRONMENT)) <= keep:
            return 0
    with desk.write() as tx:
        standing = snapshots.listed(tx, environment=ENVIRONMENT)[keep:]
        needed = _needed(tx)
        going = [one for one in reversed(standing) if _may_go(desk, tx, one, needed)][:AT_ONCE]
        for one in going:
            snapshots.remove(tx, one.digest, at=desk.clock.iso())
            desk.note(tx, "market.removed", one.digest, {"name": one.name, "kept": keep})
    if going:
        _finish(desk)
        export_lineages(desk)
    return len(going)


_Needed = tuple[frozenset[int], frozenset[str]]


def _needed(tx: Connection) -> _Needed:
    """Seeds of live runs on made markets, and runs that an entry or an open incident names.

    A run that has just made its market is not bound to it yet, and another campaign of the same
    source may make the same one: its seed alone tells.
    """
    live = frozenset(one.seed for one in run_rows.live(tx) if one.environment == ENVIRONMENT)
    suspect = {
        str(run)
        for incident in incident_rows.find(tx, states=incident_rows.OPEN, limit=100_000)
        for run in incident.details.get("runs", [])
    }
    return live, hall.promoted_runs(tx) | suspect


def _may_go(desk: Desk, tx: Connection, one: Snapshot, needed: _Needed) -> bool:
    """Whether its seed makes it anew and nobody needs its bars any more."""
    live, named = needed
    users = run_rows.of_data(tx, [one.digest])
    return (
        bool(users)
        and all(_is_done(run) and run.id not in named for run in users)
        and not any(run.seed in live for run in users)
        and all(_is_made(tx, run) for run in users)
        and not data_holds.holding(tx, one.digest)
        and _only_meaning(desk, one)
    )


def _is_done(run: Run) -> bool:
    return run.terminal and run.outcome not in UNDECIDED


def _is_made(tx: Connection, run: Run) -> bool:
    text = campaigns.config(tx, run.config_hash).text
    return parse_campaign(text, name=run.config_hash).data.source.startswith(SYNTHETIC)


def _only_meaning(desk: Desk, one: Snapshot) -> bool:
    """Whether its data set's name has never meant anything else: then no person uses the name."""
    pointer = desk.workspace.data_sets / f"{one.name}.json"
    if not pointer.is_file():
        return True
    try:
        said = json.loads(pointer.read_bytes())
        return {str(said["current"]), *map(str, said["history"])} == {one.digest}
    except (ValueError, KeyError, TypeError):
        return False  # the scrub tells of damaged pointers


def _finish(desk: Desk) -> None:
    """Delete what the record says is gone; a crash between the two is made good here."""
    home, sealed = desk.workspace.snapshots, desk.workspace.sealed
    there = {path.name for folder in (home, sealed) for path in folder.glob("[!.]*")}
    with desk.read() as tx:
        gone = snapshots.removed(tx, there)
    for one in gone:
        try:
            for folder in (sealed, home):
                if (folder / one.digest).exists():
                    shred(folder, one.digest)
            shred_file(desk.workspace.data_sets, f"{one.name}.json")
        except OmpError as error:
            incidents.open_incident(
                desk, "retention.refused", "SEV-2", f"a made market stays: {error.sentence}"
            )

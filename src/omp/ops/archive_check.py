"""The restore check: archived runs are brought back on trial, compared and taken away again."""

from dataclasses import dataclass

from omp.domain.errors import OmpError, ResourceShort
from omp.ops import archive, maintenance
from omp.ops.desk import Desk
from omp.ops.incidents import open_incident
from omp.ops.retention_rules import ago
from omp.store import meta
from omp.store import runs as run_rows

SAMPLE = 3
KEY = "archive.check"


@dataclass(frozen=True)
class Checked:
    """The last restore check.

    Args:
        after: The last run that was tried; the next check goes on behind it.
        faults: What could not have been brought back, one sentence each.
    """

    at: str
    runs: tuple[str, ...]
    after: str
    faults: tuple[str, ...]


def last(desk: Desk) -> Checked | None:
    """The last check; None before the first."""
    with desk.read() as tx:
        found = meta.get_json(tx, KEY)
    return (
        None
        if found is None
        else Checked(**{**found, "runs": tuple(found["runs"]), "faults": tuple(found["faults"])})
    )


def turn(desk: Desk) -> bool:
    """Check once its time has come; says whether it did."""
    every_h = desk.settings.retention.archive_check_h
    before = last(desk)
    if every_h == 0 or desk.db.failed or maintenance.state(desk).on:
        return False
    if before is not None and ago(desk, hours=every_h) < before.at < ago(desk, hours=-every_h):
        return False
    return check(desk) is not None


def check(desk: Desk, *, sample: int = SAMPLE) -> Checked | None:
    """Bring the next archived runs back on trial; None where none is archived, or none can be now.

    Each that could not be brought back opens an incident.
    """
    before = last(desk)
    with desk.read() as tx:
        names = sorted(one.id for one in run_rows.placed(tx, "archived"))
    if not names:
        return None
    start = "" if before is None else before.after
    names = [*(one for one in names if one > start), *(one for one in names if one <= start)]
    tried, faults = [], []
    for run_id in names[:sample]:
        try:
            archive.restore(desk, run_id, dry_run=True)
        except ResourceShort:
            break  # not now: the rest is tried the next time
        except OmpError as error:
            faults.append(error.sentence)
            open_incident(
                desk,
                f"archive.damaged:{run_id}",
                "SEV-1",
                f"An archived run could not be brought back: {error.sentence}",
                details={"symptoms": [error.asked], "runs": [run_id]},
            )
        tried.append(run_id)
    if not tried:
        return None
    now = desk.clock.iso()
    done = Checked(now, tuple(tried), tried[-1], tuple(faults))
    with desk.write() as tx:
        meta.put_json(tx, KEY, vars(done) | {"runs": tried, "faults": faults})
        desk.note(tx, "archive.checked", "archive", {"runs": tried, "faults": len(faults)})
    return done
